import { type StopControl, startStop, stopError } from '../net/stop.ts';

/**
 * Runs something that ends by the timeout or by the first SIGINT or SIGTERM; a second signal ends the program.
 * @throws the stop's own error in the place of whatever was under way when the run was stopped.
 */
export async function boundedRun<T>(
  timeoutMs: number,
  work: (control: StopControl) => Promise<T>,
): Promise<T> {
  const control = startStop(timeoutMs);
  const release = endOnSignals(control);
  try {
    return await work(control);
  } catch (error) {
    const reason = control.stop.reason();
    throw reason ? stopError(reason) : error;
  } finally {
    release();
    control.dispose();
  }
}

/** The first signal ends the run after what is under way; a second one ends the program. */
export function endOnSignals({ end }: StopControl): () => void {
  const names = ['SIGINT', 'SIGTERM'] as const;
  const listeners = names.map((name) => {
    const listener = (): void => end({ kind: 'signal', name });
    process.once(name, listener);
    return () => process.off(name, listener);
  });
  return () => {
    for (const release of listeners) release();
  };
}
