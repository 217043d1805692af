import { type Stop, stopError } from '../http/stop.ts';
import type { PolicySetUp } from '../policy/set-up-policy.ts';
import type { Page } from '../report/page.ts';
import { keptPermissions, type PolicyReport, policyPage, policyRefusal } from '../report/pages/policy.ts';
import type { Status } from '../report/run-report.ts';
import type { ExitCode, Facts, FailureFacts, Outcome, ShownError } from './command.ts';

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
  const refusal = isRefused ? policyRefusal(plan, verdict) : undefined;
  return {
    page: policyPage(report),
    errors: refusal ? [refusal] : [],
    exitCode: exitCodeOf(report.status, detailedExitcode),
  };
}

/** The page of a `policy` that ended with an error. */
export const failedPolicy = (error: ShownError, { dryRun, requests, durationMs }: FailureFacts): Page =>
  policyPage({
    ...{ dryRun, requests, durationMs, error },
    status: 'error',
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
  });

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
