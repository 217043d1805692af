import type { Change } from '../../model/change.ts';
import type { UserKey } from '../../model/identity.ts';
import { readMark } from '../../model/mark.ts';
import type { PersonPlan } from '../../model/plan.ts';
import type { Basis } from '../basis.ts';
import { type Decision, decide, NO_DECISION, skip, together } from '../decision.ts';
import type { DesiredPerson } from '../desired-state.ts';
import type { ManagedUser } from '../ownership.ts';
import {
  finish,
  leave,
  type PersonDecision,
  type RemovalPermission,
  stay,
  withChangesFirst,
} from '../person.ts';

/**
 * The person who has the login in this key today, if it is not the person with this id. Nobody claims an identity: an
 * identity provider may drop or reassign one, and no grant is taken because of that (CONTRACT §12).
 */
export function claimantOf(
  { dueTo, keys }: Basis,
  key: UserKey,
  id: DesiredPerson['id'],
): DesiredPerson | undefined {
  if (keys.areIdentities) return undefined;
  const people = dueTo(key);
  if (people.some((person) => person.id === id)) return undefined;
  // GitHub may show several people with this login while they are being renamed.
  return people.toSorted((a, b) => a.id - b.id)[0];
}

/** Why a person can't move to their new key, and the code in the report. */
type MoveObstacle = { readonly code: 'KEY_TAKEN' | 'PERMIT_REFUSED'; readonly why: string };

/**
 * Decides about a person who should move and cannot. Everything except the key reaches the desired state, and the mark
 * keeps the login that explains the key. If someone else now has the login in that key, the user loses every managed
 * grant: anyone who asks Permit about that login would get the wrong person's answer.
 * @param reported undefined if a note already says why the person stays.
 */
export function stayInPlace(
  basis: Basis,
  person: DesiredPerson,
  holder: ManagedUser,
  reported: MoveObstacle | undefined,
  why = reported?.why ?? '',
  undo?: readonly Change[],
): Decision {
  const { user, mark } = holder;
  const at = { id: person.id, user: user.key };
  const claimant = claimantOf(basis, user.key, person.id);
  if (claimant && isMarked(holder)) {
    const { permission, planned, message } = yieldKey(basis, person, holder, claimant, why);
    return together([
      skip(person.id, user.key, 'KEY_CLAIMED', message),
      decide(basis, at, permission, following(undo, person, holder, planned)),
    ]);
  }
  const permission = basis.permissionFor(mark);
  // A user that is not ours yet is not adopted under someone else's login.
  const planned = claimant
    ? { plan: undefined, kept: false }
    : stay({ ...person, login: nameBehind(basis, person, holder) }, holder, basis.governance, permission);
  return together([
    reported ? skip(person.id, user.key, reported.code, stays(person, user.key, reported.why)) : NO_DECISION,
    decide(basis, at, permission, following(undo, person, holder, planned)),
  ]);
}

/** The login that explains the key, for the mark. */
const nameBehind = ({ dueTo }: Basis, person: DesiredPerson, { user, mark }: ManagedUser): string =>
  dueTo(user.key).some(({ id }) => id === person.id) ? person.login : mark.login;

function following(
  undo: readonly Change[] | undefined,
  person: DesiredPerson,
  { user }: ManagedUser,
  planned: PersonDecision,
): PersonDecision {
  if (!undo) return planned;
  return {
    ...planned,
    plan: withChangesFirst(undo, planned.plan ?? finish(person, user.key, 'changed', [])),
  };
}

/** Reports a managed user under someone else's login that keeps its managed grants because nothing may be taken. */
export function reportKept(basis: Basis, { user, mark }: ManagedUser, why: string): Decision {
  const claimant = claimantOf(basis, user.key, mark.id);
  if (!claimant || !user.grants.some(basis.managed.has)) return NO_DECISION;
  const message = `${stays(mark, user.key, why)}. ${claims(claimant)}, and the user still holds managed grants: take them in Permit if the wait is too long`;
  return skip(mark.id, user.key, 'KEY_CLAIMED', message);
}

/** What happens instead if a planned move fails and someone else now has the login in the former key. */
export function otherwise(basis: Basis, person: DesiredPerson, holder: ManagedUser): PersonPlan['otherwise'] {
  const claimant = claimantOf(basis, holder.user.key, person.id);
  if (!claimant || !isMarked(holder)) return undefined;
  const why = 'Permit refused the move';
  const { planned, message } = yieldKey(basis, person, holder, claimant, why);
  if (!planned.plan || planned.plan.changes.length === 0) return undefined;
  const { user } = holder;
  return {
    person: planned.plan,
    skipped: { id: person.id, user: user.key, code: 'KEY_CLAIMED', message },
  };
}

const isMarked = ({ user }: ManagedUser): boolean => readMark(user.attributes).kind === 'valid';

/** Takes the managed grants of a user under someone else's login. The user and its mark stay. */
export function yieldKey(
  basis: Basis,
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  claimant: DesiredPerson,
  why: string,
): { readonly permission: RemovalPermission; readonly planned: PersonDecision; readonly message: string } {
  const { managed, governance } = basis;
  const permission = permissionToYield(basis, mark, claimant);
  const reason = `the login ${claimant.login} belongs to GitHub id ${claimant.id} now`;
  // An unfinished move stays in the mark on the user; `leave` must not end it.
  const { move: _unfinished, ...settled } = mark;
  const { plan, kept } = leave(
    { user, mark: settled },
    { ...governance, onLeave: 'unassign' },
    permission,
    reason,
  );
  const held = user.grants.filter(managed.has);
  const outcome =
    held.length === 0
      ? 'the user holds no managed grant'
      : basis.isProtected(user.key)
        ? 'users.protect keeps the user from being written: take its grants in Permit'
        : permission === 'allowed'
          ? 'so the managed grants of the user are taken until it can move'
          : `the user keeps its managed grants for now (${WHY_NOT_TAKEN[permission]})`;
  const foreign = user.grants.length - held.length;
  const rest = foreign > 0 ? `; ${foreign} of its grants are not managed here and stay` : '';
  return {
    permission,
    planned: { plan: plan && { ...plan, login: person.login, claimant: claimant.id }, kept },
    message: `${stays(person, user.key, why)}. ${claims(claimant)}: ${outcome}${rest}`,
  };
}

/** Why nothing is taken from a person in this run. */
export const WHY_NOT_TAKEN = {
  'out-of-scope': 'an organization behind them was not listed completely',
  unconfirmed: 'GitHub gave no clear answer about them',
  'upsert-only': 'the mode is upsert-only',
  contradicted: 'GitHub contradicts a webhook about them, and is asked again',
} as const satisfies Record<Exclude<RemovalPermission, 'allowed'>, string>;

/** The loss depends on the claimant's login as well as on the person's. */
function permissionToYield(
  basis: Basis,
  mark: ManagedUser['mark'],
  claimant: DesiredPerson,
): RemovalPermission {
  const permission = basis.permissionFor(mark);
  if (permission !== 'allowed') return permission;
  return basis.permissionFor({ id: claimant.id, orgs: [] });
}

const stays = ({ login, id }: Pick<DesiredPerson, 'login' | 'id'>, key: UserKey, why: string): string =>
  `${login} (GitHub id ${id}) stays under the user key ${key}: ${why}`;

const claims = ({ login, id }: DesiredPerson): string => `The login ${login} belongs to GitHub id ${id} now`;
