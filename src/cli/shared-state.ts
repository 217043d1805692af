import type { Budget, ListingBudget, RunRecord, Tampering, TeamMemory } from '../model/queue.ts';
import { bind } from '../queue/binding.ts';
import { openBudget } from '../queue/budget.ts';
import { openListingBudget } from '../queue/listings.ts';
import { openLock } from '../queue/lock.ts';
import { openQueue, type Queue, type QueueOptions } from '../queue/queue.ts';
import { openRedis, type RedisConnection } from '../queue/redis.ts';
import { openRunRecord } from '../queue/run-record.ts';
import { openTeamMemory } from '../queue/team-memory.ts';
import { trackLock, type WriteLock } from './write-lock.ts';

/** What the runs of one owner and one Permit environment share in Redis. */
export type SharedState = {
  readonly turn: WriteLock;
  readonly budget: Budget;
  readonly listingBudget: ListingBudget;
  readonly record: RunRecord;
  readonly teams: TeamMemory;
  /** Each call is a drain of its own. */
  readonly openQueue: (options?: Omit<QueueOptions, 'prefix'>) => Queue;
  /**
   * Proves that all of it belongs to this environment and owner; `record` says so where nobody has yet.
   * @throws SyncError `CONFIG_INVALID`
   */
  readonly bind: (environment: string | undefined, mode: 'record' | 'check') => Promise<void>;
  /** What was found in Redis that no run of ours wrote, since this was last asked; each finding once. */
  readonly takeTampering: () => readonly Tampering[];
  readonly close: () => void;
};

export type SharedStateAddress = {
  readonly url: string;
  readonly prefix: string;
  readonly owner: string;
  /** Who asks for the lock, for those who have to wait. */
  readonly command: string;
};

/** Connects when it is first used. */
export async function openSharedState(place: SharedStateAddress): Promise<SharedState> {
  return shareBy(await openRedis({ url: place.url }), place);
}

/** @param redis a connection that others use too. */
export function shareBy(
  redis: RedisConnection,
  { prefix, owner, command }: Omit<SharedStateAddress, 'url'>,
): SharedState {
  const found = new Map<string, Tampering>();
  const onTampering = (one: Tampering): void => void found.set(one.message, one);
  return {
    turn: trackLock(openLock(redis, prefix, { command, onTampering })),
    budget: openBudget(redis, prefix, { onTampering }),
    listingBudget: openListingBudget(redis, prefix),
    record: openRunRecord(redis, prefix),
    teams: openTeamMemory(redis, prefix),
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
