import { type GitHubId, isSameName, type UserKey } from '../../model/identity.ts';
import { readMark } from '../../model/mark.ts';
import type { MoveCause } from '../../model/plan.ts';
import type { PermitUser } from '../../model/user.ts';
import { type Basis, mayBelongToUnlistedOrg } from '../basis.ts';
import { type Decision, decide, deletedUsers, keep, keysFreedBy, skip, together } from '../decision.ts';
import type { DesiredPerson } from '../desired-state.ts';
import { type ManagedUser, namesOf, type ReadUser } from '../ownership.ts';
import { withChangesFirst } from '../person.ts';
import { otherwise, stayInPlace, WHY_NOT_TAKEN } from './claims.ts';
import { resumeMoves } from './half-done.ts';
import { type Mover, planKeyTransfers } from './key-transfers.ts';
import { move, moveVia, type Route } from './move.ts';
import { isTemporaryKey, loginBehind, userKeyFor } from './user-key.ts';

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

/**
 * Finds people who are back under another login, and whose user was released or has a bad mark that `adopt: all`
 * repairs. They get no second user: their own is adopted and moves as after a rename.
 * @returns `users`: theirs, with the marks they will get, under the login that explains their present key. `settled`:
 *   the other people, who are already decided, skipped or kept.
 */
function findReturning(basis: Basis) {
  const { desired, input, ownership } = basis;
  const returning = new Map<GitHubId, ManagedUser>();
  const settled = new Map<GitHubId, Decision>();
  for (const [id, users] of ownership.former) {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) continue;
    if ([ownership.managed, ownership.moving, ownership.duplicates].some((known) => known.has(id))) continue;
    const names = users.map(({ user }) => user.key);
    if (!basis.isSelected(id, names) || isUnderDueKey(basis, person, users)) continue;
    if (!users.some(({ user, reading }) => reading.kind === 'bad' || mayHaveGiven(basis, id, user.key)))
      continue;
    const [only, ...more] = users;
    const flaw =
      only?.reading.kind === 'bad' && input.userSettings.adopt !== 'all' ? only.reading.flaw : undefined;
    if (!only || more.length > 0 || flaw !== undefined)
      settled.set(id, refuse(person, users, more.length === 0 ? flaw : undefined));
    else if (mayBelongToUnlistedOrg(basis, person, only.user)) {
      settled.set(id, keep(id, only.user.key, 'out-of-scope'));
    } else returning.set(id, asManaged(basis, person, only.user));
  }
  return { ...together([...settled.values()]), users: returning, settled: [...settled.keys()] };
}

/**
 * Whether the template can have given a person this key. Another program may also use the attribute `github_id`, with
 * email addresses or its own ids as keys. Such users are never moved.
 */
function mayHaveGiven({ input }: Basis, id: GitHubId, key: string): boolean {
  const login = loginBehind(input.userSettings.key, key, id);
  return login !== undefined && LOGIN.test(login);
}

/** What GitHub accepts as a login. Enterprise managed users have `_` and a short code at the end. */
const LOGIN = /^[A-Za-z0-9](?:-?[A-Za-z0-9])*(?:_[A-Za-z0-9]+)?$/;

/** Whether one of the users already has the right key. Then it is adopted without a move. */
function isUnderDueKey({ keys }: Basis, person: DesiredPerson, users: readonly ReadUser[]): boolean {
  const key = keys.keyOf(person);
  return key === undefined || users.some(({ user }) => isSameName(user.key, key));
}

function refuse(
  { id, login }: DesiredPerson,
  users: readonly ReadUser[],
  flaw: string | undefined,
): Decision {
  const keys = users.map(({ user }) => user.key).sort();
  const why =
    flaw === undefined
      ? `the users ${keys.join(', ')} all carry that id; delete the wrong ones`
      : `the mark of the user ${keys[0]} is not valid: ${flaw} (fix its attributes, or adopt it with --adopt all)`;
  const message = `${login} (GitHub id ${id}) is not synced: ${why}`;
  return skip(id, keys[0] ?? login, flaw === undefined ? 'DUPLICATE_ID' : 'BAD_MARK', message);
}

function asManaged({ input }: Basis, { id, login }: DesiredPerson, user: PermitUser): ManagedUser {
  const { owner, userSettings } = input;
  const former = loginBehind(userSettings.key, user.key, id) ?? login;
  return { user, mark: { id, login: former, orgs: [], owner, origin: 'adopted' } };
}
