import { SyncError } from '../model/errors.ts';
import type { Budget, LastRun, QueueCounts, SharedState } from '../model/webhooks/queue.ts';
import type { PermitPlace } from './config-digest.ts';
import { areMovesThrough, lastRunOf } from './last-run.ts';
import type { ReconcileRequest, ReconcileResult } from './run.ts';

/** The queue entries that a full run settles. */
export type QueueCoverage = {
  /** Called before the run reads anything: what arrives afterwards is not covered. */
  readonly begin: () => Promise<void>;
  readonly settle: (run: ReconcileResult) => Promise<QueueCounts>;
};

type LockedRunOptions = {
  readonly dryRun: boolean;
  readonly lockWaitMs: number;
  readonly signal: AbortSignal;
  readonly environment: () => Promise<PermitPlace>;
  /** Undefined when the run leaves the queue alone. */
  readonly coverage?: QueueCoverage | undefined;
};

/** A run, and what happened to the shared state afterwards. */
export type LockedRun = {
  readonly reconciled: ReconcileResult;
  readonly queue?: QueueCounts | undefined;
  /** A failure of Redis after the run. The run's own results are valid. */
  readonly trouble?: SyncError | undefined;
};

/**
 * Runs while holding the lock, within the shared budget. A dry run writes nothing and needs no lock.
 * @param shared undefined if runs share no Redis.
 * @throws SyncError `LOCKED`, `QUEUE_UNAVAILABLE` before anything was read or written.
 */
export async function withLock(
  shared: SharedState | undefined,
  request: ReconcileRequest,
  options: LockedRunOptions,
  run: (budget: Budget | undefined) => Promise<ReconcileResult>,
): Promise<LockedRun> {
  if (!shared) return { reconciled: await run(undefined) };
  const { project, environment } = await options.environment();
  await shared.bind(`${project}/${environment}`, options.dryRun ? 'check' : 'record');
  if (options.dryRun) return { reconciled: await run(shared.budget) };
  const lease = await shared.lock.acquire(options.lockWaitMs, options.signal);
  try {
    return await runAndRemember(shared, request, options.coverage, run);
  } finally {
    await lease.release();
  }
}

async function runAndRemember(
  { record, budget }: SharedState,
  request: ReconcileRequest,
  coverage: QueueCoverage | undefined,
  run: (budget: Budget) => Promise<ReconcileResult>,
): Promise<LockedRun> {
  await coverage?.begin();
  const before = await record.read();
  // A run that is killed during a move leaves a person with two users, which only a listing finds.
  await record.clear();
  const reconciled = await run(budget).catch(async (error: unknown) => {
    // Nothing was written, so what was known still holds.
    if (before && error instanceof SyncError) await record.write(before).catch(() => undefined);
    throw error;
  });
  try {
    const now = isWhole(reconciled, request) ? lastRunAfter(reconciled) : before;
    if (now && isThrough(reconciled)) await record.write(now);
    if (isFull(reconciled, request)) await record.noteFullRun();
    return { reconciled, queue: await coverage?.settle(reconciled) };
  } catch (error) {
    // The changes were applied, so they are reported.
    if (!(error instanceof SyncError)) throw error;
    return { reconciled, trouble: error };
  }
}

/** A refused run has written no part of the graph that it planned. */
const lastRunAfter = ({ listings, plan, results, verdict }: ReconcileResult): LastRun => {
  const { graph } = plan;
  const unchanged = graph && verdict.verdict === 'refused' ? { graph: { ...graph, changes: [] } } : {};
  return lastRunOf(listings, { ...plan, ...unchanged }, results, new Date());
};

/** Whether no move is left unfinished. A refused run begins none. */
const isThrough = ({ plan, results, verdict }: ReconcileResult): boolean =>
  verdict.verdict === 'refused' || areMovesThrough(plan, results);

/** Whether the run covered everyone and no limit held anything back. */
const isFull = (reconciled: ReconcileResult, request: ReconcileRequest): boolean =>
  isWhole(reconciled, request) && request.logins === undefined && reconciled.verdict.verdict === 'pass';

const isWhole = ({ listings }: ReconcileResult, { configuredOrgs }: ReconcileRequest): boolean =>
  listings.length === configuredOrgs.length;
