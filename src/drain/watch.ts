import { SyncError } from '../model/errors.ts';
import type { EntryId, QueueConsumer } from '../model/queue.ts';
import type { Drained } from './drain.ts';

export type WatchPorts = {
  /** One drain, which reports on itself. */
  readonly round: (retry: 'now' | 'when due') => Promise<Drained>;
  readonly queue: Pick<QueueConsumer, 'end' | 'nextDueMs'>;
  /** What waits for an outage or a limit is tried again after this, at the latest. */
  readonly retryIntervalMs: number;
  /** Resolves after `ms`, or earlier when there is news or the program ends. */
  readonly pause: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
  /** Told of a round that could not do anything, and when the next one begins. */
  readonly onFailure: (error: SyncError, waitMs: number) => void | Promise<void>;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
};

/** How often Redis is asked whether something has arrived that another process received. */
const POLL_MS = 1_000;
const FIRST_WAIT_MS = 2_000;
/** After this the entries of a drain that died may be taken; nothing tells when it is so. */
const CLAIM_MS = 60_000;

/**
 * Works off whatever arrives until it is stopped: at once what is new, in time what has failed. It begins with what
 * was pending.
 */
export async function watch(ports: WatchPorts): Promise<void> {
  let failures = 0;
  let retry: 'now' | 'when due' = 'now';
  let wasOurs = false;
  while (!ports.isStopped()) {
    try {
      const before = await ports.queue.end();
      const drained = await ports.round(retry);
      const { isMore, released, listAgainMs = Number.POSITIVE_INFINITY } = drained;
      failures = 0;
      wasOurs = true;
      retry = 'when due';
      if (isMore) continue;
      // What waits for a limit or an outage need not be looked at every minute.
      const longestMs = released.length > 0 ? ports.retryIntervalMs : CLAIM_MS;
      const mostMs = Math.min(longestMs, ports.retryIntervalMs, listAgainMs);
      await waitForNews(before, { mostMs, wasIdle: isIdle(drained) }, ports);
    } catch (error) {
      if (ports.isStopped()) return;
      // A queue that is somebody else's does not become ours by waiting; one that was ours, and that somebody changed in
      // Redis, is repaired one day.
      if (!(error instanceof SyncError) || (error.code === 'CONFIG_INVALID' && !wasOurs)) throw error;
      const waitMs = Math.min(ports.retryIntervalMs, FIRST_WAIT_MS * 2 ** failures);
      failures++;
      await ports.onFailure(error, waitMs);
      await waitFully(waitMs, ports);
    }
  }
}

const isIdle = ({ settled, failed, released, contradicted, reconciled }: Drained): boolean =>
  settled + failed + released.length + contradicted === 0 && reconciled === undefined;

/** News in an outage is no reason to knock harder. */
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
  // What called for a round that found nothing must not call at once again.
  let isPatient = wasIdle;
  while (!isStopped() && now() < until) {
    if ((await queue.end()) !== seen) return;
    const dueMs = await queue.nextDueMs();
    if (dueMs === 0 && !isPatient) return;
    await pause(Math.max(1, Math.min(POLL_MS, until - now(), dueMs || POLL_MS)));
    isPatient = false;
  }
}
