/** Waits that end early: on news, or when the program ends. */
export type Waker = {
  /** Never rejects. */
  readonly pause: (ms: number) => Promise<void>;
  /** Ends the pause under way, or the next one where none is. */
  readonly wake: () => void;
};

export function openWaker(signal: AbortSignal): Waker {
  let missed = false;
  const miss = (): void => {
    missed = true;
  };
  let end: () => void = miss;
  return {
    wake: () => end(),
    pause: (ms) =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          end = miss;
          missed = false;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        end = finish;
        if (signal.aborted || missed) finish();
        else signal.addEventListener('abort', finish, { once: true });
      }),
  };
}
