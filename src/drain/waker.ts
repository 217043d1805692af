/** Pauses that `wake` or the end of the program cut short. */
export type Waker = {
  /** Never rejects. */
  readonly pause: (ms: number) => Promise<void>;
  /** Ends the current pause, or the next one if there is none. */
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
