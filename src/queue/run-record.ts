import type { LastRun, RunRecord } from '../model/queue.ts';
import { keysOf } from './keys.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { textOf } from './store.ts';

/** Longer ones are not ours. */
const LONGEST = 1_000_000;
const READ = `return redis.call('GETRANGE', KEYS[1], 0, ${LONGEST})`;
const CLEAR = "redis.call('DEL', KEYS[1])";
const WRITE = `${EVEN_WHEN_FULL}redis.call('SET', KEYS[1], ARGV[1])`;

/** What the last full run saw. What can't be read counts as never written: then a drain lists. */
export function openRunRecord(redis: RedisConnection, prefix: string): RunRecord {
  const { lastRun } = keysOf(prefix);
  return {
    read: async () => parseLastRun(textOf(await redis.run(READ, [lastRun]))),
    write: async ({ at, members, managed, plain }) => {
      await redis.run(WRITE, [lastRun], [JSON.stringify({ at, members, managed, plain })]);
    },
    clear: async () => void (await redis.run(CLEAR, [lastRun])),
  };
}

/** @returns undefined unless all of it is sound. `members` has no prototype: an organization may have any name. */
export function parseLastRun(text: string): LastRun | undefined {
  const value = parsed(text);
  if (!isRecord(value) || typeof value.at !== 'string' || Number.isNaN(Date.parse(value.at)))
    return undefined;
  if (!isRecord(value.members) || !isCount(value.managed) || typeof value.plain !== 'boolean')
    return undefined;
  const members: Record<string, number> = Object.create(null);
  for (const [org, count] of Object.entries(value.members)) {
    if (!isCount(count)) return undefined;
    members[org] = count;
  }
  return { at: value.at, members, managed: value.managed, plain: value.plain };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
