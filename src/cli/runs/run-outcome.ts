import { changesOf } from '../../model/plan.ts';
import type { Page } from '../../report/page.ts';
import { describeWaysOn } from '../../report/pages/first-run.ts';
import { runPage } from '../../report/pages/run.ts';
import type { RunReport, Status } from '../../report/run-report.ts';
import { describeViolation } from '../../report/words.ts';
import type { ExitCode, FailureFacts, Outcome, ShownError } from '../command.ts';

/** What `reconcile`, `apply` and `drain` end with. @param detailed whether a dry run reports pending changes by 2. */
export function runOutcome(report: RunReport, detailed: boolean): Outcome {
  return {
    page: runPage(report),
    report,
    errors: report.status === 'refused' ? [refusal(report)] : [],
    exitCode: exitCodeOf(report, detailed),
  };
}

/** The page of a run that has nothing but its error. */
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
function exitCodeOf(report: RunReport, detailed: boolean): ExitCode {
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
