import type { Sign } from '../../model/change.ts';
import type { ErrorCode } from '../../model/errors.ts';
import type { Verdict } from '../../model/limits.ts';
import {
  type LabelPart,
  POLICY_CHANGE_KINDS,
  type PolicyChange,
  type PolicyChangeKind,
  type PolicyPlan,
  type PolicyResult,
} from '../../model/policy.ts';
import type { Problem, Warning } from '../../model/problem.ts';
import { ORG_TYPE, TEAM_TYPE } from '../../model/repositories/access-model.ts';
import { groupBy } from '../../model/text/record.ts';
import { count, enumerate } from '../../model/text/text.ts';
import { endFields, outcomeFields, warningFields } from '../json.ts';
import {
  dryRunNote,
  type Group,
  joinPhrases,
  name,
  type Page,
  type Phrase,
  type Span,
  warningsSection,
} from '../page.ts';
import { type Cost, countKinds, countOutcome, type RunReport, type Status } from '../run-report.ts';
import { duration } from '../words.ts';
import { BADGE, errorAnnotation, errorSections, limitsSection, outcomeRemark, whereOf } from './run.ts';
import { whereFields } from './run-document.ts';
import { appliedOf, describeRunError, describeUndone, STATUS_TONE } from './run-summary.ts';

export type PolicyReport = Cost &
  Pick<RunReport, 'target' | 'config'> & {
    readonly dryRun: boolean;
    readonly status: Status;
    /** Undefined when the run ended before planning. */
    readonly plan: PolicyPlan | undefined;
    /** One for each change of the plan, in the plan's order. */
    readonly results: readonly PolicyResult[];
    readonly verdict: Verdict;
    readonly warnings: readonly Warning[];
    readonly error: Problem<ErrorCode> | undefined;
  };

/** What `policy` adds and changes in Permit's schema: reads like a plan. */
export function policyPage(report: PolicyReport): Page {
  const { dryRun, status, plan, results, verdict, warnings, error } = report;
  return {
    heading: `gh-permit-sync policy: ${BADGE[status]}`,
    title: [{ text: 'Permit policy', strong: true }, ...dryRunNote(dryRun)],
    context: dryRun ? ['dry run'] : [],
    where: whereOf(report),
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
      limitsSection(verdict.violations),
    ],
    summary: {
      ...summarize(report),
      tone: STATUS_TONE[status],
      facts: `${count(report.requests.permit, 'request')} to Permit, ${duration(report.durationMs)}`,
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

/** What each kind of change is called: "1 role to create", "1 role created". */
const KINDS: {
  readonly [kind in PolicyChangeKind]: readonly [sign: Sign, noun: string, verb: string, done: string];
} = {
  createResource: ['+', 'resource', 'create', 'created'],
  updateResource: ['~', 'resource', 'update', 'updated'],
  createAction: ['+', 'action', 'create', 'created'],
  createRelation: ['+', 'relation', 'create', 'created'],
  createResourceRole: ['+', 'resource role', 'create', 'created'],
  extendResourceRole: ['~', 'resource role', 'extend', 'extended'],
  createRole: ['+', 'role', 'create', 'created'],
  updateRole: ['~', 'role', 'update', 'updated'],
  addPermission: ['+', 'permission', 'add', 'added'],
  removePermission: ['-', 'permission', 'take', 'taken'],
  createTenant: ['+', 'tenant', 'create', 'created'],
  updateTenant: ['~', 'tenant', 'update', 'updated'],
};

/** One for each resource, role and tenant, in the plan's order. Its title is also the change that creates it. */
function groupsOf(report: PolicyReport): readonly Group[] {
  const bySubject = groupBy(report.results, ({ change }) => JSON.stringify(subjectPhrase(change)));
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
        sign: KINDS[change.kind][0],
        label: changePhrase(change),
        remarks: [outcomeRemark(outcome, report)],
      })),
  };
}

/** Roles and tenants that only grants name are created empty. */
function creationOf({ change, outcome }: PolicyResult, report: PolicyReport): Pick<Group, 'own' | 'remarks'> {
  const remark = outcomeRemark(outcome, report);
  if (!('bare' in change)) return { own: 'create', remarks: [remark] };
  const without = `without ${change.kind === 'createRole' ? 'permissions' : 'actions'}, since only grants name it`;
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
  if ('label' in change) return 'create';
  if ('to' in change) return relabelPhrase(change.from, change.to);
  if ('action' in change) return ['action ', name(change.action)];
  if (change.kind === 'createRelation') {
    return ['relation ', name(change.relation), ' to ', name(change.subject)];
  }
  if ('derivations' in change) return rolePhrase(change);
  return ['permission ', name(change.permission)];
}

/** "role writer: read, triage, write; follows from 12 roles". */
function rolePhrase(change: Extract<PolicyChange, { readonly derivations: readonly unknown[] }>): Phrase {
  const { role, permissions, derivations } = change;
  const from = count(derivations.length, 'role');
  const has = [
    ...(permissions.length > 0 ? [permissions.join(', ')] : []),
    ...(derivations.length > 0 ? [`follows from ${from}`] : []),
  ].join('; ');
  if (has === '') return ['role ', name(role), ` without permissions, since only ${namers(change)} it`];
  return ['role ', name(role), `${change.kind === 'extendResourceRole' ? ', also' : ':'} ${has}`];
}

/** Roles on repositories follow from roles on organizations and teams. */
const namers = ({ resource }: { readonly resource: string }): string =>
  resource === ORG_TYPE || resource === TEAM_TYPE ? 'other roles follow from' : 'grants name';

function relabelPhrase(from: LabelPart, to: LabelPart): Phrase {
  const quoted = (text: string | undefined): Span => name(`"${text ?? ''}"`);
  const parts = (['name', 'description'] as const).filter((part) => to[part] !== undefined);
  return joinPhrases(
    parts.map((part) => [`${part} `, quoted(from[part]), ' → ', quoted(to[part])]),
    ', ',
  );
}

function describeCounts(changes: readonly PolicyChange[], tense: 'to do' | 'done'): string {
  const counts = countKinds(POLICY_CHANGE_KINDS, changes);
  const parts = POLICY_CHANGE_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const [, noun, verb, done] = KINDS[kind];
    return `${count(counts[kind], noun)} ${tense === 'done' ? done : `to ${verb}`}`;
  });
  return parts.join(', ');
}

function summarize(report: PolicyReport): { readonly verdict: string; readonly sentence: string } {
  const changes = report.plan?.changes ?? [];
  const plan = describeCounts(changes, 'to do') || 'nothing to change';
  switch (report.status) {
    case 'in-sync':
      return { verdict: 'In sync', sentence: 'Permit matches the policy, nothing to change' };
    case 'pending':
      return { verdict: 'Plan', sentence: `${plan} (dry run, nothing was written)` };
    case 'applied':
      return { verdict: 'Applied', sentence: describeCounts(changes, 'done') };
    case 'partial':
      return { verdict: 'Partly applied', sentence: describePartial(report) };
    case 'refused':
      return { verdict: 'Refused', sentence: `${plan}; a limit is crossed, nothing was written` };
    case 'error':
      return { verdict: 'Error', sentence: `${describeRunError(report)}; nothing was written` };
    default:
      return report.status satisfies never;
  }
}

function describePartial({ results }: PolicyReport): string {
  return [describeCounts(appliedOf(results), 'done') || 'nothing', ...describeUndone(results)].join('; ');
}

function byRole(
  held: readonly { readonly role: string; readonly permission: string }[],
): readonly (readonly [role: string, permissions: readonly string[]])[] {
  const roles = groupBy(held, ({ role }) => role);
  return [...roles].map(([role, all]) => [role, all.map(({ permission }) => permission)]);
}

/**
 * The limit that the plan crosses, with every permission that would be removed and the flag that allows exactly that.
 */
export function policyRefusal({ changes }: PolicyPlan, { violations }: Verdict) {
  const taken = changes.filter((change) => change.kind === 'removePermission');
  return {
    code: 'GUARD_REFUSED' as const,
    message: [
      'roles hold permissions that the policy does not give them, and nothing was written',
      ...byRole(taken).map(([role, permissions]) => `${role}: ${enumerate(permissions, permissions.length)}`),
    ].join('\n'),
    hint: [
      'add them to the policy or, to remove them, allow exactly this:',
      violations.map(({ override }) => override).join(' '),
    ].join('\n'),
  };
}

/** One warning for each role that keeps more than the policy gives it. */
export function keptPermissions({ kept }: PolicyPlan): readonly Warning[] {
  return byRole(kept).map(([role, permissions]) => ({
    code: 'KEPT_UPSERT_ONLY',
    message: `the role ${role} keeps ${enumerate(permissions)} beyond the policy, because mode upsert-only removes nothing`,
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
function documentOf({ plan, results, verdict, ...report }: PolicyReport) {
  return {
    version: 1,
    command: 'policy',
    dryRun: report.dryRun,
    status: report.status,
    ...whereFields(report),
    summary: {
      changes: countKinds(POLICY_CHANGE_KINDS, plan?.changes ?? []),
      failed: countOutcome(results, 'failed'),
    },
    changes: results.map(({ change, outcome }) => ({
      kind: change.kind,
      ...fieldsOf(change),
      ...outcomeFields(outcome),
    })),
    guard: { verdict: verdict.verdict, violations: verdict.violations },
    warnings: warningFields(report.warnings),
    ...endFields(report),
  };
}

function fieldsOf(change: PolicyChange) {
  const { kind: _, ...fields } = change;
  if (!('label' in fields)) return fields;
  const { label, ...subject } = fields;
  if (!('bare' in subject)) return { ...subject, ...label };
  const { bare: _bare, ...named } = subject;
  return { ...named, ...label };
}
