import type { Outcome, Result } from '../model/change.ts';
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
  // Not by position: somebody who moves has changes for two users, which stand apart in the plan's order.
  const byChange = new Map(resultsOf(report).map((result) => [result.change, result]));
  return (report.plan?.people ?? [])
    .map((person) => ({ person, results: person.changes.flatMap((change) => byChange.get(change) ?? []) }))
    .filter((one) => one.results.length > 0);
}

/**
 * The people to show where not all can be: those with a failed change before those who lose something, before
 * everybody else; then again in the plan's order.
 */
export function mostTelling(people: readonly PersonResults[], most: number): readonly PersonResults[] {
  if (people.length <= most) return people;
  const ranked = people.map((one, index) => ({ one, index, rank: rankOf(one) }));
  const chosen = ranked.toSorted((a, b) => a.rank - b.rank || a.index - b.index).slice(0, most);
  return chosen.toSorted((a, b) => a.index - b.index).map(({ one }) => one);
}

function rankOf({ person, results }: PersonResults): number {
  if (results.some(({ outcome }) => outcome.kind === 'failed')) return 0;
  return person.movement === 'leaving' || person.movement === 'demoted' ? 1 : 2;
}

/**
 * What is to be said of an outcome, or undefined where the report's status already says it: in a run that wrote
 * nothing, every change is one that was not tried.
 */
export function remarkOn(outcome: Outcome, report: RunReport): string | undefined {
  const wroteNothing = report.dryRun || report.status === 'refused' || report.status === 'error';
  switch (outcome.kind) {
    case 'planned':
    case 'applied':
      return undefined;
    case 'skipped':
      return wroteNothing ? undefined : `skipped: ${outcome.why}`;
    case 'failed':
      return `failed: ${outcome.code} ${outcome.message}`;
  }
}
