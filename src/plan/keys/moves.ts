import { type GitHubId, isSameName, type UserKey } from '../../model/identity.ts';
import { readMark } from '../../model/mark.ts';
import type { MoveCause } from '../../model/plan.ts';
import type { Basis } from '../basis.ts';
import { type Decision, decide, deletedUsers, keep, keysFreedBy, together } from '../decision.ts';
import { type ManagedUser, namesOf } from '../ownership.ts';
import { withChangesFirst } from '../person.ts';
import { otherwise, stayInPlace, WHY_NOT_TAKEN } from './claims.ts';
import { resumeMoves } from './half-done.ts';
import { type Mover, planKeyTransfers } from './key-transfers.ts';
import { move, moveVia, type Route } from './move.ts';
import { findReturning } from './returning.ts';
import { isTemporaryKey, userKeyFor } from './user-key.ts';

/** The decision about the people who move. No other step decides about the people in `settled`. */
export type MoveDecision = Decision & { readonly settled: ReadonlySet<GitHubId> };

/**
 * Decides about everyone who moves from one user key to another: first moves that an earlier run did not finish, then
 * new ones. Moves that wait for each other run from the free end; in a circle, one person makes room.
 * @param freed keys that leaving people free.
 */
export function decideMoves(basis: Basis, freed: ReadonlySet<UserKey>): MoveDecision {
  const resumed = resumeMoves(basis);
  const today = findMovers(basis);
  const resumedDecisions = resumed.flatMap((one) => {
    if (one.kind === 'decided') return [one.decision];
    return one.kind === 'finish' ? [moveOn(basis, one.mover)] : [];
  });
  const goingOn = resumed.flatMap((one) => (one.kind === 'go on' ? [one.mover] : []));
  const movers = new Map(
    [...goingOn, ...today.movers].map((mover) => [mover.person.id, mover] as const).sort(([a], [b]) => a - b),
  );
  const undone = goingOn.flatMap(({ undo = [] }) => undo);
  const keys = new Set([...freed, ...keysFreedBy(together(resumedDecisions)), ...deletedUsers(undone)]);
  const wayOf = planKeyTransfers(basis, movers, keys);
  const moved = [...movers].map(([id, mover]) => {
    const way = wayOf(id);
    if (way.kind === 'free') return moveOn(basis, mover, way.via);
    if (mover.halfway) return moveOn(basis, { ...mover, key: mover.halfway.user.key });
    const blocked = { code: 'KEY_TAKEN', why: way.why } as const;
    return stayInPlace(basis, mover.person, mover.from, blocked, way.why, mover.undo);
  });
  return {
    ...together([...resumedDecisions, today.decision, ...moved]),
    settled: new Set([...movers.keys(), ...today.settled, ...basis.ownership.moving.keys()]),
  };
}

/** @param via a temporary key that the person uses on the way. */
function moveOn(basis: Basis, { person, from, halfway, undo, key }: Mover, via?: UserKey): Decision {
  const permission = basis.permissionFor(from.mark);
  const route: Route = { from, to: halfway, key, cause: causeOf(basis, from) };
  const planned =
    via === undefined
      ? move(person, route, basis.governance, permission)
      : moveVia(person, route, via, basis.governance, permission);
  const instead = otherwise(basis, person, from);
  const plan = planned.plan && { ...planned.plan, ...(instead ? { otherwise: instead } : {}) };
  return decide(basis, { id: person.id, user: from.user.key }, permission, {
    ...planned,
    plan: plan && withChangesFirst(undo, plan),
  });
}

/** If today's template gives the former login the former key, only the login has changed. */
function causeOf({ input, keys }: Basis, { user, mark }: ManagedUser): MoveCause {
  if (readMark(user.attributes).kind !== 'valid') return 'return';
  if (keys.areIdentities) return 'identity';
  // Temporary keys are only used when people swap logins.
  if (isTemporaryKey(user.key)) return 'rename';
  const before = userKeyFor(input.userSettings.key, mark);
  return before !== undefined && isSameName(before, user.key) ? 'rename' : 'template';
}

/** The people who should have another key: those who may move, and the decision about the others. */
function findMovers(basis: Basis) {
  const { desired, keys, ownership, isSelected } = basis;
  const returning = findReturning(basis);
  const settled = new Set(returning.settled);
  const decisions: Decision[] = [returning];
  const movers: Mover[] = [];
  const find = (from: ManagedUser, id: GitHubId): void => {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) return;
    const key = keys.keyOf(person);
    if (key === undefined || isSameName(key, from.user.key)) return;
    if (!isSelected(id, namesOf(from))) return;
    settled.add(id);
    const blocked = whyBlocked(basis, { person, from, key });
    if (blocked) decisions.push(blocked);
    else movers.push({ person, from, key });
  };
  ownership.managed.forEach(find);
  returning.users.forEach(find);
  return { decision: together(decisions), settled, movers };
}

/** The decision about a person who may not move. Undefined if they may. */
function whyBlocked(basis: Basis, { person, from, key }: Mover): Decision | undefined {
  const { id } = person;
  const { user, mark } = from;
  const permission = basis.input.unconfirmed?.has(id) ? 'unconfirmed' : basis.permissionFor(mark);
  if (permission === 'upsert-only' || permission === 'contradicted' || permission === 'unconfirmed') {
    // A move deletes the former user, and depends on a login that GitHub has to confirm.
    const stays = stayInPlace(basis, person, from, undefined, WHY_NOT_TAKEN[permission]);
    return together([keep(id, user.key, permission), stays]);
  }
  if (basis.isProtected(user.key)) {
    // Not among the movers, so that nobody waits for this user to make room.
    const stays = stayInPlace(basis, person, from, undefined, 'users.protect names that key');
    return together([keep(id, user.key, 'protected'), stays]);
  }
  if (!basis.isProtected(key)) return undefined;
  const why = `users.protect names the key ${key}, which is due`;
  return stayInPlace(basis, person, from, { code: 'KEY_TAKEN', why });
}
