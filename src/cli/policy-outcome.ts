import { type Stop, stopError } from '../http/stop.ts';
import type { PolicySetUp } from '../policy/set-up-policy.ts';
import { annotations } from '../report/actions.ts';
import { renderPolicyJson } from '../report/policy-json.ts';
import { keptPermissions, refusedRevocations } from '../report/policy-losses.ts';
import { renderPolicyMarkdown } from '../report/policy-markdown.ts';
import type { PolicyReport } from '../report/policy-report.ts';
import { renderPolicyText } from '../report/policy-text.ts';
import type { Status } from '../report/run-report.ts';
import type { ExitCode, Facts, FailureFacts, Outcome, ShownError } from './command.ts';
import { failedReport } from './run-status.ts';

/** How `policy` ends. @throws SyncError when it was stopped before its first write. */
export function policyOutcome(
  { plan, verdict, results }: PolicySetUp,
  { dryRun, detailedExitcode, stop }: { dryRun: boolean; detailedExitcode: boolean; stop: Stop },
  { requests, durationMs }: Facts,
): Outcome {
  const isRefused = verdict.verdict === 'refused';
  const reason = dryRun || isRefused ? undefined : stop.reason();
  const undone = results.filter(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
  const cut = reason && undone.length > 0 ? stopError(reason) : undefined;
  if (cut && results.every(({ outcome }) => outcome.kind === 'skipped')) throw cut;
  const report: PolicyReport = {
    ...{ dryRun, requests, durationMs, plan, results, verdict },
    status: statusOf(isRefused, results.length, undone.length > 0, dryRun),
    warnings: [...(cut ? [{ code: cut.code, message: cut.message }] : []), ...keptPermissions(plan)],
    error: undefined,
  };
  const refusal = isRefused ? refusedRevocations(plan, verdict) : undefined;
  return {
    ...renderedPolicy(report, refusal),
    errors: refusal ? [refusal] : [],
    exitCode: exitCodeOf(report.status, detailedExitcode),
  };
}

/** The report of a `policy` that ended with an error. */
export const failedPolicy = (
  error: ShownError,
  { dryRun, requests, durationMs }: FailureFacts,
): Pick<Outcome, 'report' | 'job'> =>
  renderedPolicy(
    {
      ...{ dryRun, requests, durationMs },
      status: 'error',
      plan: undefined,
      results: [],
      verdict: { verdict: 'pass', violations: [] },
      warnings: [],
      error,
    },
    error,
  );

function statusOf(isRefused: boolean, changes: number, isUndone: boolean, dryRun: boolean): Status {
  if (isRefused) return 'refused';
  if (changes === 0) return 'in-sync';
  if (dryRun) return 'pending';
  return isUndone ? 'partial' : 'applied';
}

/** CONTRACT §10. */
function exitCodeOf(status: Status, detailed: boolean): ExitCode {
  switch (status) {
    case 'error':
      return 1;
    case 'refused':
      return 3;
    case 'partial':
      return 4;
    case 'pending':
      return detailed ? 2 : 0;
    case 'in-sync':
    case 'applied':
      return 0;
  }
}

const NO_ERROR: ShownError = { code: 'INTERNAL', message: '', hint: '' };

/** @param error the error, or the refusal by a limit. */
function renderedPolicy(
  report: PolicyReport,
  error: ShownError | undefined,
): Required<Pick<Outcome, 'report' | 'job'>> {
  const { status, dryRun, warnings, results, plan, requests } = report;
  const failures = results.flatMap(({ outcome }) =>
    outcome.kind === 'failed' ? [{ code: outcome.code, message: outcome.message }] : [],
  );
  return {
    report: {
      // Errors are on stderr; repeating them on stdout would only get in the way.
      text: ({ quiet, color, width }) =>
        status === 'error' || (quiet && status === 'in-sync')
          ? ''
          : renderPolicyText(report, { color, ...(width === undefined ? {} : { width }) }),
      markdown: () => renderPolicyMarkdown(report),
      json: () => renderPolicyJson(report),
    },
    job: () => ({
      summary: renderPolicyMarkdown(report),
      outputs: `status=${status}\nchanges=${plan?.changes.length ?? 0}\nrefused=${status === 'refused'}\n`,
      annotations: annotations({
        ...failedReport(
          error ?? NO_ERROR,
          { dryRun, requests, durationMs: report.durationMs, orgs: [], notes: [] },
          'reconcile',
        ),
        status: error ? 'error' : status,
        warnings: [...failures, ...warnings],
      }),
    }),
  };
}
