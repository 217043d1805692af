import { type Grant, grantId } from '../model/grant.ts';
import type { OrgId, UserKey } from '../model/identity.ts';
import {
  type Mark,
  type MarkAttributes,
  markAttributesOf,
  markKeysThatDiffer,
  writeMark,
} from '../model/mark.ts';
import { type Change, compareChanges, type Movement, type PersonPlan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedGrants } from './managed-grants.ts';
import type { ManagedUser } from './ownership.ts';
import type { GivenGrant } from './statements.ts';

/** Whether something may be taken from a person, and if not, why the person keeps it. */
export type Taking = 'allowed' | 'out-of-scope' | 'unconfirmed' | 'upsert-only';

/** A person's plan, and what the person keeps although nothing gives it any more. */
export type Planned = { readonly plan: PersonPlan | undefined; readonly kept: boolean };

/** Somebody without a user: creates one with our mark, then the grants. */
export function join(person: DesiredPerson, key: UserKey, owner: string): PersonPlan {
  const mark: Mark = { id: person.id, login: person.login, orgs: person.orgs, owner, origin: 'created' };
  return finish(person, key, 'joining', [
    { kind: 'createUser', user: key, reason: reasonFor(person.grants), mark: writeMark(mark) },
    ...person.grants.map((given) => assign(key, given)),
  ]);
}

/** Somebody who was released and is back: the mark is put on the user again, then the grants. */
export function takeUp(
  person: DesiredPerson,
  user: PermitUser,
  owner: string,
  managed: ManagedGrants,
  taking: Taking,
): Planned {
  const mark: Mark = { id: person.id, login: person.login, orgs: person.orgs, owner, origin: 'adopted' };
  return settle(person, user, mark, managed, taking);
}

/** Somebody who has a user of ours: its profile and managed grants are brought to what they should be. */
export function stay(
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  managed: ManagedGrants,
  taking: Taking,
  covered: (org: OrgId) => boolean,
): Planned {
  // What was not taken still rests on the organizations that gave it.
  const behind = taking === 'allowed' ? mark.orgs.filter((org) => !covered(org)) : mark.orgs;
  const orgs = [...new Set([...person.orgs, ...behind])].sort((a, b) => a - b);
  return settle(person, user, { ...mark, login: person.login, orgs }, managed, taking);
}

function settle(
  person: DesiredPerson,
  user: PermitUser,
  mark: Mark,
  managed: ManagedGrants,
  taking: Taking,
): Planned {
  const wanted = new Set(person.grants.map(({ grant }) => grantId(grant)));
  const held = user.grants.filter(managed.has);
  const heldIds = new Set(held.map(grantId));
  const gains = person.grants.filter(({ grant }) => !heldIds.has(grantId(grant)));
  const surplus = held.filter((grant) => !wanted.has(grantId(grant)));
  const losses = taking === 'allowed' ? surplus : [];

  const from = markAttributesOf(user.attributes);
  const to = writeMark(mark);
  const changes: Change[] = [
    ...gains.map((given) => assign(user.key, given)),
    ...losses.map((grant) => unassign(user.key, grant, `${managed.sourceOf(grant)} no longer holds`)),
  ];
  if (markKeysThatDiffer(from, to).length > 0) {
    changes.push({ kind: 'updateUser', user: user.key, reason: describeUpdate(from, to), from, to });
  }
  const movement = movementOf(held, gains, losses, managed);
  return { plan: finish(person, user.key, movement, changes), kept: surplus.length > losses.length };
}

/**
 * Somebody to whom nothing gives anything any more. What we created and nobody else uses is deleted; an adopted
 * user, or one with foreign grants, is released: our grants and our mark go, the rest stays.
 */
export function leave(
  { user, mark }: ManagedUser,
  managed: ManagedGrants,
  taking: Taking,
  reason: string,
): Planned {
  if (taking !== 'allowed') return { plan: undefined, kept: true };
  const held = user.grants.filter(managed.has);
  const foreign = held.length < user.grants.length;
  const from = markAttributesOf(user.attributes);
  const changes: readonly Change[] =
    mark.origin === 'created' && !foreign
      ? [{ kind: 'deleteUser', user: user.key, reason, last: from }]
      : [
          ...held.map((grant) => unassign(user.key, grant, reason)),
          {
            kind: 'updateUser',
            user: user.key,
            reason: `${reason}; released, since ${foreign ? 'it holds grants that are not ours' : 'it was adopted'}`,
            from,
            // Kept, so that the person is known again on return.
            to: { github_id: mark.id },
          },
        ];
  const movement: Movement = held.length > 0 ? 'leaving' : 'changed';
  return { plan: finish(mark, user.key, movement, changes), kept: false };
}

function movementOf(
  held: readonly Grant[],
  gains: readonly GivenGrant[],
  losses: readonly Grant[],
  managed: ManagedGrants,
): Movement {
  if (held.length === 0) return gains.length > 0 ? 'joining' : 'changed';
  const strongestGain = Math.min(...gains.map(({ rank }) => rank));
  const strongest = (grants: readonly Grant[]): number => Math.min(...grants.map(managed.rankOf));
  if (losses.length > 0) return strongestGain < strongest(losses) ? 'promoted' : 'demoted';
  return gains.length > 0 && strongestGain < strongest(held) ? 'promoted' : 'changed';
}

function finish(
  person: { readonly id: PersonPlan['id']; readonly login: string },
  user: UserKey,
  movement: Movement,
  changes: readonly Change[],
): PersonPlan {
  return { id: person.id, login: person.login, user, movement, changes: changes.toSorted(compareChanges) };
}

const assign = (user: UserKey, given: GivenGrant): Change => ({
  kind: 'assignRole',
  user,
  reason: given.because.join(', '),
  grant: given.grant,
});

const unassign = (user: UserKey, grant: Grant, reason: string): Change => ({
  kind: 'unassignRole',
  user,
  reason,
  grant,
});

const reasonFor = (grants: readonly GivenGrant[]): string =>
  [...new Set(grants.flatMap(({ because }) => because))].join(', ');

function describeUpdate(from: MarkAttributes, to: MarkAttributes): string {
  if (from.managed_by === undefined) return 'back; taken up again';
  return markKeysThatDiffer(from, to)
    .map((key) => `${key} ${JSON.stringify(from[key])} → ${JSON.stringify(to[key])}`)
    .join(', ');
}
