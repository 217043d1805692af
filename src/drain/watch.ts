import { SyncError, WrongTypeError } from '../model/errors.ts';
import { silenceOf } from '../model/schedule.ts';
import type { EntryId, QueueConsumer, RunRecord } from '../model/webhooks/queue.ts';
import type { DrainResult } from './drain.ts';

export type WatchPorts = {
  /** One drain, which reports on itself. */
  readonly round: (retry: 'now' | 'when due') => Promise<DrainResult>;
  readonly queue: Pick<QueueConsumer, 'end' | 'nextDueMs'>;
  /** How long entries wait for an outage or a limit at most before they are tried again. */
  readonly retryIntervalMs: number;
  /** Resolves after `ms`, or earlier if something arrives or the program ends. */
  readonly pause: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
  /** Called after a round that could not do anything, with the time until the next one. */
  readonly onFailure: (error: SyncError, waitMs: number) => void | Promise<void>;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
};

/** How often to ask Redis for entries that another process received. */
const POLL_MS = 250;
/** If a round found nothing to do, a due entry must not cause another one before this. */
const AFTER_IDLE_MS = 1_000;
const FIRST_WAIT_MS = 2_000;
/** After this time the entries of a dead drain may be taken. No event announces it. */
const CLAIM_MS = 60_000;

/** Processes the queue until it is stopped: pending entries first, then new ones at once and failed ones when due. */
export async function watch(ports: WatchPorts): Promise<void> {
  let failures = 0;
  let retry: 'now' | 'when due' = 'now';
  let wasOurs = false;
  while (!ports.isStopped()) {
    try {
      const before = await ports.queue.end();
      const drained = await ports.round(retry);
      const { hasMore, released, listAgainMs = Number.POSITIVE_INFINITY } = drained;
      failures = 0;
      wasOurs = true;
      retry = 'when due';
      if (hasMore) continue;
      // Entries that wait for a limit or an outage need not be tried every minute.
      const longestMs = released.length > 0 ? ports.retryIntervalMs : CLAIM_MS;
      const mostMs = Math.min(longestMs, ports.retryIntervalMs, listAgainMs);
      await waitForNews(before, { mostMs, wasIdle: isIdle(drained) }, ports);
    } catch (error) {
      if (ports.isStopped()) return;
      // Waiting does not help if the queue belongs to another environment. If it was ours, or only a key has another
      // type, it may be repaired.
      const mayHeal = wasOurs || error instanceof WrongTypeError;
      if (!(error instanceof SyncError) || (error.code === 'CONFIG_INVALID' && !mayHeal)) throw error;
      const waitMs = Math.min(ports.retryIntervalMs, FIRST_WAIT_MS * 2 ** failures);
      failures++;
      await ports.onFailure(error, waitMs);
      await waitFully(waitMs, ports);
    }
  }
}

const isIdle = ({ settled, failed, released, contradicted, reconciled }: DrainResult): boolean =>
  settled + failed + released.length + contradicted === 0 && reconciled === undefined;

/** During an outage new entries must not cause earlier attempts. */
async function waitFully(ms: number, { pause, isStopped, now }: WatchPorts): Promise<void> {
  const until = now() + ms;
  for (let left = ms; left > 0 && !isStopped(); left = until - now()) await pause(left);
}

/** @param seen the end of the stream before the round. @throws SyncError `QUEUE_UNAVAILABLE`. */
async function waitForNews(
  seen: EntryId | undefined,
  { mostMs, wasIdle }: { readonly mostMs: number; readonly wasIdle: boolean },
  { queue, pause, isStopped, now }: WatchPorts,
): Promise<void> {
  const until = now() + mostMs;
  const dueFrom = wasIdle ? now() + AFTER_IDLE_MS : now();
  while (!isStopped() && now() < until) {
    if ((await queue.end()) !== seen) return;
    const dueMs = await queue.nextDueMs();
    if (dueMs === 0 && now() >= dueFrom) return;
    await pause(Math.max(1, Math.min(POLL_MS, until - now(), dueMs || POLL_MS)));
  }
}

const MINUTE_MS = 60_000;
const CHECK_INTERVAL_MS = 10 * MINUTE_MS;
const REMINDER_INTERVAL_MS = 6 * 60 * MINUTE_MS;

/**
 * Warns when full runs have stopped, and repeats the warning while that lasts. Call the result as often as you like.
 * @param now milliseconds of any clock.
 */
export function watchSchedule(
  record: Pick<RunRecord, 'fullRuns'>,
  warn: (text: string) => void,
  now: () => number,
): () => Promise<void> {
  let next = now();
  return async () => {
    if (now() < next) return;
    // If Redis does not answer, the round itself says so.
    const runs = await record.fullRuns().catch(() => ({ kind: 'never' }) as const);
    const silence = silenceOf(runs);
    next = now() + (silence ? REMINDER_INTERVAL_MS : CHECK_INTERVAL_MS);
    if (silence) warn(`SCHEDULE_SILENT: ${silence.message}; ${silence.hint}`);
  };
}

/** Pauses that end early on `wake` or when the program ends. */
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
