import type { Lease, Lock } from '../model/queue.ts';

/** The lock of this process. Each write asserts, right before it is sent, that the lock is still held. */
export type WriteLock = {
  readonly acquire: Lock['acquire'];
  /** @throws SyncError `LOCKED` when this process cannot prove that it still holds the lock. */
  readonly assertHeld: () => Promise<void>;
};

/** Remembers the lease that `acquire` returned, so that writers need not be handed one. */
export function trackLock(lock: Lock): WriteLock {
  let held: Lease | undefined;
  return {
    acquire: async (waitMs, signal) => {
      const lease = await lock.acquire(waitMs, signal);
      held = lease;
      return {
        assertHeld: lease.assertHeld,
        release: async () => {
          held = undefined;
          await lease.release();
        },
      };
    },
    assertHeld: async () => {
      if (held === undefined) throw new Error('a write without the lock');
      await held.assertHeld();
    },
  };
}
