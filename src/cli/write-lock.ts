import type { Lease, Lock } from '../model/queue.ts';

/** The turn of this process, which every write has to prove. */
export type WriteLock = {
  /** The lock, whose lease is the turn from then on. */
  readonly lock: Lock;
  /** @throws SyncError `LOCKED` when the turn can't be proven. */
  readonly prove: () => Promise<void>;
};

export function trackLock(lock: Lock): WriteLock {
  let held: Lease | undefined;
  return {
    lock: {
      acquire: async (waitMs, signal) => {
        const lease = await lock.acquire(waitMs, signal);
        held = lease;
        return {
          prove: lease.prove,
          release: async () => {
            held = undefined;
            await lease.release();
          },
        };
      },
    },
    prove: async () => {
      if (held === undefined) throw new Error('a write without a turn');
      await held.prove();
    },
  };
}
