import type { Change } from '../model/change.ts';
import { isSameGrant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import { type Mark, markAttributesOf, markKeysThatDiffer, writeMark } from '../model/mark.ts';
import type { Movement, PersonPlan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedUser } from './ownership.ts';
import {
  assign,
  describeUpdate,
  finish,
  type Governance,
  MOVE_DONE,
  movementOf,
  orgsOf,
  type Planned,
  type RemovalPermission,
  reasonFor,
  type Surplus,
  surplusOf,
  unassign,
} from './steps.ts';

/** Somebody without a user: creates one with our mark, then the grants. */
export function join(person: DesiredPerson, key: UserKey, { owner }: Governance): PersonPlan {
  const mark: Mark = { id: person.id, login: person.login, orgs: person.orgs, owner, origin: 'created' };
  return finish(person, key, 'joining', [
    { kind: 'createUser', user: key, reason: reasonFor(person.grants), mark: writeMark(mark) },
    ...person.grants.map((given) => assign(key, given)),
  ]);
}

/**
 * Somebody whose user is there without our mark: one who was released and is back, or one who is adopted. The mark is
 * put on the user, and its managed grants are brought to what they should be.
 */
export function takeUp(
  person: DesiredPerson,
  user: PermitUser,
  governance: Governance,
  taking: RemovalPermission,
): Planned {
  const { id, login, orgs } = person;
  const mark: Mark = { id, login, orgs, owner: governance.owner, origin: 'adopted' };
  return settle(person, user, mark, surplusOf(person, user, governance, taking), governance);
}

/** Somebody who has a user of ours: its profile and managed grants are brought to what they should be. */
export function stay(
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  governance: Governance,
  taking: RemovalPermission,
): Planned {
  const surplus = surplusOf(person, user, governance, taking);
  // A move of which the former user is gone is through but for this.
  const { move: _through, ...standing } = mark;
  return settle(
    person,
    user,
    { ...standing, login: person.login, orgs: orgsOf(person, mark, surplus, governance, taking) },
    surplus,
    governance,
  );
}

function settle(
  person: DesiredPerson,
  user: PermitUser,
  mark: Mark,
  { losses, kept }: Surplus,
  { managed }: Governance,
): Planned {
  const held = user.grants.filter(managed.has);
  const gains = person.grants.filter(({ grant }) => !held.some((one) => isSameGrant(one, grant)));

  const from = markAttributesOf(user.attributes);
  const to = writeMark(mark);
  const changes: Change[] = [
    ...gains.map((given) => assign(user.key, given)),
    ...losses.map((grant) => unassign(user.key, grant, `${managed.sourceOf(grant)} no longer holds`)),
  ];
  if (markKeysThatDiffer(from, to).length > 0) {
    changes.push({ kind: 'updateUser', user: user.key, reason: describeUpdate(from, to), from, to });
  }
  return { plan: finish(person, user.key, movementOf(held, gains, losses, managed), changes), kept };
}

/**
 * Somebody to whom nothing gives anything any more. What we created and nobody else uses is deleted; an adopted
 * user, or one with foreign grants, is released: our grants and our mark go, the rest stays. With
 * `onLeave: unassign` only our grants go.
 */
export function leave(
  { user, mark }: ManagedUser,
  governance: Governance,
  taking: RemovalPermission,
  reason: string,
): Planned {
  const held = user.grants.filter(governance.managed.has);
  const from = markAttributesOf(user.attributes);
  const movement: Movement = held.length > 0 ? 'leaving' : 'changed';
  const plan = (changes: readonly Change[]): Planned => ({
    plan: finish(mark, user.key, movement, changes),
    kept: false,
  });
  const unassigned = held.map((grant) => unassign(user.key, grant, reason));
  if (governance.onLeave === 'unassign') {
    if (taking !== 'allowed') return { plan: undefined, kept: held.length > 0 };
    return plan([...unassigned, ...endMove(user, mark)]);
  }
  if (taking !== 'allowed') return { plan: undefined, kept: true };
  const foreign = held.length < user.grants.length;
  if (mark.origin === 'created' && !foreign) {
    return plan([{ kind: 'deleteUser', user: user.key, reason, last: from }]);
  }
  const why = foreign ? 'it holds grants that are not ours' : 'it was adopted';
  return plan([
    ...unassigned,
    {
      kind: 'updateUser',
      user: user.key,
      reason: `${reason}; released, since ${why}`,
      from,
      // Kept, so that the person is known again on return.
      to: { github_id: mark.id },
    },
  ]);
}

/** A move of which the former user is gone already is through but for the email that waits in the mark. */
function endMove(user: PermitUser, { move, ...mark }: Mark): readonly Change[] {
  if (move === undefined) return [];
  const from = markAttributesOf(user.attributes);
  return [{ kind: 'updateUser', user: user.key, reason: MOVE_DONE, from, to: writeMark(mark) }];
}
