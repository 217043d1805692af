/** Waits that end early: on news, or when the program ends. */
export type Waker = {
  /** Never rejects. */
  readonly pause: (ms: number) => Promise<void>;
  /** Ends the pause under way; one that comes later is not shortened. */
  readonly wake: () => void;
};

export function openWaker(signal: AbortSignal): Waker {
  let end: () => void = () => undefined;
  return {
    wake: () => end(),
    pause: (ms) =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          end = () => undefined;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        end = finish;
        if (signal.aborted) finish();
        else signal.addEventListener('abort', finish, { once: true });
      }),
  };
}
