/**
 * What it costs to process many webhooks, and how long GitHub's answer takes to reach Permit after a single one. The
 * built program runs with a real Redis and the emulators, which are in this process; only the program's CPU counts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
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
  type PermitEmulator,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import { startPrivateRedis } from '../../src/demo/private-redis.ts';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import type { QueueEntry } from '../../src/model/webhooks/queue.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { settingsFor } from '../support/program.ts';
import type { Section } from './bench.ts';
import { BIN } from './child.ts';

const SECRET = 'the-secret-of-the-benchmark';
const MEMBERS = 2_000;
const EVENTS = 10_000;
const CONCERNED = 500;
const ROUNDS = 3;
/** For the single deliveries: the users of Permit fit on a few pages. */
const FEW_MEMBERS = 200;
const DELIVERIES = 11;
const LATENCY_MS = 300;

export async function measure(): Promise<Section> {
  const redis = await startPrivateRedis(process.env.PATH, 0);
  if (!redis) throw new Error('no Redis is installed');
  const folder = mkdtempSync(join(tmpdir(), 'drain-bench-'));
  try {
    const batches: Batch[] = [];
    for (let i = 0; i < ROUNDS; i++) batches.push(await processMany({ redisUrl: redis.url, folder }));
    const batch = batches.sort((a, b) => a.cpuMs - b.cpuMs)[ROUNDS >> 1];
    if (!batch) throw new Error('nothing was measured');
    const rows: string[] = [];
    for (const command of COMMANDS) {
      for (const kind of ['joins', 'leaves'] as const) {
        rows.push(
          `| ${command.join(' ')} | ${kind} | ${await roundTrips(command, kind, { redisUrl: redis.url, folder })} |`,
        );
      }
    }
    const body = [
      `${EVENTS.toLocaleString('en')} webhooks about ${CONCERNED} people, in an organization of ` +
        `${MEMBERS.toLocaleString('en')}: ${batch.requests} requests, ${(batch.cpuMs / 1000).toFixed(2)} s of CPU ` +
        `(user and system, start-up included; the middle of ${ROUNDS} runs).`,
      'Round trips from a single delivery to Permit: how much longer it takes when each answer takes ' +
        `${LATENCY_MS} ms longer, divided by that; p50 of ${DELIVERIES}.`,
      ['| command | someone | round trips |', '| --- | --- | --- |', ...rows].join('\n'),
    ];
    return { title: 'Processing webhooks', body: body.join('\n\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await redis.close();
  }
}

type Place = { readonly redisUrl: string; readonly folder: string };
type Pair = { readonly github: GitHubEmulator; readonly permit: PermitEmulator };

/** An organization whose members are all in Permit. */
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

const loginOf = (i: number): string => `person-${String(i).padStart(4, '0')}`;
const idOf = ({ github }: Pair, login: string): GitHubId =>
  (github.world.users.byLogin(login)?.id ?? 0) as GitHubId;

const entryAbout = (login: string, id: GitHubId, action: string): QueueEntry => ({
  ...{ delivery: randomUUID(), event: 'organization', action, org: 'acme', orgId: 1001 as OrgId, login, id },
  ...{ team: undefined, repository: undefined, at: new Date().toISOString() },
});

type Batch = { readonly requests: number; readonly cpuMs: number };

/** Of the people concerned, a fifth has left, and a fifth is an owner now; the rest is as it was. */
async function processMany(place: Place): Promise<Batch> {
  const pair = await openPair(MEMBERS);
  const { github, permit } = pair;
  const redis = await openRedis({ url: place.redisUrl });
  const prefix = randomUUID();
  const queue = openQueue(redis, { prefix, maxEntries: EVENTS });
  try {
    const ids = Array.from({ length: CONCERNED }, (_, i) => idOf(pair, loginOf(i + 1)));
    for (let i = 1; i <= CONCERNED; i++) {
      if (i % 5 === 0) removeMember(github.world, 'acme', loginOf(i));
      if (i % 5 === 1) addMember(github.world, 'acme', { login: loginOf(i), role: 'admin' });
    }
    await Promise.all(
      Array.from({ length: EVENTS }, (_, i) => {
        const nth = i % CONCERNED;
        const action = nth % 5 === 4 ? 'member_removed' : 'member_added';
        return queue.append(entryAbout(loginOf(nth + 1), ids[nth] as GitHubId, action));
      }),
    );
    const child = start(pair, { ...place, prefix, args: ['drain', '--settle', '0', '--quiet'] });
    const cpu = once(child.stdio[3] as NodeJS.ReadableStream, 'data');
    const [code] = (await once(child, 'exit')) as [number | null];
    const { userCPUTime, systemCPUTime } = JSON.parse(String((await cpu)[0]));
    const left = (await queue.status()).pending;
    const isRight = (i: number): boolean => {
      const role = orgOf(github.world, 'acme').members.get(ids[i - 1] as GitHubId)?.role ?? '';
      const held = permit.world.users.get(loginOf(i))?.grants.map((grant) => grant.role) ?? [];
      return held.join() === role;
    };
    const wrong = Array.from({ length: CONCERNED }, (_, i) => i + 1).filter((i) => !isRight(i)).length;
    if (code !== 0 || left > 0 || wrong > 0) {
      throw new Error(`drain ended with ${code}, ${left} entries left, ${wrong} people are wrong in Permit`);
    }
    return {
      requests: github.requests.length + permit.requests.length,
      cpuMs: (userCPUTime + systemCPUTime) / 1000,
    };
  } finally {
    redis.close();
    await Promise.all([github.close(), permit.close()]);
  }
}

const COMMANDS = [
  ['receive', '--drain'],
  ['drain', '--watch'],
] as const;

type Kind = 'joins' | 'leaves';

async function roundTrips(command: readonly string[], kind: Kind, place: Place): Promise<string> {
  const pair = await openPair(FEW_MEMBERS);
  const redis = await openRedis({ url: place.redisUrl });
  const prefix = randomUUID();
  const queue = openQueue(redis, { prefix });
  const receives = command[0] === 'receive';
  const listen = receives ? ['--host', '127.0.0.1', '--port', '0'] : [];
  const child = start(pair, { ...place, prefix, args: [...command, ...listen, '--settle', '0'] });
  try {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    while (!/receiving at|watching/.test(said)) await sleep(5);
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+[^ "\s]*/.exec(said) ?? [];
    const tell = (entry: QueueEntry): Promise<unknown> =>
      receives ? deliver(url, entry) : queue.append(entry);
    let next = 0;
    const settleOne = async (): Promise<number> => {
      next += 1;
      const login = kind === 'joins' ? `newcomer-${next}` : loginOf(next);
      if (kind === 'joins') addMember(pair.github.world, 'acme', { login });
      const entry = entryAbout(
        login,
        idOf(pair, login),
        kind === 'joins' ? 'member_added' : 'member_removed',
      );
      if (kind === 'leaves') removeMember(pair.github.world, 'acme', login);
      const began = performance.now();
      await tell(entry);
      const isDone = (): boolean => {
        const user = pair.permit.world.users.get(login);
        return kind === 'joins' ? user?.grants.length === 1 : user === undefined;
      };
      while (!isDone()) await sleep(2);
      const ms = performance.now() - began;
      // The round that this one began has to end, so that the next one is not about its rest.
      while ((await queue.status()).pending > 0) await sleep(5);
      return ms;
    };
    const middle = async (latencyMs: number): Promise<number> => {
      pair.github.latencyMs = latencyMs;
      pair.permit.latencyMs = latencyMs;
      const tookMs: number[] = [];
      for (let i = 0; i < DELIVERIES; i++) tookMs.push(await settleOne());
      return tookMs.sort((a, b) => a - b)[DELIVERIES >> 1] ?? Number.NaN;
    };
    await settleOne();
    const near = await middle(0);
    return (((await middle(LATENCY_MS)) - near) / LATENCY_MS).toFixed(1);
  } finally {
    child.kill('SIGKILL');
    redis.close();
    await Promise.all([pair.github.close(), pair.permit.close()]);
  }
}

async function deliver(url: string, { action, login, id }: QueueEntry): Promise<void> {
  const membership = { state: 'active', role: 'member', user: { login, id } };
  const body = JSON.stringify({ action, membership, organization: { login: 'acme', id: 1001 } });
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'organization',
    'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  };
  const { status } = await fetch(url, { method: 'POST', body, headers });
  if (status !== 202) throw new Error(`${url} answered ${status}`);
}

function start(
  { github, permit }: Pair,
  { redisUrl, folder, prefix, args }: Place & { readonly prefix: string; readonly args: readonly string[] },
): ChildProcess {
  const limits = { removals: '100%', demotions: '100%', floors: {} };
  const pace = { requestsPerMinute: 1_000_000, writesPerMinute: 1_000_000, bulkPer10Minutes: 1_000_000 };
  const config = join(folder, `${prefix}.json`);
  writeFileSync(config, JSON.stringify({ redis: { prefix }, limits, permit: { pace } }));
  return spawn(
    process.execPath,
    ['--require', resolve('test/bench/usage.cjs'), resolve(BIN), ...args, '--config', config],
    {
      cwd: folder,
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME },
        ...settingsFor({ github, permit }),
        ...{ REDIS_URL: redisUrl, GITHUB_WEBHOOK_SECRET: SECRET },
        PERMIT_USER_KEY: '{login}',
      },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
}
