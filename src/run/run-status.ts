import type { ErrorCode } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import { describeWaysOn } from '../report/pages/first-run.ts';
import { allResultsOf, type RunReport, type Status } from '../report/run-report.ts';
import { describeViolation } from '../report/words.ts';

/**
 * The status of a run that did not end with an error. `partial` and exit code 4 mean the same, but for a dry run with
 * changes, which is `pending` either way.
 */
export function statusOf(report: RunReport): Status {
  if (report.verdict.verdict === 'refused') return 'refused';
  const hasChanges = allResultsOf(report).length > 0;
  if (isPartial(report) && !(hasChanges && report.dryRun)) return 'partial';
  if (!hasChanges && !isLossOpen(report)) return 'in-sync';
  return report.dryRun ? 'pending' : 'applied';
}

/** Whether someone was skipped or failed, or something could not be read. */
export function isPartial(report: RunReport): boolean {
  const { plan, warnings } = report;
  const undone = allResultsOf(report).some(
    ({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped',
  );
  return undone || warnings.length > 0 || (plan?.skipped.length ?? 0) > 0;
}

const KEPT = new Set<string>(['KEPT_UNCONFIRMED', 'KEPT_OUT_OF_SCOPE']);

/**
 * Whether someone keeps access that may be lost. The exit code stays 0, as of a run that applied everything it could,
 * but the run is not in sync (CONTRACT §6.3).
 */
const isLossOpen = ({ plan }: RunReport): boolean =>
  (plan?.unsettled.length ?? 0) > 0 && plan?.notes.some(({ code }) => KEPT.has(code)) === true;

/** The error of a refused run, for stderr. */
export function refusal(report: RunReport): Problem<ErrorCode> {
  const { verdict, command, dryRun } = report;
  const violations = verdict.violations.map(describeViolation);
  if (command === 'drain') {
    return {
      code: 'GUARD_REFUSED',
      message: ['some people wait in the queue because they would cross a limit', ...violations].join('\n'),
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

/** Existing users leave a choice of ways on. Any other limit can be raised by a number. */
function hintOf(overriding: string, report: RunReport): string {
  const { violations } = report.verdict;
  const overrides = violations.map(({ override }) => override).join(' ');
  const only = violations.every(({ limit }) => limit === 'duplicates');
  return [...(only ? [] : [overriding, overrides]), ...describeWaysOn(report)].join('\n');
}
