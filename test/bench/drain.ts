/**
 * How long GitHub's word takes to stand in Permit with `receive --drain`, and how many requests it costs to work off
 * many webhooks, beside what the demo did that this project grew from: it called Permit twice for each webhook, with
 * what the payload said, and never asked GitHub. The drain asks, so it makes requests to GitHub that the demo did not
 * make; both counts are printed. The latency is of the built program, with a real Redis; everything stays on
 * loopback, and is over within a minute. Run by
 *
 *   node scripts/build.js && npx esbuild test/bench/drain.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/drain-bench.mjs && node node_modules/.cache/drain-bench.mjs bin/gh-permit-sync.js
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addMember,
  type GitHubEmulator,
  githubWorld,
  orgOf,
  removeMember,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import {
  addPermitUser,
  ENVIRONMENT_KEY,
  type PermitEmulator,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { freePort } from '../../src/demo/private-redis.ts';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { settingsFor } from '../support/program.ts';

const SECRET = 'the-secret-of-the-benchmark';
const MEMBERS = 2_000;
/** Each round reads every user of Permit, a hundred at once, within its 1,000 requests a minute. */
const FEW_MEMBERS = 200;
const EVENTS = 10_000;
const CONCERNED = 500;
/** Beyond 50 joiners in 10 minutes, Permit's limit of 100 bulk calls would be all that is measured. */
const DELIVERIES = 45;
/** Beyond it the benchmark ends by itself, whatever it has measured. */
const LONGEST_MS = 58_000;

const [, , bin = 'bin/gh-permit-sync.js'] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'drain-bench-'));
const children = new Set<ChildProcess>();
const over = setTimeout(() => {
  print('over time: the rest is left out');
  cleanUp();
  process.exit(1);
}, LONGEST_MS);
over.unref();

try {
  const redisUrl = await startRedis();
  await compareRequests(redisUrl);
  await measureLatency(redisUrl, '0');
  await measureLatency(redisUrl, '2s');
} finally {
  cleanUp();
}

type Pair = { readonly github: GitHubEmulator; readonly permit: PermitEmulator };

/** An organization of which Permit knows everybody. */
async function openPair(members: number): Promise<Pair> {
  const [github, permit] = [githubWorld(), permitWorld()];
  for (let i = 1; i < members; i++) addMember(github, 'acme', { login: loginOf(i) });
  for (const [id, { role }] of orgOf(github, 'acme').members) {
    const login = github.users.get(id)?.login ?? '';
    const mark = { github_id: id, github_login: login, github_orgs: [orgOf(github, 'acme').id] };
    const attributes = { ...mark, managed_by: 'gh-permit-sync:default', managed_origin: 'created' };
    addPermitUser(permit, { key: login, attributes, grants: [`default/${role}`] });
  }
  return { github: await startGitHubEmulator(github), permit: await startPermitEmulator(permit) };
}

async function close({ github, permit }: Pair): Promise<void> {
  await Promise.all([github.close(), permit.close()]);
}

function loginOf(i: number): string {
  return `person-${String(i).padStart(4, '0')}`;
}

/** Of the concerned, a fifth has left, and a fifth is an owner now; the rest is as it was. */
function change({ github }: Pair): void {
  for (let i = 1; i <= CONCERNED; i++) {
    if (i % 5 === 0) removeMember(github.world, 'acme', loginOf(i));
    if (i % 5 === 1) addMember(github.world, 'acme', { login: loginOf(i), role: 'admin' });
  }
}

async function compareRequests(redisUrl: string): Promise<void> {
  const [ours, demo] = [await openPair(MEMBERS), await openPair(MEMBERS)];
  change(ours);
  change(demo);
  const redis = await openRedis({ url: redisUrl });
  const queue = openQueue(redis, { prefix: 'requests', maxEntries: EVENTS });
  const ids = new Map([...ours.github.world.users.values()].map(({ id, login }) => [login, id]));
  for (let i = 0; i < EVENTS; i++) {
    const login = loginOf(1 + (i % CONCERNED));
    await queue.append({
      ...{ delivery: `bench-${i}`, event: 'organization', action: 'member_added', org: 'acme' },
      ...{ orgId: 1001 as OrgId, login, id: ids.get(login) as GitHubId, team: undefined },
      at: new Date().toISOString(),
    });
  }
  const began = performance.now();
  const child = start(ours, redisUrl, 'requests', ['drain', '--settle', '0', '--quiet']);
  const [code] = (await once(child, 'close')) as [number | null];
  const oursMs = performance.now() - began;
  const left = (await queue.status()).pending;
  redis.close();

  const demoBegan = performance.now();
  await likeTheDemo(demo);
  const demoMs = performance.now() - demoBegan;

  print(`${EVENTS} webhooks about ${CONCERNED} people, in an organization of ${MEMBERS}`);
  print(
    `drain ended with ${code}, ${left} entries left; wrong in Permit: ours ${wrong(ours)} of ${CONCERNED}`,
  );
  line('requests to Permit', ours.permit.requests.length, demo.permit.requests.length);
  line('requests to GitHub', ours.github.requests.length, demo.github.requests.length);
  line('requests in all', requestsOf(ours), requestsOf(demo));
  line('seconds on loopback', oursMs / 1_000, demoMs / 1_000);
  await Promise.all([close(ours), close(demo)]);
}

function requestsOf({ github, permit }: Pair): number {
  return github.requests.length + permit.requests.length;
}

/** People whose grants are not what GitHub says. */
function wrong({ github, permit }: Pair): number {
  let count = 0;
  for (let i = 1; i <= CONCERNED; i++) {
    const id = github.world.users.byLogin(loginOf(i))?.id ?? 0;
    const role = orgOf(github.world, 'acme').members.get(id)?.role;
    const held = permit.world.users.get(loginOf(i))?.grants.map((grant) => grant.role) ?? [];
    if (held.join() !== (role ?? '')) count++;
  }
  return count;
}

/** Two calls for each webhook, twenty at once: make the user, then give or take the role. */
async function likeTheDemo({ github, permit }: Pair): Promise<void> {
  const { project, environment } = permit.world;
  const facts = `${permit.url}/v2/facts/${project.id}/${environment.id}`;
  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    const headers = { authorization: `Bearer ${ENVIRONMENT_KEY}`, 'content-type': 'application/json' };
    const response = await fetch(facts + path, { method, headers, body: JSON.stringify(body) });
    await response.arrayBuffer();
  };
  const events = Array.from({ length: EVENTS }, (_, i) => loginOf(1 + (i % CONCERNED)));
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let login = events.pop(); login !== undefined; login = events.pop()) {
        const id = github.world.users.byLogin(login)?.id ?? 0;
        const role = orgOf(github.world, 'acme').members.get(id)?.role;
        await call('POST', '/users', { key: login });
        const grant = { user: login, role: role ?? 'member', tenant: 'default' };
        await call(role === undefined ? 'DELETE' : 'POST', '/role_assignments', grant);
      }
    }),
  );
}

async function measureLatency(redisUrl: string, settle: string): Promise<void> {
  const pair = await openPair(FEW_MEMBERS);
  const prefix = `latency-${settle}`;
  const args = ['receive', '--drain', '--host', '127.0.0.1', '--port', '0', '--settle', settle];
  const child = start(pair, redisUrl, prefix, args);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!/http:\S+/.test(said)) await sleep(5);
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+[^ "]*/.exec(said) ?? [];
  await arrive(pair, url, 'first');
  const tookMs: number[] = [];
  // With a settling time they arrive while others settle, as they would; without, one after the other.
  const everyMs = settle === '0' ? 0 : 300;
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < DELIVERIES; i++) {
    const one = arrive(pair, url, `newcomer-${i}`).then((ms) => tookMs.push(ms));
    if (everyMs === 0) await one;
    else {
      waiting.push(one);
      await sleep(everyMs);
    }
  }
  await Promise.all(waiting);
  tookMs.sort((a, b) => a - b);
  const at = (share: number): string => (tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN).toFixed(0);
  print(
    `from delivery to Permit, settle ${settle}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${tookMs.length}`,
  );
  child.kill('SIGKILL');
  await close(pair);
}

/** Somebody joins, and GitHub tells. @returns milliseconds until Permit holds the grant. */
async function arrive({ github, permit }: Pair, url: string, login: string): Promise<number> {
  const { id } = addMember(github.world, 'acme', { login });
  const body = JSON.stringify({
    action: 'member_added',
    membership: { state: 'active', role: 'member', user: { login, id } },
    organization: { login: 'acme', id: orgOf(github.world, 'acme').id },
  });
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'organization',
    'x-github-delivery': `bench-${login}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  };
  const began = performance.now();
  const { status } = await fetch(url, { method: 'POST', body, headers });
  if (status !== 202) throw new Error(`${url} answered ${status}`);
  while (permit.world.users.get(login)?.grants.length !== 1) await sleep(2);
  return performance.now() - began;
}

function start(
  { github, permit }: Pair,
  redisUrl: string,
  prefix: string,
  args: readonly string[],
): ChildProcess {
  const limits = { removals: '100%', demotions: '100%', floors: {} };
  const config = join(folder, `${prefix}.json`);
  writeFileSync(config, JSON.stringify({ redis: { prefix }, limits }));
  const child = spawn(process.execPath, [resolve(bin), ...args, '--config', config], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME },
      ...settingsFor({ github, permit }),
      ...{ REDIS_URL: redisUrl, GITHUB_WEBHOOK_SECRET: SECRET },
      PERMIT_USER_KEY: '{login}',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  return child;
}

async function startRedis(): Promise<string> {
  const port = await freePort();
  const flags = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
  children.add(spawn('redis-server', [...flags, '--dir', folder], { stdio: 'ignore' }));
  const url = `redis://127.0.0.1:${port}`;
  const redis = await openRedis({ url });
  for (let tries = 0; tries < 200; tries++) {
    const isThere = await redis.ping().then(
      () => true,
      () => false,
    );
    if (isThere) break;
    await sleep(20);
  }
  redis.close();
  return url;
}

function line(what: string, ours: number, demo: number): void {
  const digits = Number.isInteger(ours) ? 0 : 1;
  const ratio = ours === 0 ? '–' : (demo / ours).toFixed(1);
  print(`${what.padEnd(20)} ours ${ours.toFixed(digits)}  demo ${demo.toFixed(digits)}  demo/ours ${ratio}`);
}

function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
