import type { Page } from '../../report/page.ts';
import { runPage } from '../../report/pages/run.ts';
import { allResultsOf, type RunReport } from '../../report/run-report.ts';
import { isPartial, refusal } from '../../run/run-status.ts';
import type { CommandOutcome, ExitCode, FailureFacts, ShownError } from '../command.ts';

/** What `reconcile`, `apply` and `drain` end with. @param detailed whether a dry run reports pending changes by 2. */
export function runOutcome(report: RunReport, detailed: boolean): CommandOutcome {
  return {
    page: runPage(report),
    report,
    errors: report.status === 'refused' ? [refusal(report)] : [],
    exitCode: exitCodeOf(report, detailed),
  };
}

/** The page of a run that ended with an error. */
export const failedRun = (
  { code, message, hint }: ShownError,
  { dryRun, orgs, notes, requests, durationMs }: FailureFacts,
  command: RunReport['command'],
): Page =>
  runPage({
    ...{ command, dryRun, orgs, notes, requests, durationMs },
    status: 'error',
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
    error: { code, message, hint },
  });

/**
 * CONTRACT §10. A dry run exits with 4 where the run would. 3 wins over 4, and 4 over 2.
 * @param detailed whether a dry run reports pending changes by 2.
 */
function exitCodeOf(report: RunReport, detailed: boolean): ExitCode {
  if (report.status === 'error') return 1;
  if (report.status === 'refused') return 3;
  if (isPartial(report)) return 4;
  return detailed && allResultsOf(report).length > 0 ? 2 : 0;
}
