import type { Change, ChangeKind, Outcome, PersonPlan, Result } from '../model/plan.ts';
import { quantity } from './words.ts';

export type ChangeCounts = { readonly [kind in ChangeKind]: number };

/** How many changes there are of each kind; a kind without any counts 0. */
export function countKinds(changes: readonly Change[]): ChangeCounts {
  const counts = { createUser: 0, updateUser: 0, deleteUser: 0, assignRole: 0, unassignRole: 0 };
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

const USER_KINDS = ['createUser', 'updateUser', 'deleteUser'] as const;
const GRANT_KINDS = ['assignRole', 'unassignRole'] as const;
const DONE: { readonly [kind in ChangeKind]: string } = {
  createUser: 'created',
  updateUser: 'updated',
  deleteUser: 'deleted',
  assignRole: 'assigned',
  unassignRole: 'unassigned',
};
const TO_DO: { readonly [kind in ChangeKind]: string } = {
  createUser: 'to create',
  updateUser: 'to update',
  deleteUser: 'to delete',
  assignRole: 'to assign',
  unassignRole: 'to unassign',
};

/** "2 users to create, 1 to delete, 3 roles to assign", or "… created, …"; "" where there is nothing. */
export function describeCounts(counts: ChangeCounts, tense: 'to do' | 'done'): string {
  const verb = tense === 'done' ? DONE : TO_DO;
  const list = (noun: string, kinds: readonly ChangeKind[]): readonly string[] =>
    kinds
      .filter((kind) => counts[kind] > 0)
      .map((kind, index) => {
        const counted = index > 0 ? '' : ` ${noun}${counts[kind] === 1 ? '' : 's'}`;
        return `${quantity(counts[kind])}${counted} ${verb[kind]}`;
      });
  return [...list('user', USER_KINDS), ...list('role', GRANT_KINDS)].join(', ');
}
