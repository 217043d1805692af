import type { Warning } from '../model/problem.ts';
import type { SharedState } from '../model/webhooks/queue.ts';
import { bind } from './binding.ts';
import { openBudget, openListingBudget } from './budget.ts';
import { type LockOptions, openLock } from './lock.ts';
import { openQueue, type Queue, type QueueOptions } from './queue.ts';
import { openRedis, type RedisConnection } from './redis.ts';
import { openAuditCursor, openRunRecord, openTeamMemory } from './run-memory.ts';

/** The shared state in Redis, and the queue that belongs to it. */
export type RedisState = SharedState & {
  /** Each call opens a separate consumer. */
  readonly openQueue: (options?: Omit<QueueOptions, 'prefix'>) => Queue;
  /** What was found in Redis since the last call that no run wrote. */
  readonly takeTampering: () => readonly Warning[];
  /** Why the run lost the lock, in words; undefined unless it did. */
  readonly lostLock: () => string | undefined;
  readonly close: () => void;
};

type SharedStateAddress = {
  readonly url: string;
  readonly prefix: string;
  readonly owner: string;
  /** The command that holds the lock, shown to runs that wait for it. */
  readonly command: string;
  /** Called when a run waits for the lock, see `RequestObserver`. */
  readonly onWait?: LockOptions['onWait'];
};

/** Connects on first use. */
export async function openSharedState(address: SharedStateAddress): Promise<RedisState> {
  return sharedStateOn(await openRedis({ url: address.url }), address);
}

/** @param redis a connection that others use too; `close` closes it. */
export function sharedStateOn(
  redis: RedisConnection,
  { prefix, owner, command, onWait }: Omit<SharedStateAddress, 'url'>,
): RedisState {
  const found = new Map<string, Warning>();
  const onTampering = (one: Warning): void => void found.set(one.message, one);
  const lock = openLock(redis, prefix, { command, onTampering, onWait });
  return {
    lock,
    lostLock: lock.lost,
    budget: openBudget(redis, prefix, { onTampering }),
    listingBudget: openListingBudget(redis, prefix),
    record: openRunRecord(redis, prefix),
    teams: openTeamMemory(redis, prefix),
    auditCursor: openAuditCursor(redis, prefix),
    openQueue: (options) => openQueue(redis, { ...options, prefix }),
    bind: (environment, mode) => bind(redis, prefix, { owner, environment }, mode),
    takeTampering: () => {
      const taken = [...found.values()];
      found.clear();
      return taken;
    },
    close: redis.close,
  };
}
