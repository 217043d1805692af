import { folded, type GitHubId, type UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import type { MoveCause } from '../model/plan.ts';
import { otherwise, stayInPlace, WHY_NOT_TAKEN } from './claims.ts';
import { add, type Context } from './context.ts';
import { resumeMoves } from './half-done.ts';
import { type Mover, planKeyTransfers } from './key-transfers.ts';
import { move, moveVia, type Route } from './move.ts';
import type { ManagedUser } from './ownership.ts';
import { findReturning } from './returning.ts';
import { after } from './steps.ts';
import { isTemporaryKey, userKeyFor } from './user-key.ts';

/**
 * Plans everyone who moves from one user key to another: first the moves that an earlier run left half done, then
 * those of today. Moves that wait for each other run from the free end; in a circle one of them makes room.
 * @returns the people who are dealt with.
 */
export function planMoves(context: Context, isRival: (key: UserKey) => boolean): ReadonlySet<GitHubId> {
  const found = new Map<GitHubId, Mover>();
  resumeMoves(context, isRival, {
    begin: (mover) => begin(context, mover),
    goOn: (mover) => found.set(mover.person.id, mover),
  });
  const dealtWith = findMovers(context, found);
  const movers = new Map([...found].sort(([a], [b]) => a - b));
  const wayOf = planKeyTransfers(context, movers, isRival);
  for (const [id, mover] of movers) {
    const way = wayOf(id);
    if (way.kind === 'free') begin(context, mover, way.via);
    else if (mover.halfway) begin(context, { ...mover, key: mover.halfway.user.key });
    else {
      const blocked = { code: 'KEY_TAKEN', why: way.why } as const;
      stayInPlace(context, mover.person, mover.from, blocked, way.why, mover.undo);
    }
  }
  return new Set([...movers.keys(), ...dealtWith, ...context.ownership.moving.keys()]);
}

/** @param via another key, where the person has to stop on the way. */
function begin(context: Context, { person, from, halfway, undo, key }: Mover, via?: UserKey): void {
  const taking = context.taking(from.mark);
  const route: Route = { from, to: halfway, key, cause: causeOf(context, from) };
  const planned =
    via === undefined
      ? move(person, route, context.governance, taking)
      : moveVia(person, route, via, context.governance, taking);
  const instead = otherwise(context, person, from);
  const plan = planned.plan && { ...planned.plan, ...(instead ? { otherwise: instead } : {}) };
  add(context, { id: person.id, user: from.user.key }, taking, {
    ...planned,
    plan: plan && after(undo, plan),
  });
}

/** Had the name alone changed, the template would have given the former key to the former name. */
function causeOf({ input }: Context, { user, mark }: ManagedUser): MoveCause {
  if (readMark(user.attributes).kind !== 'valid') return 'return';
  // Only a swap of names leads there.
  if (isTemporaryKey(user.key)) return 'rename';
  const before = userKeyFor(input.userSettings.key, mark);
  return before !== undefined && folded(before) === folded(user.key) ? 'rename' : 'template';
}

/** @param movers gets everyone who should move, and may. @returns everyone else for whom it is settled already. */
function findMovers(context: Context, movers: Map<GitHubId, Mover>): ReadonlySet<GitHubId> {
  const { desired, input, ownership } = context;
  const dealtWith = new Set<GitHubId>();
  for (const [id, from] of [...ownership.managed, ...findReturning(context, dealtWith)]) {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) continue;
    const key = userKeyFor(input.userSettings.key, person);
    if (key === undefined || folded(key) === folded(from.user.key)) continue;
    if (!context.selected(id, [from.mark.login, from.user.key])) continue;
    dealtWith.add(id);
    const taking = context.taking(from.mark);
    const keeps = input.unconfirmed?.has(id) ? 'unconfirmed' : taking;
    if (keeps === 'upsert-only' || keeps === 'contradicted' || keeps === 'unconfirmed') {
      // A move takes the former user away, and rests on a name that GitHub has to confirm.
      context.kept.push({ id, user: from.user.key, why: keeps });
      stayInPlace(context, person, from, undefined, WHY_NOT_TAKEN[keeps]);
    } else if (context.isProtected(from.user.key)) {
      // Left out here, so that nobody counts on this user to make room.
      context.kept.push({ id, user: from.user.key, why: 'protected' });
      stayInPlace(context, person, from, undefined, 'users.protect names that key');
    } else if (context.isProtected(key)) {
      const why = `users.protect names the key ${key}, which is due`;
      stayInPlace(context, person, from, { code: 'KEY_TAKEN', why });
    } else movers.set(id, { person, from, key });
  }
  return dealtWith;
}
