import { watch } from '../drain/watch.ts';
import type { SyncError } from '../model/errors.ts';
import type { Stop } from '../net/stop.ts';
import type { RunReport } from '../report/run-report.ts';
import { duration } from '../report/words.ts';
import type { DrainSession } from './drain-session.ts';
import type { Log } from './log.ts';
import type { Waker } from './waker.ts';

export type WatchOptions = {
  readonly retryIntervalMs: number;
  readonly stop: Stop;
  readonly waker: Waker;
  readonly log: Log;
  /** Gets the report of every round that had something to do. */
  readonly tell: (report: RunReport) => void;
};

/** Drains again and again until the stop. */
export function watchQueue(
  session: DrainSession,
  { retryIntervalMs, stop, waker, log, tell }: WatchOptions,
): Promise<void> {
  return watch({
    round: async (retry) => {
      const { drained, report } = await session.round(retry);
      if (drained.reconciled || drained.failed > 0) tell(report);
      return drained;
    },
    queue: session.queue,
    retryIntervalMs,
    pause: waker.pause,
    isStopped: () => stop.signal.aborted,
    onFailure: (error, waitMs) => log.error(failureOf(error, waitMs)),
    now: () => performance.now(),
  });
}

/** What a round that could do nothing says, while the program stays. */
const failureOf = (
  { code, message, hint }: SyncError,
  waitMs: number,
): Pick<SyncError, 'code' | 'message' | 'hint'> => ({
  code,
  message,
  hint: `${hint}\nnothing is lost: the next attempt is in ${duration(waitMs)}`,
});
