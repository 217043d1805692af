import type { ErrorCode } from '../../model/errors.ts';
import {
  type LabelPart,
  POLICY_CHANGE_KINDS,
  type PolicyChange,
  type PolicyChangeKind,
  type PolicyPlan,
  type PolicyResult,
  type PolicyVerdict,
  type PolicyViolation,
} from '../../model/policy.ts';
import { enumerate } from '../../model/text.ts';
import { outcomeFields } from '../json.ts';
import { type Group, name, type Page, type Phrase, type Sign, type Span, warningsSection } from '../page.ts';
import type { Status, Warning } from '../run-report.ts';
import { countOutcome } from '../run-results.ts';
import { amount, duration, firstLineOf, quantity } from '../words.ts';
import { BADGE, errorAnnotation, errorSections, limitsSection, outcomeRemark } from './run.ts';
import { STATUS_TONE } from './run-summary.ts';

export type PolicyReport = {
  readonly dryRun: boolean;
  readonly status: Status;
  /** Undefined when the run ended before planning. */
  readonly plan: PolicyPlan | undefined;
  /** One for each change of the plan, in the plan's order. */
  readonly results: readonly PolicyResult[];
  readonly verdict: PolicyVerdict;
  readonly warnings: readonly Warning[];
  /** HTTP requests sent, retries included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string } | undefined;
};

/** What `policy` adds and changes in Permit's schema: reads like a plan. */
export function policyPage(report: PolicyReport): Page {
  const { dryRun, status, plan, results, verdict, warnings, error } = report;
  return {
    heading: `gh-permit-sync policy: ${BADGE[status]}`,
    title: [
      { text: 'Policy of Permit', strong: true },
      ...(dryRun ? [{ text: ' (dry run)', tone: 'faint' as const }] : []),
    ],
    context: dryRun ? ['dry run'] : [],
    sections: [
      ...errorSections(error),
      {
        kind: 'groups',
        title: 'Changes',
        columns: ['On', 'Change', 'Outcome'],
        noun: ['thing', 'things'],
        groups: groupsOf(report),
      },
      warningsSection(warnings),
      limitsSection(verdict.violations.map((one) => ({ label: describeViolation(one), ...one }))),
    ],
    summary: {
      ...summarize(report),
      tone: STATUS_TONE[status],
      facts: `${amount(report.requests.permit, 'request')} to Permit, ${duration(report.durationMs)}`,
    },
    ...(status === 'error' ? { isSilent: 'always' } : {}),
    ...(status === 'in-sync' ? { isSilent: 'with --quiet' } : {}),
    document: documentOf(report),
    actions: {
      errors: errorsOf(report),
      warnings: [...failures(results), ...warnings].map(({ code, message }) => ({ title: code, message })),
      outputs: { status, changes: plan?.changes.length ?? 0, refused: status === 'refused' },
    },
  };
}

const SIGN_OF_KIND: { readonly [kind in PolicyChangeKind]: Sign } = {
  createResource: '+',
  updateResource: '~',
  createAction: '+',
  createRole: '+',
  updateRole: '~',
  addPermission: '+',
  removePermission: '-',
  createTenant: '+',
  updateTenant: '~',
};

/** One for each resource, role and tenant, in the plan's order. Its title is also the change that creates it. */
function groupsOf(report: PolicyReport): readonly Group[] {
  const bySubject = new Map<string, PolicyResult[]>();
  for (const result of report.results) {
    const key = JSON.stringify(subjectPhrase(result.change));
    bySubject.set(key, [...(bySubject.get(key) ?? []), result]);
  }
  return [...bySubject.values()].map((results) => groupOf(results, report));
}

function groupOf(results: readonly PolicyResult[], report: PolicyReport): Group {
  const creation = results.find(({ change }) => 'label' in change);
  const [first] = results;
  return {
    sign: creation ? '+' : '~',
    title: first ? subjectPhrase(first.change) : '',
    ...(creation ? creationOf(creation, report) : {}),
    rows: results
      .filter((result) => result !== creation)
      .map(({ change, outcome }) => ({
        sign: SIGN_OF_KIND[change.kind],
        label: changePhrase(change),
        remarks: [outcomeRemark(outcome, report)],
      })),
  };
}

/** A role that grants name and the policy does not has no permissions. */
function creationOf({ change, outcome }: PolicyResult, report: PolicyReport): Pick<Group, 'own' | 'remarks'> {
  const remark = outcomeRemark(outcome, report);
  if (change.kind !== 'createRole' || change.bare !== true) return { own: 'create', remarks: [remark] };
  const without = 'without permissions, since only grants name it';
  return { own: `create ${without}`, remarks: [{ text: without, tone: 'faint', only: 'text' }, remark] };
}

/** "resource membership", "role admin", "tenant default". */
function subjectPhrase(change: PolicyChange): Phrase {
  if ('resource' in change) return ['resource ', name(change.resource)];
  if ('role' in change) return ['role ', name(change.role)];
  return ['tenant ', name(change.tenant)];
}

/** "action edit-repo", `name "Old" → "New"`. */
function changePhrase(change: PolicyChange): Phrase {
  switch (change.kind) {
    case 'createResource':
    case 'createRole':
    case 'createTenant':
      return 'create';
    case 'updateResource':
    case 'updateRole':
    case 'updateTenant':
      return relabelPhrase(change.from, change.to);
    case 'createAction':
      return ['action ', name(change.action)];
    case 'addPermission':
    case 'removePermission':
      return ['permission ', name(change.permission)];
    default:
      return change satisfies never;
  }
}

function relabelPhrase(from: LabelPart, to: LabelPart): Phrase {
  const quoted = (text: string | undefined): Span => name(`"${text ?? ''}"`);
  return (['name', 'description'] as const)
    .filter((part) => to[part] !== undefined)
    .flatMap((part, index) => [
      `${index === 0 ? '' : ', '}${part} `,
      quoted(from[part]),
      ' → ',
      quoted(to[part]),
    ]);
}

type Counts = { readonly [kind in PolicyChangeKind]: number };

/** How many changes there are of each kind. */
function countKinds(changes: readonly PolicyChange[]): Counts {
  const counts = Object.fromEntries(POLICY_CHANGE_KINDS.map((kind) => [kind, 0])) as {
    [kind in PolicyChangeKind]: number;
  };
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

const NOUNS: { readonly [kind in PolicyChangeKind]: readonly [noun: string, toDo: string, done: string] } = {
  createResource: ['resource', 'to create', 'created'],
  updateResource: ['resource', 'to update', 'updated'],
  createAction: ['action', 'to create', 'created'],
  createRole: ['role', 'to create', 'created'],
  updateRole: ['role', 'to update', 'updated'],
  addPermission: ['permission', 'to add', 'added'],
  removePermission: ['permission', 'to take', 'taken'],
  createTenant: ['tenant', 'to create', 'created'],
  updateTenant: ['tenant', 'to update', 'updated'],
};

function describeCounts(changes: readonly PolicyChange[], tense: 'to do' | 'done'): string {
  const counts = countKinds(changes);
  const parts = POLICY_CHANGE_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const [noun, toDo, done] = NOUNS[kind];
    return `${amount(counts[kind], noun)} ${tense === 'done' ? done : toDo}`;
  });
  return parts.join(', ');
}

const describeViolation = ({ limit, planned, allowed }: PolicyViolation): string =>
  `${limit}: ${quantity(planned)} planned, ${quantity(allowed)} allowed`;

function summarize(report: PolicyReport): { readonly verdict: string; readonly sentence: string } {
  const changes = report.plan?.changes ?? [];
  const plan = describeCounts(changes, 'to do') || 'nothing to change';
  switch (report.status) {
    case 'in-sync':
      return { verdict: 'In sync', sentence: 'Permit holds what the policy says, nothing to change' };
    case 'pending':
      return { verdict: 'Plan', sentence: `${plan} (dry run, nothing was written)` };
    case 'applied':
      return { verdict: 'Applied', sentence: describeCounts(changes, 'done') };
    case 'partial':
      return { verdict: 'Partly applied', sentence: describePartial(report) };
    case 'refused':
      return { verdict: 'Refused', sentence: `${plan}; a limit is crossed, nothing was written` };
    case 'error': {
      const { error } = report;
      const what = error ? `${firstLineOf(error.message)} (${error.code})` : 'the run ended early';
      return { verdict: 'Error', sentence: `${what}; nothing was written` };
    }
    default:
      return report.status satisfies never;
  }
}

function describePartial({ results }: PolicyReport): string {
  const applied = results.filter(({ outcome }) => outcome.kind === 'applied').map(({ change }) => change);
  const failed = countOutcome(results, 'failed');
  const skipped = countOutcome(results, 'skipped');
  const short = [
    failed > 0 ? `${amount(failed, 'change')} failed` : '',
    skipped > 0 ? `${amount(skipped, 'change')} skipped` : '',
  ].filter(Boolean);
  return [describeCounts(applied, 'done') || 'nothing', short.join(', ')].filter(Boolean).join('; ');
}

/** Permissions that roles hold beyond the policy. */
type Held = { readonly role: string; readonly permission: string };

function byRole(held: readonly Held[]): readonly (readonly [role: string, permissions: readonly string[]])[] {
  const roles = [...new Set(held.map(({ role }) => role))];
  return roles.map((role) => [
    role,
    held.filter((one) => one.role === role).map(({ permission }) => permission),
  ]);
}

/** The limit that the plan crosses, with every permission that would be taken and the flag that allows just that. */
export function policyRefusal({ changes }: PolicyPlan, { violations }: PolicyVerdict) {
  const taken = changes.filter((change) => change.kind === 'removePermission');
  return {
    code: 'GUARD_REFUSED' as const,
    message: [
      'roles hold permissions that the policy does not give them, and nothing was written',
      ...byRole(taken).map(([role, permissions]) => `${role}: ${enumerate(permissions, permissions.length)}`),
    ].join('\n'),
    hint: [
      'add them to the policy, or, if they are to be taken away, allow just this much:',
      violations.map(({ override }) => override).join(' '),
    ].join('\n'),
  };
}

/** One warning for each role that keeps more than the policy gives it. */
export function keptPermissions({ kept }: PolicyPlan): readonly Warning[] {
  return byRole(kept).map(([role, permissions]) => ({
    code: 'KEPT_UPSERT_ONLY',
    message: `the role ${role} keeps ${enumerate(permissions)} beyond the policy, since mode upsert-only takes nothing away`,
  }));
}

function errorsOf(report: PolicyReport) {
  const { error, status, plan, verdict } = report;
  if (status === 'refused' && plan) return [errorAnnotation(policyRefusal(plan, verdict))];
  return status === 'error' ? [errorAnnotation(error)] : [];
}

const failures = (results: readonly PolicyResult[]): readonly Warning[] =>
  results.flatMap(({ outcome }) =>
    outcome.kind === 'failed' ? [{ code: outcome.code, message: outcome.message }] : [],
  );

/** The document of CONTRACT §9, for `policy`. */
function documentOf({ plan, results, verdict, error, ...report }: PolicyReport) {
  return {
    version: 1,
    command: 'policy',
    dryRun: report.dryRun,
    status: report.status,
    summary: { changes: countKinds(plan?.changes ?? []), failed: countOutcome(results, 'failed') },
    changes: results.map(({ change, outcome }) => ({
      kind: change.kind,
      ...fieldsOf(change),
      ...outcomeFields(outcome),
    })),
    guard: { verdict: verdict.verdict, violations: verdict.violations },
    warnings: report.warnings.map(({ code, message }) => ({ code, message })),
    requests: { github: report.requests.github, permit: report.requests.permit },
    durationMs: report.durationMs,
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } }),
  };
}

function fieldsOf(change: PolicyChange) {
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
    default:
      return change satisfies never;
  }
}
