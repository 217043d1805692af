import { chunks } from '../model/text/record.ts';
import { type EntryId, isEntryId } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import type { RedisConnection } from './redis.ts';

/** Most ids or entries in one script: Redis serves no other client while it runs. */
export const MAX_ITEMS_PER_SCRIPT = 500;

/** The keys of the queue, and the scripts that know them. */
export type Store = {
  readonly run: (lua: string, ...args: readonly (string | number)[]) => Promise<unknown>;
  /** The same for many ids, in batches. @returns the sum of the answers. */
  readonly runAll: (
    lua: string,
    ids: readonly EntryId[],
    ...before: readonly (string | number)[]
  ) => Promise<number>;
};

export function openStore(redis: RedisConnection, prefix: string): Store {
  const { stream, attempts, due, dead, lookups } = keysOf(prefix);
  const run: Store['run'] = (lua, ...args) => redis.run(lua, [stream, attempts, due, dead, lookups], args);
  return {
    run,
    runAll: async (lua, ids, ...before) => {
      let sum = 0;
      for (const some of chunks([...new Set(ids)].filter(isEntryId), MAX_ITEMS_PER_SCRIPT)) {
        sum += numberOf(await run(lua, ...before, ...some));
      }
      return sum;
    },
  };
}

// Our scripts make the answers, but others may have written the entries in them, so nothing is taken for granted.
export const listOf = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? answer : []);
export const textOf = (answer: unknown): string => (typeof answer === 'string' ? answer : '');

export function numberOf(answer: unknown): number {
  const number = typeof answer === 'string' ? Number(answer) : answer;
  return typeof number === 'number' && Number.isFinite(number) ? number : 0;
}

/** @returns undefined unless the text is a positive safe integer. */
export function wholeNumberIn(text: string): number | undefined {
  const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
