import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { orgOf, userOf } from '../../src/demo/github/github.ts';
import { parseGitHubId, parseOrgId } from '../../src/model/identity.ts';
import type { QueueEntry } from '../../src/model/webhooks/queue.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import { MIRROR_CONFIG } from './mirror.ts';
import { emptyFolder, type Ran } from './program.ts';
import type { TestRedis } from './redis.ts';
import { populateRepositories } from './repositories.ts';
import { openStage, populate, type Stage } from './stage.ts';

export type DrainStage = Stage & {
  readonly queue: Queue;
  readonly prefix: string;
  /** Where the config file is. */
  readonly cwd: string;
  /** A webhook about someone, as a receiver would have queued it. */
  readonly hear: (login: string, id: number, entry?: Partial<QueueEntry>) => Promise<void>;
  /** Time passes for the entries that contradict GitHub: they are due to be looked up again. */
  readonly letThemBeDue: () => Promise<void>;
  /** Runs a command with Redis, and parses its report. */
  readonly report: (...args: readonly string[]) => Promise<Ran & { readonly json: Report }>;
};

export type Report = {
  readonly status: string;
  readonly command: string;
  readonly changes: readonly { readonly outcome: string }[];
  readonly summary: { readonly changes: Record<string, number> };
  readonly queue: { readonly settled: number; readonly failed: number; readonly waiting: number };
  readonly guard: { readonly violations: readonly unknown[] };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly requests: { readonly github: number; readonly permit: number };
  readonly error?: { readonly code: string };
};

/** `acme` with its own queue, and a config file. */
export async function openDrainStage(redis: TestRedis, config = ''): Promise<DrainStage> {
  const stage = await openStage();
  const prefix = redis.prefix();
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), `redis: { prefix: "${prefix}" }\n${config}`);
  const env = { REDIS_URL: redis.url };
  const run: Stage['run'] = (args, options = {}) =>
    stage.run(args, { cwd, ...options, env: { ...env, ...options.env } });
  const queue = openQueue(redis.connection, { prefix });
  return {
    ...stage,
    run,
    queue,
    prefix,
    cwd,
    hear: async (login, id, entry) => {
      const org = entry?.org ?? 'acme';
      await queue.append({
        ...{ delivery: randomUUID(), event: 'organization', action: 'member_removed', org, login },
        orgId: parseOrgId(orgOf(stage.github.world, 'acme').id),
        id: parseGitHubId(id),
        team: undefined,
        repository: undefined,
        at: new Date().toISOString(),
        ...entry,
      });
    },
    letThemBeDue: async () => {
      const { lookups, due } = keysOf(prefix);
      for (const [id, record] of Object.entries(await redis.raw.hgetall(lookups))) {
        await redis.raw.hset(lookups, id, `${record.split(' ')[0]} 1`);
        await redis.raw.zadd(due, 'XX', 1, id);
      }
    },
    report: async (...args) => {
      const ran = await run([...args, '-o', 'json']);
      return { ...ran, json: JSON.parse(ran.stdout) };
    },
  };
}

/** `acme` with `members` people, synced once with Redis, so that a drain knows how large it is. */
export async function syncedStage(redis: TestRedis, members = 12, config = ''): Promise<DrainStage> {
  const stage = await openDrainStage(redis, config);
  populate(stage, members, 2);
  const { code, stderr } = await stage.run(['reconcile']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  stage.permit.requests.length = 0;
  stage.github.requests.length = 0;
  return stage;
}

/** `acme` with its repositories mirrored, synced once. */
export async function mirroredDrainStage(redis: TestRedis): Promise<DrainStage> {
  const stage = await openDrainStage(redis, MIRROR_CONFIG);
  populateRepositories(stage.github.world);
  for (const command of ['policy', 'reconcile'])
    expect(await stage.run([command])).toMatchObject({ code: 0 });
  return stage;
}

export const idOf = (stage: Stage, login: string): number => userOf(stage.github.world, login).id;
export const drain = (stage: DrainStage, ...args: readonly string[]) =>
  stage.report('drain', '--settle', '0', ...args);
