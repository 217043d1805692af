import {
  type LabelPart,
  POLICY_CHANGE_KINDS,
  type PolicyChange,
  type PolicyChangeKind,
  type PolicyResult,
  type PolicyViolation,
} from '../model/policy.ts';
import type { PolicyReport } from './policy-report.ts';
import { amount, duration, quantity, type Sign } from './words.ts';

export const SIGN_OF_POLICY_KIND: { readonly [kind in PolicyChangeKind]: Sign } = {
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

/** A role that grants name and the policy does not. */
export const isBare = (change: PolicyChange): boolean => change.kind === 'createRole' && change.bare === true;
export const WITHOUT_PERMISSIONS = 'without permissions, since only grants name it';

/** What a change is about: "resource membership", "role admin", "tenant default"; `name` dresses the key. */
export function subjectOf(change: PolicyChange, name: (key: string) => string = (key) => key): string {
  if ('resource' in change) return `resource ${name(change.resource)}`;
  if ('role' in change) return `role ${name(change.role)}`;
  return `tenant ${name(change.tenant)}`;
}

/** What happens to that: "action edit-repo", `name "Old" → "New"`; `name` dresses what may come from outside. */
export function describePolicyChange(
  change: PolicyChange,
  name: (text: string) => string = (text) => text,
): string {
  switch (change.kind) {
    case 'createRole':
      return isBare(change) ? `create ${WITHOUT_PERMISSIONS}` : 'create';
    case 'createResource':
    case 'createTenant':
      return 'create';
    case 'updateResource':
    case 'updateRole':
    case 'updateTenant':
      return describeRelabel(change.from, change.to, name);
    case 'createAction':
      return `action ${name(change.action)}`;
    case 'addPermission':
    case 'removePermission':
      return `permission ${name(change.permission)}`;
  }
}

function describeRelabel(from: LabelPart, to: LabelPart, name: (text: string) => string): string {
  const shown = (text: string | undefined): string => name(`"${text ?? ''}"`);
  const parts = (['name', 'description'] as const).filter((part) => to[part] !== undefined);
  return parts.map((part) => `${part} ${shown(from[part])} → ${shown(to[part])}`).join(', ');
}

export type PolicyCounts = { readonly [kind in PolicyChangeKind]: number };

/** How many changes there are of each kind; a kind without any counts 0. */
export function countPolicyKinds(changes: readonly PolicyChange[]): PolicyCounts {
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
  const counts = countPolicyKinds(changes);
  const parts = POLICY_CHANGE_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const [noun, toDo, done] = NOUNS[kind];
    return `${amount(counts[kind], noun)} ${tense === 'done' ? done : toDo}`;
  });
  return parts.join(', ');
}

export const describePolicyViolation = ({ limit, planned, allowed }: PolicyViolation): string =>
  `${limit}: ${quantity(planned)} planned, ${quantity(allowed)} allowed`;

/** What is to be said of an outcome, or undefined where the report's status already says it. */
export function remarkOnPolicy(
  { outcome }: PolicyResult,
  { dryRun, status }: PolicyReport,
): string | undefined {
  if (outcome.kind === 'failed') return `failed: ${outcome.code} ${outcome.message}`;
  const wroteNothing = dryRun || status === 'refused' || status === 'error';
  return outcome.kind === 'skipped' && !wroteNothing ? `skipped: ${outcome.why}` : undefined;
}

export type PolicySummary = { readonly verdict: string; readonly sentence: string; readonly facts: string };

/** The last line of a report, in three parts: "Applied", "1 role created", "7 requests to Permit, 431 ms". */
export function summarizePolicy(report: PolicyReport): PolicySummary {
  const changes = report.plan?.changes ?? [];
  const plan = describeCounts(changes, 'to do') || 'nothing to change';
  const facts = `${amount(report.requests.permit, 'request')} to Permit, ${duration(report.durationMs)}`;
  switch (report.status) {
    case 'in-sync':
      return { verdict: 'In sync', sentence: 'Permit holds what the policy says, nothing to change', facts };
    case 'pending':
      return { verdict: 'Plan', sentence: `${plan} (dry run, nothing was written)`, facts };
    case 'applied':
      return { verdict: 'Applied', sentence: describeCounts(changes, 'done'), facts };
    case 'partial':
      return { verdict: 'Partly applied', sentence: describePartial(report), facts };
    case 'refused':
      return { verdict: 'Refused', sentence: `${plan}; a limit is crossed, nothing was written`, facts };
    case 'error': {
      const [first = ''] = (report.error?.message ?? 'the run ended early').split(/\r?\n/);
      const code = report.error ? ` (${report.error.code})` : '';
      return {
        verdict: 'Error',
        sentence: `${first.replace(/[\s.:]+$/, '')}${code}; nothing was written`,
        facts,
      };
    }
  }
}

function describePartial({ results }: PolicyReport): string {
  const of = (kind: 'applied' | 'failed' | 'skipped'): readonly PolicyChange[] =>
    results.filter(({ outcome }) => outcome.kind === kind).map(({ change }) => change);
  const failed = of('failed').length;
  const skipped = of('skipped').length;
  const short = [
    failed > 0 ? `${amount(failed, 'change')} failed` : '',
    skipped > 0 ? `${amount(skipped, 'change')} skipped` : '',
  ].filter(Boolean);
  return [describeCounts(of('applied'), 'done') || 'nothing', short.join(', ')].filter(Boolean).join('; ');
}

/** The changes of one resource, role or tenant, in the plan's order. */
export type PolicyGroup = { readonly subject: PolicyChange; readonly results: readonly PolicyResult[] };

export function groupPolicy(results: readonly PolicyResult[]): readonly PolicyGroup[] {
  const groups = new Map<string, PolicyResult[]>();
  for (const result of results) {
    const subject = subjectOf(result.change);
    groups.set(subject, [...(groups.get(subject) ?? []), result]);
  }
  return [...groups.values()].flatMap((group) =>
    group[0] ? [{ subject: group[0].change, results: group }] : [],
  );
}
