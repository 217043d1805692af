import { watchSchedule } from '../../drain/schedule-watch.ts';
import type { Waker } from '../../drain/waker.ts';
import { watch } from '../../drain/watch.ts';
import type { Stop } from '../../http/stop.ts';
import type { RunRecord } from '../../model/webhooks/queue.ts';
import type { RunReport } from '../../report/run-report.ts';
import { duration } from '../../report/words.ts';
import type { Log } from '../log.ts';
import type { DrainSession } from './drain-session.ts';

type WatchOptions = {
  readonly retryIntervalMs: number;
  readonly stop: Stop;
  readonly waker: Waker;
  readonly log: Log;
  readonly runs: Pick<RunRecord, 'fullRuns'>;
  /** Gets the report of every round that had something to do. */
  readonly tell: (report: RunReport) => void;
  /** Gets the report of every round, for monitoring; undefined for one that could do nothing. */
  readonly record?: (report: RunReport | undefined) => Promise<void>;
};

/** Drains again and again until the stop. */
export function watchQueue(
  session: DrainSession,
  { retryIntervalMs, stop, waker, log, runs, tell, record }: WatchOptions,
): Promise<void> {
  const checkSchedule = watchSchedule(runs, log.info, () => performance.now());
  return watch({
    round: async (retry) => {
      await checkSchedule();
      const { drained, report } = await session.round(retry);
      if (drained.reconciled || drained.failed > 0) tell(report);
      await record?.(report);
      return drained;
    },
    queue: session.queue,
    retryIntervalMs,
    pause: waker.pause,
    isStopped: () => stop.signal.aborted,
    onFailure: async ({ code, message, hint }, waitMs) => {
      log.error({
        code,
        message,
        hint: `${hint}\nnothing is lost: the next attempt is in ${duration(waitMs)}`,
      });
      await record?.(undefined);
    },
    now: () => performance.now(),
  });
}
