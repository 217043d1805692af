import { SyncError } from '../model/errors.ts';
import { compareIds, type EntryId, type Lock, type QueueConsumer, type Taken } from '../model/queue.ts';
import type { Reconciled, ReconcileRequest } from '../sync/run.ts';
import { converge } from './converge.ts';
import { readHints } from './hints.ts';
import { limitListings } from './limit-listings.ts';
import type { ConvergePorts } from './ports.ts';
import { type Convergence, settle } from './settlement.ts';

export type DrainRequest = ReconcileRequest & {
  /** How long an entry is left alone, so that what follows it is worked off with it. */
  readonly settleMs: number;
  readonly lockWaitMs: number;
  /** `now` tries what has failed before whatever its backoff says. */
  readonly retry: 'now' | 'when due';
  /** Whether hints may make the organizations be listed as often as they like, as in a drain that runs once. */
  readonly listings: 'bounded' | 'unbounded';
};

export type DrainPorts = ConvergePorts & {
  readonly queue: QueueConsumer;
  readonly lock: Lock;
  /** Ends waiting; the run's own stop. */
  readonly signal: AbortSignal;
  /** @throws the signal's reason. */
  readonly sleep: (ms: number) => Promise<void>;
};

/** How one drain ended, in entries. */
export type Drained = {
  readonly settled: number;
  readonly failed: number;
  /** Given back for the next drain, without an attempt: a limit, or an outage. */
  readonly released: readonly EntryId[];
  /** Looked up again later, because GitHub answers the opposite of what they say. */
  readonly contradicted: number;
  /** How many of those released wait until the organizations may be listed again. */
  readonly postponed: number;
  /** Milliseconds until then; undefined where nothing is postponed. */
  readonly listAgainMs?: number | undefined;
  /** Organizations that entries named and that are not configured here. */
  readonly strangers?: readonly string[];
  /** Whether ids or the cursor of the queue had been changed by somebody else. */
  readonly isRepaired?: boolean;
  /** There may be more of them to take at once. */
  readonly isMore?: boolean;
  /** Undefined when there was nothing to work off. */
  readonly reconciled: Reconciled | undefined;
  /** What kept the queue from being told, after everything else was done. */
  readonly trouble?: SyncError;
};

export const NOTHING_DRAINED: Drained = {
  settled: 0,
  failed: 0,
  released: [],
  contradicted: 0,
  postponed: 0,
  reconciled: undefined,
};

/** More entries than this are worked off in several rounds; a receiver stops before unless it is told otherwise. */
export const MOST_AT_ONCE = 100_000;

/** How often the queue is told that this drain lives: well within the minute after which another takes over. */
const KEEP_EVERY_MS = 15_000;

/**
 * Works off what waits, once: take, let it settle, wait for the turn, converge, settle.
 * @throws SyncError when nothing could be done; then every entry was given back.
 */
export async function drain(request: DrainRequest, ports: DrainPorts): Promise<Drained> {
  const { queue, lock, signal } = ports;
  const wanted = { most: MOST_AT_ONCE, retry: request.retry };
  const first = await queue.take(wanted);
  if (first.length === 0) return NOTHING_DRAINED;
  let held = first.map(({ id }) => id);
  const stopKeeping = keepAlive(queue, () => held);
  try {
    await letSettle(first, request.settleMs, ports);
    // What came meanwhile may be about the same people.
    const more = request.settleMs === 0 ? [] : await queue.take(wanted);
    const taken = [...new Map([...first, ...more].map((one) => [one.id, one])).values()].sort((a, b) =>
      compareIds(a.id, b.id),
    );
    held = taken.map(({ id }) => id);
    const lease = await lock.acquire(request.lockWaitMs, signal);
    try {
      return await workOff(taken, request, ports);
    } finally {
      await lease.release();
    }
  } catch (error) {
    // An outage is nobody's attempt. Where Redis itself is away, the entries are claimed by another drain in time.
    await queue.release(held).catch(() => undefined);
    throw error;
  } finally {
    stopKeeping();
  }
}

async function workOff(taken: readonly Taken[], request: DrainRequest, ports: DrainPorts): Promise<Drained> {
  const { queue } = ports;
  const { hints, postponed, listAgainMs } = await limitListings(
    readHints(taken, request),
    request,
    request.listings,
    ports,
  );
  const isEmpty = hints.people.size + hints.logins.size + hints.orgs.length === 0;
  const converged = isEmpty ? undefined : await converge(hints, request, ports);
  const { settled, failed, contradicted, ...rest } = settle(hints, converged?.convergence ?? NOBODY);
  const postponedIds = postponed.map(({ id }) => id);
  const released = [...rest.released, ...postponedIds];
  const reconciled = converged?.reconciled;
  try {
    await queue.settle(settled);
    await queue.fail(failed);
    await queue.lookAgain(contradicted);
    // To hold what is postponed against the bound on listings again costs nothing.
    await queue.release(staysRunning(request) ? postponedIds : released);
    if (staysRunning(request)) await queue.putOff(rest.released);
  } catch (error) {
    // What was applied stands; who is looked at once more has converged already.
    if (!(error instanceof SyncError) || !reconciled) throw error;
    const still = [...settled, ...released];
    return {
      ...NOTHING_DRAINED,
      released: still,
      contradicted: contradicted.length,
      reconciled,
      trouble: error,
    };
  }
  const isMore = taken.length >= MOST_AT_ONCE;
  const { strangers } = hints;
  const counts = { settled: settled.length, failed: failed.length, contradicted: contradicted.length };
  return { ...counts, released, postponed: postponed.length, listAgainMs, reconciled, isMore, strangers };
}

const staysRunning = ({ listings }: DrainRequest): boolean => listings === 'bounded';

const NOBODY: Convergence = {
  ...{ idsByLogin: new Map(), unknown: new Set(), open: new Map(), contradicted: new Map() },
  isSeen: () => true,
};

/** @returns ends it. */
function keepAlive(queue: Pick<QueueConsumer, 'keep'>, held: () => readonly EntryId[]): () => void {
  const timer = setInterval(() => void queue.keep(held()).catch(() => undefined), KEEP_EVERY_MS);
  return () => clearInterval(timer);
}

/** An id begins with the milliseconds of Redis' clock, which may not be ours: never longer than asked for. */
async function letSettle(
  taken: readonly Taken[],
  settleMs: number,
  { now, sleep }: Pick<DrainPorts, 'now' | 'sleep'>,
): Promise<void> {
  const youngest = Math.max(...taken.map(({ id }) => Number(id.split('-')[0]) || 0));
  const waitMs = Math.min(settleMs, Math.max(0, youngest + settleMs - now().getTime()));
  if (waitMs > 0) await sleep(waitMs);
}
