import { randomUUID } from 'node:crypto';
import { SyncError } from '../model/errors.ts';
import { LOOK_AGAIN_MS, type QueueAdmin, type QueueConsumer, type QueueProducer } from '../model/queue.ts';
import { openConsumer } from './consumer.ts';
import { ageSeconds, fieldsOf } from './entry.ts';
import { DISCARD, DISCARD_DEAD, RETRY, STATUS } from './lua-admin.ts';
import { CONSUMER, LONGEST_BACKOFF_MS } from './lua-common.ts';
import { APPEND, LEAVE } from './lua-drain.ts';
import { CHECK_MEMORY, type Memory, memoryOf } from './memory.ts';
import { readDead, readPages } from './pages.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, openStore, type Store, textOf } from './store.ts';

export type QueueOptions = {
  /** `redis.prefix`. */
  readonly prefix: string;
  /** Most entries in the stream. */
  readonly maxEntries?: number | undefined;
  /** After so long without a word a drain is dead. */
  readonly claimAfterMs?: number | undefined;
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number } | undefined;
  /** As many waits as `LOOK_AGAIN_MS` has. */
  readonly lookAgainMs?: readonly number[] | undefined;
  /** Waits of an entry that is put off once, twice and so on; `LOOK_AGAIN_MS` by default. */
  readonly putOffMs?: readonly number[] | undefined;
  /** Told when ids or the group's cursor had to be repaired, which somebody else had changed. */
  readonly onRepair?: (() => void) | undefined;
};

/** All sides of the queue. `leave` is called when a drain ends, so that its name does not stay; it never throws. */
export type Queue = QueueProducer & QueueConsumer & QueueAdmin & { readonly leave: () => Promise<void> };

export const MAX_ENTRIES = 100_000;
const CLAIM_AFTER_MS = 60_000;
const BACKOFF = { firstMs: 5_000, longestMs: LONGEST_BACKOFF_MS };

/** Each call makes a drain of its own: what one has taken, another does not get. */
export function openQueue(redis: RedisConnection, options: QueueOptions): Queue {
  const store = openStore(redis, options.prefix);
  const onRepair = options.onRepair ?? (() => undefined);
  const consumer = `${CONSUMER}${randomUUID()}`;
  return {
    ...openProducer(store, redis, options.maxEntries ?? MAX_ENTRIES),
    ...openConsumer(store, {
      consumer,
      claimAfterMs: options.claimAfterMs ?? CLAIM_AFTER_MS,
      backoff: options.backoff ?? BACKOFF,
      lookAgainMs: options.lookAgainMs ?? LOOK_AGAIN_MS,
      putOffMs: options.putOffMs ?? LOOK_AGAIN_MS,
      onRepair,
    }),
    ...openAdmin(store, onRepair),
    leave: async () => void (await store.run(LEAVE, consumer).catch(() => undefined)),
  };
}

/** How often Redis is asked how full it is. */
const MEMORY_EVERY_MS = 1_000;

function openProducer(store: Store, redis: RedisConnection, maxEntries: number): QueueProducer {
  let asked = Number.NEGATIVE_INFINITY;
  let memory: Memory | undefined;
  /** What is queued to the last byte would leave no room for those who drain it. */
  const requireRoom = async (): Promise<void> => {
    if (performance.now() - asked >= MEMORY_EVERY_MS) {
      asked = performance.now();
      memory = memoryOf(await store.run(CHECK_MEMORY));
    }
    if (!memory?.isNearlyFull) return;
    throw new SyncError(
      'QUEUE_UNAVAILABLE',
      `Redis at ${redis.shown} is nearly full (${memory.usedBytes} of ${memory.maxBytes} bytes of maxmemory)`,
      'raise its maxmemory, or drain the queue',
    );
  };
  return {
    append: async (entry) => {
      await requireRoom();
      return textOf(await store.run(APPEND, maxEntries, ...fieldsOf(entry))) === '' ? 'full' : 'queued';
    },
    ping: redis.ping,
  };
}

const openAdmin = (store: Store, onRepair: () => void): QueueAdmin => ({
  status: async () => {
    const [pending, dead, oldest, now, isRepaired] = listOf(await store.run(STATUS));
    if (isRepaired === 1) onRepair();
    return {
      pending: numberOf(pending),
      dead: numberOf(dead),
      oldestSeconds: textOf(oldest) === '' ? null : ageSeconds(textOf(oldest), numberOf(now)),
    };
  },
  list: async () => [...(await readPages(store, '+')), ...(await readDead(store, '+'))],
  retry: async (ids) =>
    store.runAll(RETRY, ids === 'all' ? (await readDead(store, '+')).map(({ id }) => id) : ids),
  discard: async (ids) =>
    ids === 'all dead' ? numberOf(await store.run(DISCARD_DEAD)) : store.runAll(DISCARD, ids),
});
