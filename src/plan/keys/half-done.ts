import type { Change } from '../../model/change.ts';
import { distinctGrants, type Grant, isSameGrant } from '../../model/grant.ts';
import { isSameName, type UserKey } from '../../model/identity.ts';
import { markAttributesOf } from '../../model/mark.ts';
import type { PersonPlan } from '../../model/plan.ts';
import { type Basis, isContested } from '../basis.ts';
import { change, type Decision, decide, keep, NO_DECISION, skip, together } from '../decision.ts';
import { type DesiredPerson, getsNothing } from '../desired-state.ts';
import { type HalfDoneMove, type ManagedUser, namesOf } from '../ownership.ts';
import {
  finish,
  leave,
  movementOf,
  type RemovalPermission,
  surplusOf,
  unassign,
  whyLost,
  withChangesFirst,
} from '../person.ts';
import { claimantOf, stayInPlace, yieldKey } from './claims.ts';
import type { Mover } from './key-transfers.ts';

/** What happens to an unfinished move. */
type Resumption =
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** The move only has to be finished, which waits for nobody. */
  | { readonly kind: 'finish'; readonly mover: Mover }
  /** The person should have another key than the one that the move leads to. */
  | { readonly kind: 'go on'; readonly mover: Mover };

/** Decides about people who have two users because an earlier run did not finish their move. */
export function resumeMoves(basis: Basis): readonly Resumption[] {
  const { desired, ownership, isSelected } = basis;
  return [...ownership.moving].flatMap(([id, { from, to }]) => {
    const person = desired.people.get(id) ?? desired.absent(id, to.mark.login);
    return isSelected(id, [from, to].flatMap(namesOf)) ? [resumeMove(basis, person, { from, to })] : [];
  });
}

function resumeMove(basis: Basis, known: DesiredPerson, move: HalfDoneMove): Resumption {
  const { from, to } = move;
  // The login that explains the key.
  const person = { ...known, login: to.mark.login };
  const ended = endByLeaving(basis, person, move);
  if (ended) return { kind: 'decided', decision: ended };
  const why = whyStuck(basis, move);
  if (why !== undefined) return { kind: 'decided', decision: loseInPlace(basis, known, move, why) };
  const due = known.grants.length > 0 ? basis.keys.keyOf(known) : undefined;
  const isAt = ({ user }: ManagedUser): boolean => due === undefined || isSameName(due, user.key);
  if (claimantOf(basis, to.user.key, known.id) || (due !== undefined && isAt(from))) {
    const back = goBack(basis, move);
    return due === undefined || isAt(back.from)
      ? { kind: 'decided', decision: settleBack(basis, known, back) }
      : { kind: 'go on', mover: { ...back, person: known, key: due } };
  }
  return due === undefined || isAt(to)
    ? { kind: 'finish', mover: { person, from, halfway: to, key: to.user.key } }
    : { kind: 'go on', mover: { person: known, from, halfway: to, key: due } };
}

/** Why the move can neither be finished nor undone. */
function whyStuck(basis: Basis, { from, to }: HalfDoneMove): string | undefined {
  const protectedUser = [from, to].find(({ user }) => basis.isProtected(user.key));
  if (protectedUser) return `users.protect names the key ${protectedUser.user.key}`;
  if (isContested(basis, to.user.key))
    return `GitHub named several people who would be ${to.user.key}; run again`;
  if (!claimantOf(basis, to.user.key, to.mark.id)) return undefined;
  if (!claimantOf(basis, from.user.key, from.mark.id)) return undefined;
  const stays = missingFrom(from, to).some((grant) => !basis.managed.has(grant));
  return stays || basis.permissionFor(to.mark) !== 'allowed'
    ? `the users ${from.user.key} and ${to.user.key} both stand under a login of someone else`
    : undefined;
}

const missingFrom = (from: ManagedUser, to: ManagedUser): readonly Grant[] =>
  to.user.grants.filter((grant) => !from.user.grants.some((one) => isSameGrant(one, grant)));

/**
 * Undoes the move: grants that the new user got in the meantime return to the former user, and the new user is deleted.
 * A user under someone else's login gets nothing.
 */
function goBack(basis: Basis, { from, to }: HalfDoneMove): Required<Pick<Mover, 'from' | 'undo'>> {
  const missing = claimantOf(basis, from.user.key, from.mark.id) ? [] : missingFrom(from, to);
  const reason = `the move to ${to.user.key} is undone: the login changed again`;
  const orgs = [...new Set([...from.mark.orgs, ...to.mark.orgs])].sort((a, b) => a - b);
  return {
    from: {
      user: { ...from.user, grants: [...from.user.grants, ...missing] },
      mark: { ...from.mark, orgs },
    },
    undo: [
      ...missing.map((grant) => ({ kind: 'assignRole', user: from.user.key, reason, grant }) as const),
      { kind: 'deleteUser', user: to.user.key, reason, last: markAttributesOf(to.user.attributes) },
    ],
  };
}

function settleBack(
  basis: Basis,
  person: DesiredPerson,
  { from, undo }: Required<Pick<Mover, 'from' | 'undo'>>,
): Decision {
  const reason = 'left during a move';
  if (!getsNothing(person) || person.undecided.size > 0) {
    return stayInPlace(basis, person, from, undefined, reason, undo);
  }
  const permission = basis.permissionFor(from.mark);
  const { plan, kept } = leave(from, basis.governance, permission, reason);
  const at = { id: person.id, user: from.user.key };
  return decide(basis, at, permission, { plan: plan && withChangesFirst(undo, plan), kept });
}

/** Both users have to stay. Both lose what no rule gives any more. */
function loseInPlace(basis: Basis, person: DesiredPerson, { from, to }: HalfDoneMove, why: string): Decision {
  const both = [from, to].map((holder) => loseOn(basis, person, holder, why));
  const claimant = both.findLast((one) => one.claimant !== undefined)?.claimant;
  const stuck = `${person.login} (GitHub id ${person.id}) stays between the user keys ${from.user.key} and ${to.user.key}: ${why}`;
  const changes = both.flatMap((one) => one.changes);
  const plan = {
    ...finish(person, to.user.key, movementInPlace(basis, { from, to }, changes), changes),
    ...(claimant === undefined ? {} : { claimant }),
  };
  return together([
    ...both.map(({ decision }) => decision),
    claimant === undefined ? skip(person.id, to.user.key, 'KEY_TAKEN', stuck) : NO_DECISION,
    changes.length > 0 ? change(plan) : NO_DECISION,
  ]);
}

type LossOnOneUser = {
  readonly decision: Decision;
  readonly changes: readonly Change[];
  readonly claimant?: PersonPlan['claimant'];
};

function loseOn(basis: Basis, person: DesiredPerson, holder: ManagedUser, why: string): LossOnOneUser {
  const { managed, governance } = basis;
  const { user, mark } = holder;
  const isProtected = basis.isProtected(user.key);
  const claimant = claimantOf(basis, user.key, person.id);
  if (claimant) {
    const { permission, planned, message } = yieldKey(basis, person, holder, claimant, why);
    return {
      decision: together([
        skip(person.id, user.key, 'KEY_CLAIMED', message),
        keptOn(basis, holder, permission, planned.kept),
      ]),
      changes: isProtected ? [] : (planned.plan?.changes ?? []),
      claimant: claimant.id,
    };
  }
  const permission = basis.permissionFor(mark);
  const { losses, kept } = surplusOf(person, user, governance, permission);
  return {
    decision: keptOn(basis, holder, permission, kept),
    changes: isProtected
      ? []
      : losses.map((grant) => unassign(user.key, grant, whyLost(grant, person, managed))),
  };
}

function movementInPlace(
  { managed }: Basis,
  { from, to }: HalfDoneMove,
  changes: readonly Change[],
): PersonPlan['movement'] {
  const isTaken = (user: UserKey, grant: Grant): boolean =>
    changes.some((one) => 'grant' in one && one.user === user && isSameGrant(one.grant, grant));
  const remaining = [from, to].flatMap(({ user }) =>
    user.grants.filter((grant) => !isTaken(user.key, grant)),
  );
  const held = distinctGrants([...from.user.grants, ...to.user.grants].filter(managed.has));
  const losses = held.filter((grant) => !remaining.some((one) => isSameGrant(one, grant)));
  return movementOf(held, [], losses, managed);
}

function keptOn(
  { isProtected }: Basis,
  { user, mark }: ManagedUser,
  permission: RemovalPermission,
  kept: boolean,
): Decision {
  return together([
    kept && permission !== 'allowed' ? keep(mark.id, user.key, permission) : NO_DECISION,
    isProtected(user.key) ? keep(mark.id, user.key, 'protected') : NO_DECISION,
  ]);
}

/**
 * A person who left during a move. If both users would be deleted anyway, both are deleted without finishing the move.
 * @returns undefined if the move has to be finished or undone.
 */
function endByLeaving(basis: Basis, person: DesiredPerson, { from, to }: HalfDoneMove): Decision | undefined {
  if (!getsNothing(person) || person.undecided.size > 0) return undefined;
  const permission = basis.permissionFor(to.mark);
  if (permission !== 'allowed' || basis.isProtected(from.user.key) || basis.isProtected(to.user.key)) {
    return undefined;
  }
  const why = 'left during a move';
  const plans = [from, to].map((one) => leave(one, basis.governance, permission, why).plan);
  const changes = plans.flatMap((plan) => plan?.changes ?? []);
  if (changes.length !== 2 || changes.some(({ kind }) => kind !== 'deleteUser')) return undefined;
  const hadGrants = plans.some((plan) => plan?.movement === 'leaving');
  return change(finish(person, to.user.key, hadGrants ? 'leaving' : 'changed', changes));
}
