/**
 * How many requests an ordinary member can make `receive --drain` send to GitHub by causing webhooks. The built program
 * runs against the emulated GitHub and Permit and a real Redis; the organization has 250 people. Every two seconds a
 * webhook arrives. Run it for more than five minutes, since webhooks cause at most one listing in that time:
 *
 *   npx esbuild test/bench/amplification.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/amplification.mjs
 *   node node_modules/.cache/amplification.mjs bin/gh-permit-sync.js [SECONDS]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve as absolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addMember,
  addTeam,
  type GitHubEmulator,
  githubWorld,
  removeMember,
  startGitHubEmulator,
  userOf,
} from '../../src/demo/github/github.ts';
import { addRole, permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import { freePort } from '../../src/demo/private-redis.ts';
import { settingsFor } from '../support/program.ts';

const [, , bin = '', seconds = '330'] = process.argv;
const SECRET = 'the-secret-of-the-benchmark';
const ORGANIZATION = { login: 'acme', id: 100 };
const EVERY_MS = 2_000;
const PEOPLE = 250;
const TEAM_RULE = '  - { subject: "github:acme:team:platform:*", roles: [deployer] }';
const GUEST_RULE = '  - { subject: "github:acme:collaborator", roles: [member] }';

type Delivery = { readonly event: string; readonly payload: object };

type Scenario = {
  readonly name: string;
  readonly rule: string;
  /** @param n counts the deliveries from 0. */
  readonly next: (n: number, github: GitHubEmulator, platform: number) => Delivery;
};

const team = (action: string, id: number, slug: string): Delivery => ({
  event: 'team',
  payload: { action, organization: ORGANIZATION, team: { id, slug, name: slug } },
});

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'teams that no rule names are created and deleted',
    rule: TEAM_RULE,
    next: (n) => team(n % 2 === 0 ? 'created' : 'deleted', 9_000 + (n >> 1), `chess-${n >> 1}`),
  },
  {
    name: 'a team that a rule names is edited',
    rule: TEAM_RULE,
    next: (_, __, platform) => team('edited', platform, 'platform'),
  },
  {
    name: 'people leave about whom nothing can be proven',
    rule: GUEST_RULE,
    next: (n, { world }) => {
      const login = `person-${2 + n}`;
      const { id } = userOf(world, login);
      removeMember(world, 'acme', login);
      const user = { login, id };
      return {
        event: 'organization',
        payload: { action: 'member_removed', organization: ORGANIZATION, membership: { user } },
      };
    },
  },
];

async function measure({ name, rule, next }: Scenario): Promise<void> {
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'amplification-'));
  const github = await startGitHubEmulator(githubWorld());
  const permit = await startPermitEmulator(permitWorld());
  try {
    for (let i = 1; i < PEOPLE; i++) addMember(github.world, 'acme', { login: `person-${i}` });
    addRole(permit.world, 'deployer');
    const { id: platform } = addTeam(github.world, 'acme', { slug: 'platform' });
    const port = await freePort();
    const flags = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    children.push(spawn('redis-server', [...flags, '--dir', folder], { stdio: 'ignore' }));
    const rules = `grants:\n  - { subject: "github:acme:role:*", roles: [member] }\n${rule}\n`;
    writeFileSync(join(folder, 'gh-permit-sync.yaml'), `limits: { removals: [100%] }\n${rules}`);
    const env = {
      PATH: process.env.PATH,
      ...settingsFor({ github, permit }),
      GITHUB_WEBHOOK_SECRET: SECRET,
      REDIS_URL: `redis://127.0.0.1:${port}`,
    };
    const start = (args: readonly string[]): ChildProcess => {
      const child = spawn(process.execPath, [absolute(bin), ...args], {
        cwd: folder,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      return child;
    };
    const synced = start(['reconcile', '--quiet']);
    synced.stderr?.pipe(process.stderr);
    await once(synced, 'close');
    const url = await listening(
      start(['receive', '--drain', '--settle', '0', '--host', '127.0.0.1', '--port', '0']),
    );
    await sleep(1_500);
    github.requests.length = 0;
    const deliveries = Math.floor((Number(seconds) * 1000) / EVERY_MS);
    for (let n = 0; n < deliveries; n++) {
      await deliver(url, next(n, github, platform));
      await sleep(EVERY_MS);
    }
    const listings = github.requests.filter(
      ({ path, query }) => /^\/orgs\/acme\/members$/.test(path) && query.role === 'member',
    );
    const perHour = Math.round((github.requests.length * 3_600) / Number(seconds));
    const full = listings.filter(({ query }) => (query.page ?? '1') === '1').length;
    process.stdout.write(
      `${name}: ${deliveries} deliveries, ${github.requests.length} requests to GitHub, of them ` +
        `${full} full listings, in ${seconds} s: about ${perHour} requests an hour\n`,
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([github.close(), permit.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listening(child: ChildProcess): Promise<URL> {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  for (let i = 0; i < 3_000; i++) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+[^ "\n]*/.exec(text) ?? [];
    if (url !== undefined) return new URL(url);
    await sleep(10);
  }
  throw new Error(text);
}

async function deliver(url: URL, { event, payload }: Delivery): Promise<void> {
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': signature,
    },
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
}

for (const scenario of SCENARIOS) await measure(scenario);
