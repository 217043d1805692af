import { randomUUID } from 'node:crypto';
import {
  LOOK_AGAIN_MS,
  type QueueAdmin,
  type QueueConsumer,
  type QueueProducer,
} from '../model/webhooks/queue.ts';
import { type ConsumerOptions, openConsumer } from './consumer.ts';
import { ageSeconds } from './entry.ts';
import { DISCARD, DISCARD_DEAD, RETRY_DEAD, STATUS } from './lua-admin.ts';
import { CONSUMER, HELD_TOO_LONG_MS, MAX_BACKOFF_MS } from './lua-common.ts';
import { LEAVE } from './lua-drain.ts';
import { openProducer } from './producer.ts';
import { readDead, readPages } from './read-entries.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, openStore, type Store, textOf } from './store.ts';

export type QueueOptions = Partial<Omit<ConsumerOptions, 'consumer'>> & {
  /** `redis.prefix`. */
  readonly prefix: string;
  /** Most entries in the stream. */
  readonly maxEntries?: number;
};

/** All sides of the queue. `leave` removes this drain's name when it ends, and never throws. */
export type Queue = QueueProducer & QueueConsumer & QueueAdmin & { readonly leave: () => Promise<void> };

const MAX_ENTRIES = 100_000;
const DEFAULTS = {
  claimAfterMs: 60_000,
  heldAfterMs: HELD_TOO_LONG_MS,
  backoff: { firstMs: 5_000, longestMs: MAX_BACKOFF_MS },
  lookAgainMs: LOOK_AGAIN_MS,
  putOffMs: LOOK_AGAIN_MS,
  onRepair: (): void => undefined,
};

/** Each call opens a separate drain. No two of them get the same entry. */
export function openQueue(redis: RedisConnection, options: QueueOptions): Queue {
  const { prefix, maxEntries = MAX_ENTRIES, ...given } = options;
  const store = openStore(redis, prefix);
  const consumer = `${CONSUMER}${randomUUID()}`;
  const settings = { ...DEFAULTS, ...given, consumer };
  return {
    ...openProducer(store, redis, maxEntries),
    ...openConsumer(store, settings),
    ...openAdmin(store, settings.onRepair),
    leave: async () => void (await store.run(LEAVE, consumer).catch(() => undefined)),
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
    store.runAll(RETRY_DEAD, ids === 'all' ? (await readDead(store, '+')).map(({ id }) => id) : ids),
  discard: async (ids) =>
    ids === 'all dead' ? numberOf(await store.run(DISCARD_DEAD)) : store.runAll(DISCARD, ids),
});
