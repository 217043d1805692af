import { changesOf } from '../model/plan.ts';
import type { RunReport, Status } from '../report/run-report.ts';
import type { ExitCode, FailureFacts, ShownError } from './command.ts';

/** How a run ended that was not an error. */
export function statusOf(report: RunReport): Status {
  if (report.verdict.verdict === 'refused') return 'refused';
  if (report.results.length === 0) return isPartial(report) || isLossOpen(report) ? 'partial' : 'in-sync';
  if (report.dryRun) return 'pending';
  return isPartial(report) ? 'partial' : 'applied';
}

/**
 * CONTRACT §10. A dry run exits 4 for what the run would; 3 wins over 4, 4 over 2.
 * @param detailed whether a dry run reports pending changes by 2.
 */
export function exitCodeOf(report: RunReport, detailed: boolean): ExitCode {
  if (report.status === 'error') return 1;
  if (report.status === 'refused') return 3;
  if (isPartial(report)) return 4;
  return detailed && report.plan && changesOf(report.plan).length > 0 ? 2 : 0;
}

/** Somebody was skipped or failed, or something could not be read. */
function isPartial({ plan, results, warnings }: RunReport): boolean {
  const undone = results.some(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
  return undone || warnings.length > 0 || (plan?.skipped.length ?? 0) > 0;
}

const KEPT = new Set<string>(['KEPT_UNCONFIRMED', 'KEPT_OUT_OF_SCOPE']);

/**
 * Someone keeps what may no longer be theirs: the exit code stays, and yet the run is not in sync (CONTRACT §6.3).
 */
const isLossOpen = ({ plan }: RunReport): boolean =>
  (plan?.unsettled.length ?? 0) > 0 && plan?.notes.some(({ code }) => KEPT.has(code)) === true;

/** The report of a run that has nothing but its error. */
export function failedReport(
  { code, message, hint }: ShownError,
  { dryRun, orgs, notes, requests, durationMs }: FailureFacts,
  command: RunReport['command'],
): RunReport {
  return {
    ...{ command, dryRun, orgs, notes, requests, durationMs },
    status: 'error',
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
    error: { code, message, hint },
  };
}
