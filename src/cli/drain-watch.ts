import { watch } from '../drain/watch.ts';
import type { Stop } from '../http/stop.ts';
import type { SyncError } from '../model/errors.ts';
import type { RunRecord } from '../model/queue.ts';
import { silenceOf } from '../model/schedule.ts';
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
  readonly record: Pick<RunRecord, 'fullRuns'>;
  /** Gets the report of every round that had something to do. */
  readonly tell: (report: RunReport) => void;
};

/** Drains again and again until the stop. */
export function watchQueue(
  session: DrainSession,
  { retryIntervalMs, stop, waker, log, record, tell }: WatchOptions,
): Promise<void> {
  const watchSchedule = scheduleWatch(record, log, () => performance.now());
  return watch({
    round: async (retry) => {
      await watchSchedule();
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

const MINUTE_MS = 60_000;
const CHECK_INTERVAL_MS = 10 * MINUTE_MS;
const REMINDER_INTERVAL_MS = 6 * 60 * MINUTE_MS;

/** Says when full runs have stopped, and says it again while that lasts. @param now any clock. */
export function scheduleWatch(
  record: Pick<RunRecord, 'fullRuns'>,
  log: Pick<Log, 'info'>,
  now: () => number,
): () => Promise<void> {
  let next = now();
  return async () => {
    if (now() < next) return;
    // What keeps Redis from answering is told by the round itself.
    const runs = await record.fullRuns().catch(() => ({ kind: 'never' }) as const);
    const silence = silenceOf(runs);
    next = now() + (silence ? REMINDER_INTERVAL_MS : CHECK_INTERVAL_MS);
    if (silence) log.info(`SCHEDULE_SILENT: ${silence.message}; ${silence.hint}`);
  };
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
