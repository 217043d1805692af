import { type StopControl, startStop, stopError } from '../http/stop.ts';
import type { Log } from './log.ts';
import type { CountingObserver } from './services.ts';

/** What a signal is answered with, and what it has to know. */
export type SignalPorts = { readonly log: Log; readonly observer: Pick<CountingObserver, 'writes'> };

/**
 * Runs something that ends by the timeout or by a signal, see `endOnSignals`.
 * @throws the stop's own error in the place of whatever was under way when the run was stopped.
 */
export async function boundedRun<T>(
  timeoutMs: number,
  ports: SignalPorts,
  work: (control: StopControl) => Promise<T>,
): Promise<T> {
  const control = startStop(timeoutMs);
  const release = endOnSignals(control, ports);
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

/** SIGHUP comes when the terminal goes away. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A cancelled GitHub Actions job gets SIGINT, 7.5 s later SIGTERM, and 2.5 s later it is killed. */
const REPORT_WITHIN_MS = 1_500;

/**
 * The first signal ends the run after the writes under way, the second one without them: they are told as in doubt.
 * If even that leads to no report in time, the program ends.
 */
export function endOnSignals({ end, abandon }: StopControl, { log, observer }: SignalPorts): () => void {
  let signals = 0;
  let deadline: NodeJS.Timeout | undefined;
  const listener = (name: NodeJS.Signals): void => {
    signals += 1;
    if (signals === 1) {
      log.notice(waitingFor(name, observer.writes.underWay));
      end({ kind: 'signal', name });
    } else if (signals === 2) {
      abandon();
      deadline = setTimeout(() => endWithoutReport(name, { log, observer }), REPORT_WITHIN_MS);
    }
  };
  for (const name of ENDING_SIGNALS) process.on(name, listener);
  return () => {
    clearTimeout(deadline);
    for (const name of ENDING_SIGNALS) process.off(name, listener);
  };
}

function waitingFor(name: NodeJS.Signals, writes: number): string {
  if (writes === 0) return `${name}: ending, no write is under way`;
  const what = `${writes} ${writes === 1 ? 'write' : 'writes'} to Permit under way`;
  return `${name}: waiting for ${what}; a second signal prints the report at once`;
}

function endWithoutReport(name: NodeJS.Signals, { log, observer }: SignalPorts): void {
  const wrote = observer.writes.begun > 0;
  log.error({
    code: 'INTERRUPTED',
    message: `ended by a second signal (${name}) before the report was ready${wrote ? '; some writes are in doubt' : ''}`,
    hint: 'run it again: it takes up where this run ended',
  });
  process.exit(wrote ? 4 : 1);
}
