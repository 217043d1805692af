import { type StopControl, stopError } from '../http/stop.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import { unreadWarning } from '../report/warnings.ts';
import type { LockedRun } from '../sync/locked-run.ts';
import { REPAIRED } from './drained-report.ts';
import { lackWarning } from './run-notes.ts';
import { statusOf } from './run-status.ts';

export type FinishedRun = LockedRun & { readonly isRepaired?: boolean };

type Facts = Omit<RunReport, 'status' | 'plan' | 'results' | 'verdict' | 'warnings' | 'queue' | 'error'>;

/** @param trouble of the audit file. @throws SyncError when the run was stopped before it wrote anything. */
export function finishedReport(
  { reconciled, queue, trouble: redisTrouble, isRepaired = false }: FinishedRun,
  trouble: Warning | undefined,
  { stop }: Pick<StopControl, 'stop'>,
  options: Parameters<typeof lackWarning>[1],
  facts: Facts,
): RunReport {
  const { plan, results, verdict, incomplete, unread, notes, lacks } = reconciled;
  const reason = stop.reason();
  const untouched = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (reason && !facts.dryRun && results.length > 0 && untouched) throw stopError(reason);
  const warnings = [
    ...(reason && !untouched ? [stopError(reason)] : []).map(({ code, message }) => ({ code, message })),
    ...(isRepaired && queue ? [REPAIRED] : []),
    ...(redisTrouble
      ? [{ code: redisTrouble.code, message: `${redisTrouble.message}; the run itself is not affected` }]
      : []),
    ...(trouble ? [trouble] : []),
    ...lacks.filter(({ waiting }) => waiting > 0).map((lack) => lackWarning(lack, options)),
    ...unread.map(unreadWarning),
    ...incomplete.map(({ code, message, hint }) => ({ code, message: `${message}; ${hint}` })),
  ];
  const unneeded = lacks
    .filter(({ waiting }) => waiting === 0)
    .map((lack) => ({ ...lackWarning(lack, options), code: lack.code, users: [] }));
  const told: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: { ...plan, notes: [...notes, ...unneeded] },
    results,
    verdict,
    warnings,
    queue,
    error: undefined,
  };
  return { ...told, status: statusOf(told) };
}
