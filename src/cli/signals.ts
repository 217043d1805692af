import type { StopControl } from '../http/stop.ts';
import type { Log } from './log.ts';
import type { RequestCounter } from './request-counter.ts';

/** SIGHUP comes when the terminal goes away. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A cancelled GitHub Actions job gets SIGINT, 7.5 s later SIGTERM, and 2.5 s later it is killed. */
const REPORT_WITHIN_MS = 1_500;

type SignalPorts = {
  readonly log: Log;
  readonly counter: Pick<RequestCounter, 'writes'>;
  /** What the command finishes before it ends; by default the writes under way. */
  readonly finishing?: string | undefined;
  /** Asked when the program ends without a report. */
  readonly exitCode: () => number;
};

/**
 * The first signal ends the command after the writes under way; the second one ends it without them, and they are
 * reported as in doubt. If there is no report soon after that, the program ends without one.
 * @returns stops listening.
 */
export function endOnSignals({ end, abandon }: StopControl, ports: SignalPorts): () => void {
  let signals = 0;
  let deadline: NodeJS.Timeout | undefined;
  const listener = (name: NodeJS.Signals): void => {
    signals += 1;
    if (signals === 1) {
      ports.log.notice(firstSignal(name, ports));
      end({ kind: 'signal', name });
    } else if (signals === 2) {
      abandon();
      deadline = setTimeout(() => endWithoutReport(name, ports), REPORT_WITHIN_MS);
    }
  };
  for (const name of ENDING_SIGNALS) process.on(name, listener);
  return () => {
    clearTimeout(deadline);
    for (const name of ENDING_SIGNALS) process.off(name, listener);
  };
}

/**
 * Keeps signals that come after the report from ending the process with a signal instead of the exit code of the report:
 * open connections, or a reader of stdout, may keep it alive for a moment.
 */
export function onLateSignals(listener: () => void): void {
  for (const name of ENDING_SIGNALS) process.on(name, listener);
}

function firstSignal(name: NodeJS.Signals, { finishing, counter }: SignalPorts): string {
  if (finishing !== undefined) return `${name}: finishing ${finishing}; a second signal ends at once`;
  const writes = counter.writes.underWay;
  if (writes === 0) return `${name}: ending, no write is under way`;
  const what = `${writes} ${writes === 1 ? 'write' : 'writes'} to Permit under way`;
  return `${name}: waiting for ${what}; a second signal prints the report at once`;
}

function endWithoutReport(name: NodeJS.Signals, { log, exitCode }: SignalPorts): void {
  const code = exitCode();
  log.error({
    code: 'INTERRUPTED',
    message: `ended by a second signal (${name}) before the report was ready${code === 4 ? '; some writes are in doubt' : ''}`,
    hint: 'run it again: it continues where this run ended',
  });
  process.exit(code);
}
