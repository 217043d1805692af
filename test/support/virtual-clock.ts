import type { PaceTiming } from '../../src/http/pace.ts';

export type VirtualClock = Pick<PaceTiming, 'now' | 'sleep'>;

/**
 * A clock that stands still while anything is at work, and jumps to the end of the next sleep when nothing is: the
 * published limits can be tested in no time.
 * @param idle false while requests are under way, which must not grow old by a jump.
 */
export function virtualClock(idle: () => boolean = () => true): VirtualClock {
  type Sleeper = { readonly at: number; readonly wake: () => void };
  const sleepers = new Set<Sleeper>();
  let now = 0;
  let driving = false;
  const drive = async (): Promise<void> => {
    if (driving) return;
    driving = true;
    while (sleepers.size > 0) {
      do await new Promise((resolve) => setImmediate(resolve));
      while (!idle());
      const [next] = [...sleepers].sort((a, b) => a.at - b.at);
      if (!next) break;
      sleepers.delete(next);
      now = Math.max(now, next.at);
      next.wake();
    }
    driving = false;
  };
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          signal.removeEventListener('abort', abort);
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        const abort = (): void => {
          sleepers.delete(sleeper);
          reject(new Error('the timer was aborted'));
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', abort, { once: true });
        void drive();
      }),
  };
}
