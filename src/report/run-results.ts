import { CHANGE_KINDS, type Change, type ChangeKind, type Outcome, type Result } from '../model/change.ts';
import { changesOf, type PersonPlan } from '../model/plan.ts';
import type { RunReport } from './run-report.ts';

/** A person of the plan, and how each change for that person ended. */
export type PersonResults = { readonly person: PersonPlan; readonly results: readonly Result[] };

/** Every change with its outcome, in the plan's order. A run that ended early has not tried the rest. */
export function resultsOf(report: RunReport): readonly Result[] {
  if (report.plan === undefined) return [];
  const untried: Outcome = report.dryRun ? { kind: 'planned' } : { kind: 'skipped', why: 'not tried' };
  return changesOf(report.plan).map((change, index) => ({
    change,
    outcome: report.results[index]?.outcome ?? untried,
  }));
}

/** The people who have changes, in the plan's order. */
export function peopleOf(report: RunReport): readonly PersonResults[] {
  // Not by position: a move changes two users, which are not neighbours in the plan's order.
  const byChange = new Map(resultsOf(report).map((result) => [result.change, result]));
  return (report.plan?.people ?? [])
    .map((person) => ({ person, results: person.changes.flatMap((change) => byChange.get(change) ?? []) }))
    .filter((one) => one.results.length > 0);
}

type ChangeCounts = { readonly [kind in ChangeKind]: number };

/** How many changes there are of each kind. */
export function countKinds(changes: readonly Change[]): ChangeCounts {
  const counts = Object.fromEntries(CHANGE_KINDS.map((kind) => [kind, 0])) as Record<ChangeKind, number>;
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

type PeopleCounts = { readonly [movement in 'joining' | 'leaving' | 'demoted' | 'moved']: number };

/** How many people join, leave, lose a role or change their user key. */
export function countPeople(people: readonly PersonPlan[]): PeopleCounts {
  const counts = { joining: 0, leaving: 0, demoted: 0, moved: 0 };
  for (const { movement, move } of people) {
    if (movement === 'joining' || movement === 'leaving' || movement === 'demoted') counts[movement] += 1;
    // One person can move and be demoted in the same run.
    if (movement === 'moved' || move !== undefined) counts.moved += 1;
  }
  return counts;
}

/** How many results ended this way. */
export const countOutcome = (
  results: readonly { readonly outcome: Outcome }[],
  kind: Outcome['kind'],
): number => results.filter(({ outcome }) => outcome.kind === kind).length;
