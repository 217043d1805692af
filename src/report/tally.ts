import {
  CHANGE_KINDS,
  CHANGES,
  type Change,
  type ChangeKind,
  type Outcome,
  type Result,
} from '../model/change.ts';
import type { PersonPlan } from '../model/plan.ts';
import { quantity } from './words.ts';

export type ChangeCounts = { readonly [kind in ChangeKind]: number };

/** How many changes there are of each kind; a kind without any counts 0. */
export function countKinds(changes: readonly Change[]): ChangeCounts {
  const counts = Object.fromEntries(CHANGE_KINDS.map((kind) => [kind, 0])) as Record<ChangeKind, number>;
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

export type PeopleCounts = { readonly [movement in 'joining' | 'leaving' | 'demoted' | 'moved']: number };

/** How many people join, leave, lose a role or change their user key. */
export function countPeople(people: readonly PersonPlan[]): PeopleCounts {
  const counts = { joining: 0, leaving: 0, demoted: 0, moved: 0 };
  for (const { movement, move } of people) {
    if (movement === 'joining' || movement === 'leaving' || movement === 'demoted') counts[movement] += 1;
    // Somebody may move and be demoted in one run.
    if (movement === 'moved' || move !== undefined) counts.moved += 1;
  }
  return counts;
}

export function countOutcome(results: readonly Result[], kind: Outcome['kind']): number {
  return results.filter(({ outcome }) => outcome.kind === kind).length;
}

/** "2 users to create, 1 to delete, 3 roles to assign", or "… created, …"; "" where there is nothing. */
export function describeCounts(counts: ChangeCounts, tense: 'to do' | 'done'): string {
  const list = (noun: 'user' | 'role'): readonly string[] =>
    CHANGE_KINDS.filter((kind) => CHANGES[kind].noun === noun && counts[kind] > 0).map((kind, index) => {
      const { verb, done } = CHANGES[kind];
      const counted = index > 0 ? '' : ` ${noun}${counts[kind] === 1 ? '' : 's'}`;
      return `${quantity(counts[kind])}${counted} ${tense === 'done' ? done : `to ${verb}`}`;
    });
  return [...list('user'), ...list('role')].join(', ');
}
