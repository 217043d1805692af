import type { PolicyChange, PolicyResult } from '../model/policy.ts';
import { jsonText } from './json.ts';
import type { PolicyReport } from './policy-report.ts';
import { countPolicyKinds } from './policy-words.ts';

/** The document of CONTRACT §9, for `policy`. */
export function renderPolicyJson(report: PolicyReport): string {
  return jsonText(documentOf(report));
}

function documentOf({ plan, results, verdict, error, ...report }: PolicyReport) {
  return {
    version: 1,
    command: 'policy',
    dryRun: report.dryRun,
    status: report.status,
    summary: {
      changes: countPolicyKinds(plan?.changes ?? []),
      failed: results.filter(({ outcome }) => outcome.kind === 'failed').length,
    },
    changes: results.map(changeOf),
    guard: { verdict: verdict.verdict, violations: verdict.violations },
    warnings: report.warnings.map(({ code, message }) => ({ code, message })),
    requests: { github: report.requests.github, permit: report.requests.permit },
    durationMs: report.durationMs,
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } }),
  };
}

function changeOf({ change, outcome }: PolicyResult) {
  return {
    kind: change.kind,
    ...namesOf(change),
    outcome: outcome.kind,
    ...(outcome.kind === 'failed' ? { error: { code: outcome.code, message: outcome.message } } : {}),
    ...(outcome.kind === 'skipped' ? { why: outcome.why } : {}),
  };
}

function namesOf(change: PolicyChange) {
  switch (change.kind) {
    case 'createResource':
      return { resource: change.resource, ...change.label };
    case 'updateResource':
      return { resource: change.resource, from: change.from, to: change.to };
    case 'createAction':
      return { resource: change.resource, action: change.action };
    case 'createRole':
      return { role: change.role, ...change.label };
    case 'updateRole':
      return { role: change.role, from: change.from, to: change.to };
    case 'addPermission':
    case 'removePermission':
      return { role: change.role, permission: change.permission };
    case 'createTenant':
      return { tenant: change.tenant, ...change.label };
    case 'updateTenant':
      return { tenant: change.tenant, from: change.from, to: change.to };
  }
}
