import { areMovesThrough, lastRunOf } from '../drain/last-run.ts';
import { settleCovered } from '../drain/settle-covered.ts';
import { SyncError } from '../model/errors.ts';
import type { LastRun } from '../model/queue.ts';
import type { QueueCounts, Warning } from '../report/run-report.ts';
import type { ReconcileBudget, Reconciled, ReconcileRequest } from '../sync/reconcile.ts';
import { REPAIRED } from './drained-report.ts';
import type { SharedState } from './shared-state.ts';

export type LockedRunOptions = {
  readonly dryRun: boolean;
  /** Settle what the run has covered of the queue. */
  readonly drain: boolean;
  readonly lockWaitMs: number;
  readonly signal: AbortSignal;
  readonly environment: () => Promise<{ readonly project: string; readonly environment: string }>;
};

/** A run, and what came of the queue. */
export type LockedRun = {
  readonly reconciled: Reconciled;
  readonly queue: QueueCounts | undefined;
  readonly troubles: readonly Warning[];
};

/**
 * Does a run in its turn, within the budget that all runs share. A dry run needs no turn, since it writes nothing.
 * @param shared undefined where runs share no Redis.
 * @throws SyncError `LOCKED`, `QUEUE_UNAVAILABLE` before anything was read or written.
 */
export async function withLock(
  shared: SharedState | undefined,
  request: ReconcileRequest,
  options: LockedRunOptions,
  run: (budget: ReconcileBudget | undefined) => Promise<Reconciled>,
): Promise<LockedRun> {
  if (!shared) return { reconciled: await run(undefined), queue: undefined, troubles: [] };
  try {
    const { project, environment } = await options.environment();
    await shared.bind(`${project}/${environment}`, options.dryRun ? 'check' : 'record');
    if (options.dryRun) return { reconciled: await run(shared.budget), queue: undefined, troubles: [] };
    const lease = await shared.turn.lock.acquire(options.lockWaitMs, options.signal);
    try {
      return await runAndSettle(shared, request, options, run);
    } finally {
      await lease.release();
    }
  } finally {
    shared.close();
  }
}

async function runAndSettle(
  shared: SharedState,
  request: ReconcileRequest,
  { drain }: LockedRunOptions,
  run: (budget: ReconcileBudget | undefined) => Promise<Reconciled>,
): Promise<LockedRun> {
  const repairs: Warning[] = [];
  const queue = shared.openQueue({ onRepair: () => repairs.splice(0, repairs.length, REPAIRED) });
  // Whatever arrives from here on is not covered by what is listed from here on.
  const end = drain ? await queue.end() : undefined;
  const before = await shared.record.read();
  // A run that dies while somebody moves leaves two users of one person, whom only a listing finds.
  await shared.record.clear();
  const reconciled = await run(shared.budget).catch(async (error: unknown) => {
    // Nothing was written: what was known is known still.
    if (before && error instanceof SyncError) await shared.record.write(before).catch(() => undefined);
    throw error;
  });
  try {
    const now = isWhole(reconciled, request) ? lastRunAfter(reconciled) : before;
    if (now && isThrough(reconciled)) await shared.record.write(now);
    if (isFull(reconciled, request)) await shared.record.noteFullRun();
    if (!drain) return { reconciled, queue: undefined, troubles: [] };
    const covered = await settleCovered(end, reconciled, request, queue);
    const { pending } = await queue.status();
    const counts = { settled: covered.entries + covered.dead, failed: 0, waiting: pending };
    return { reconciled, queue: counts, troubles: repairs };
  } catch (error) {
    // What was applied stands, and is reported.
    if (!(error instanceof SyncError)) throw error;
    const message = `${error.message}; the run itself is not concerned`;
    return { reconciled, queue: undefined, troubles: [{ code: error.code, message }] };
  }
}

const lastRunAfter = ({ listed, plan, results }: Reconciled): LastRun =>
  lastRunOf(listed, plan, results, new Date());

/** Of a run that was refused nobody has begun to move. */
const isThrough = ({ plan, results, verdict }: Reconciled): boolean =>
  verdict.verdict === 'refused' || areMovesThrough(plan, results);

/** Whether everyone was looked at, and nothing held the changes back. */
const isFull = (reconciled: Reconciled, request: ReconcileRequest): boolean =>
  isWhole(reconciled, request) && request.logins === undefined && reconciled.verdict.verdict === 'pass';

const isWhole = ({ listed }: Reconciled, { orgs }: ReconcileRequest): boolean =>
  listed.length === orgs.length;
