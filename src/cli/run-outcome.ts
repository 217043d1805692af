import type { Page } from '../report/page.ts';
import { describeWaysOn } from '../report/pages/first-run.ts';
import { runPage } from '../report/pages/run.ts';
import type { RunReport } from '../report/run-report.ts';
import { describeViolation } from '../report/words.ts';
import type { FailureFacts, Outcome, ShownError } from './command.ts';
import { exitCodeOf, failedReport } from './run-status.ts';

/** What `reconcile`, `apply` and `drain` end with. @param detailed whether a dry run reports pending changes by 2. */
export function runOutcome(report: RunReport, detailed: boolean): Outcome {
  return {
    page: runPage(report),
    report,
    errors: report.status === 'refused' ? [refusal(report)] : [],
    exitCode: exitCodeOf(report, detailed),
  };
}

/** The page of a run that ended with an error. */
export const failedRun = (error: ShownError, facts: FailureFacts, command: RunReport['command']): Page =>
  runPage(failedReport(error, facts, command));

/** What a refused run says on stderr. */
export function refusal(report: RunReport): ShownError {
  const { verdict, command, dryRun } = report;
  const violations = verdict.violations.map(describeViolation);
  if (command === 'drain') {
    return {
      code: 'GUARD_REFUSED',
      message: ['some people wait in the queue, since they would cross a limit', ...violations].join('\n'),
      hint: hintOf(
        'gh-permit-sync queue list shows who waits; if it is right, allow just this much:',
        report,
      ),
    };
  }
  return {
    code: 'GUARD_REFUSED',
    message: ['the plan crosses a limit, and nothing was written', ...violations].join('\n'),
    hint: hintOf(
      dryRun
        ? 'if the plan is right, allow just this much, in the run itself as well:'
        : 'look at the plan with --dry-run; if it is right, allow just this much:',
      report,
    ),
  };
}

/** Existing users leave a choice, where any other limit leaves a number to allow. */
function hintOf(overriding: string, report: RunReport): string {
  const { violations } = report.verdict;
  const overrides = violations.map(({ override }) => override).join(' ');
  const only = violations.every(({ limit }) => limit === 'duplicates');
  return [...(only ? [] : [overriding, overrides]), ...describeWaysOn(report)].join('\n');
}
