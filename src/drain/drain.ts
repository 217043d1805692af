import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../model/errors.ts';
import {
  compareIds,
  type EntryId,
  type ListingBudget,
  type Lock,
  type QueueAdmin,
  type QueueConsumer,
  type SharedState,
  type TakenEntry,
} from '../model/webhooks/queue.ts';
import type { PermitPlace } from '../sync/config-digest.ts';
import type { ReconcileRequest, ReconcileResult } from '../sync/run.ts';
import { type ConvergePorts, converge } from './converge.ts';
import { isEmpty, readHints } from './hints.ts';
import { limitListings } from './list-or-look-up.ts';
import { noMoreThanEntry } from './repository-scope.ts';
import { type Convergence, settle } from './settlement.ts';

type DrainRequest = ReconcileRequest & {
  /** How long to wait after an entry, so that entries that follow it are processed together. */
  readonly settleMs: number;
  readonly lockWaitMs: number;
  /** `now` ignores the backoff of failed entries. */
  readonly retry: 'now' | 'when due';
  /** `unbounded`: hints may cause any number of listings, as in a drain that runs once. */
  readonly listings: 'bounded' | 'unbounded';
};

type DrainPorts = ConvergePorts & {
  readonly queue: QueueConsumer;
  readonly lock: Lock;
  readonly listingBudget: ListingBudget;
  /** Ends waiting; the run's own stop. */
  readonly signal: AbortSignal;
  /** @throws the signal's reason. */
  readonly sleep: (ms: number) => Promise<void>;
};

/** How one drain ended, in entries. */
export type DrainResult = {
  readonly settled: number;
  readonly failed: number;
  /** Released for the next drain, without counting an attempt: a limit or an outage. */
  readonly released: readonly EntryId[];
  /** Looked up again later, because GitHub's answer contradicts them. */
  readonly contradicted: number;
  /** How many of those released wait until the organizations may be listed again. */
  readonly postponed: number;
  /** Milliseconds until then; undefined if nothing is postponed. */
  readonly listAgainMs?: number | undefined;
  /** Organizations that entries named and that are not configured here. */
  readonly strangers?: readonly string[];
  /** Whether someone else had changed ids or the cursor of the queue. */
  readonly isRepaired?: boolean;
  /** How many entries other drains held without processing them, for more than 15 minutes. */
  readonly held?: number;
  /** Whether more entries may be waiting. */
  readonly hasMore?: boolean;
  /** Undefined if there was nothing to process. */
  readonly reconciled: ReconcileResult | undefined;
  /** The failure that kept the queue from being updated after everything else was done. */
  readonly trouble?: SyncError;
};

export const NOTHING_DRAINED: DrainResult = {
  settled: 0,
  failed: 0,
  released: [],
  contradicted: 0,
  postponed: 0,
  reconciled: undefined,
};

/** More entries than this are processed in several rounds. By default a receiver queues fewer. */
const MAX_ENTRIES_PER_ROUND = 100_000;

/** How often this drain renews its claim on entries: well within the minute after which another drain takes over. */
const KEEP_EVERY_MS = 15_000;

/**
 * Processes what waits, once: take entries, wait for more, acquire the lock, take what others hold for too long,
 * converge, settle.
 * @throws SyncError if nothing could be done. Then every entry was released.
 */
export async function drain(request: DrainRequest, ports: DrainPorts): Promise<DrainResult> {
  const { queue, lock, signal } = ports;
  const wanted = { most: MAX_ENTRIES_PER_ROUND, retry: request.retry };
  const first = await queue.take(wanted);
  if (first.length === 0 && !(await queue.isHeldTooLong())) return NOTHING_DRAINED;
  let held = first.map(({ id }) => id);
  const stopKeeping = keepAlive(queue, () => held);
  try {
    await letSettle(first, request.settleMs, ports);
    // Entries that arrived meanwhile may be about the same people.
    const more = request.settleMs === 0 ? [] : await queue.take(wanted);
    held = inOrder([...first, ...more]).map(({ id }) => id);
    const lease = await lock.acquire(request.lockWaitMs, signal);
    try {
      const heldElsewhere = await queue.takeHeld();
      const taken = inOrder([...first, ...more, ...heldElsewhere]);
      if (taken.length === 0) return NOTHING_DRAINED;
      held = taken.map(({ id }) => id);
      return { ...(await processEntries(taken, request, ports)), held: heldElsewhere.length };
    } finally {
      await lease.release();
    }
  } catch (error) {
    // An outage does not count as an attempt. If Redis itself is down, another drain claims the entries later.
    await queue.release(held).catch(() => undefined);
    throw error;
  } finally {
    stopKeeping();
  }
}

/** Each entry once, the oldest first. */
const inOrder = (entries: readonly TakenEntry[]): readonly TakenEntry[] =>
  [...new Map(entries.map((one) => [one.id, one])).values()].sort((a, b) => compareIds(a.id, b.id));

async function processEntries(
  taken: readonly TakenEntry[],
  request: DrainRequest,
  ports: DrainPorts,
): Promise<DrainResult> {
  const { queue } = ports;
  const { hints, postponed, listAgainMs } = await limitListings(
    readHints(taken, request),
    request,
    request.listings,
    ports,
  );
  const converged = isEmpty(hints) ? undefined : await converge(hints, request, ports);
  const { settled, failed, contradicted, ...rest } = settle(hints, converged?.convergence ?? NOBODY);
  const postponedIds = postponed.map(({ id }) => id);
  const released = [...rest.released, ...postponedIds];
  const reconciled = converged?.reconciled;
  try {
    await queue.settle(settled);
    await queue.fail(failed);
    await queue.lookAgain(contradicted);
    // Checking postponed entries against the listing budget again costs nothing.
    await queue.release(staysRunning(request) ? postponedIds : released);
    if (staysRunning(request)) await queue.putOff(rest.released);
  } catch (error) {
    // The changes were applied. Looking these people up once more does no harm.
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
  const hasMore = taken.length >= MAX_ENTRIES_PER_ROUND;
  const { strangers } = hints;
  const counts = { settled: settled.length, failed: failed.length, contradicted: contradicted.length };
  return { ...counts, released, postponed: postponed.length, listAgainMs, reconciled, hasMore, strangers };
}

const staysRunning = ({ listings }: DrainRequest): boolean => listings === 'bounded';

const NOBODY: Convergence = {
  idsByLogin: new Map(),
  open: new Map(),
  openInstances: new Map(),
  contradicted: new Map(),
  concernOf: noMoreThanEntry,
  isSeen: () => true,
};

/** @returns a function that stops it. */
function keepAlive(queue: Pick<QueueConsumer, 'keep'>, held: () => readonly EntryId[]): () => void {
  const timer = setInterval(() => void queue.keep(held()).catch(() => undefined), KEEP_EVERY_MS);
  return () => clearInterval(timer);
}

/** Waits until the youngest entry is `settleMs` old. Never longer than that: Redis' clock may differ from ours. */
async function letSettle(
  taken: readonly TakenEntry[],
  settleMs: number,
  { now, sleep }: Pick<DrainPorts, 'now' | 'sleep'>,
): Promise<void> {
  const youngest = Math.max(...taken.map(({ id }) => Number(id.split('-')[0]) || 0));
  const waitMs = Math.min(settleMs, Math.max(0, youngest + settleMs - now().getTime()));
  if (waitMs > 0) await sleep(waitMs);
}

type RoundPorts = Pick<DrainPorts, 'signal' | 'announce'> & {
  readonly shared: SharedState;
  readonly queue: QueueConsumer & Pick<QueueAdmin, 'status'>;
  /** Called only when something waits. */
  readonly openClients: () => Omit<
    DrainPorts,
    keyof SharedState | 'queue' | 'signal' | 'announce' | 'sleep'
  > & {
    readonly environment: () => Promise<PermitPlace>;
  };
};

/**
 * Processes what waits in the queue, once. An empty queue costs no request to GitHub or Permit.
 * @returns `pending`: entries that are still in the queue. @throws SyncError when nothing could be done.
 */
export async function drainRound(
  request: DrainRequest,
  { shared, queue, openClients, signal, announce }: RoundPorts,
): Promise<{ readonly drained: DrainResult; readonly pending: number }> {
  if ((await queue.status()).pending === 0) return { drained: NOTHING_DRAINED, pending: 0 };
  const { environment, ...clients } = openClients();
  const place = await environment();
  await shared.bind(`${place.project}/${place.environment}`, 'record');
  const { lock, budget, listingBudget, record } = shared;
  const drained = await drain(request, {
    ...clients,
    ...{ queue, lock, budget, listingBudget, record },
    ...{ announce, signal },
    sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
  });
  const { pending } = await queue.status().catch(() => ({ pending: drained.released.length }));
  return { drained, pending };
}
