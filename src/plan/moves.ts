import { grantId } from '../model/grant.ts';
import { folded, type GitHubId, type UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import { compareChanges, type PersonPlan } from '../model/plan.ts';
import { add, type Context, skip } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { move, type Route } from './move.ts';
import type { HalfDoneMove, ManagedUser } from './ownership.ts';
import { leave, stay } from './person.ts';
import { findReturning } from './returning.ts';
import { userKeyFor } from './user-key.ts';
import { findWays, type Mover } from './ways.ts';

/**
 * Plans everybody who moves from one user key to another: first the moves that an earlier run left half done, then
 * those of today. Moves that wait for each other run from the free end.
 * @returns the people who are dealt with.
 */
export function planMoves(context: Context, isRival: (key: UserKey) => boolean): ReadonlySet<GitHubId> {
  resumeMoves(context);
  const { movers, dealtWith } = findMovers(context);
  const wayOf = findWays(context, movers, isRival);
  for (const [id, { person, from, key }] of movers) {
    const way = wayOf(id);
    if (way.kind === 'free')
      begin(context, person, { from, to: undefined, key, cause: causeOf(context, from) });
    else {
      const message = `${person.login} (GitHub id ${id}) stays under the user key ${from.user.key}: ${way.why}`;
      skip(context, id, from.user.key, 'KEY_TAKEN', message);
      stayInPlace(context, person, from);
    }
  }
  return new Set([...movers.keys(), ...dealtWith, ...context.ownership.moving.keys()]);
}

function begin(context: Context, person: DesiredPerson, route: Route): void {
  const taking = context.taking(route.from.mark);
  if (context.isProtected(route.from.user.key) || context.isProtected(route.key)) {
    context.kept.push({ id: person.id, user: route.from.user.key, why: 'protected' });
    return;
  }
  add(
    context,
    { id: person.id, user: route.from.user.key },
    taking,
    move(person, route, context.rules, taking),
  );
}

/**
 * Everything but the key is brought to what it should be; the mark keeps the name that explains the key. Under a key
 * that is somebody else's login by now nothing is given: whoever asks Permit by that login would ask for them.
 */
function stayInPlace(context: Context, person: DesiredPerson, from: ManagedUser): void {
  const taking = context.taking(from.mark);
  if (isClaimed(context, from.user.key, person.id)) {
    // A user that is not ours yet is not made ours under such a name.
    if (readMark(from.user.attributes).kind !== 'valid') return;
    const held = new Set(from.user.grants.map(grantId));
    add(
      context,
      { id: person.id, user: from.user.key },
      taking,
      stay({ ...withoutGains(person, held), login: from.mark.login }, from, context.rules, taking),
    );
    return;
  }
  add(
    context,
    { id: person.id, user: from.user.key },
    taking,
    stay({ ...person, login: from.mark.login }, from, context.rules, taking),
  );
}

function resumeMoves(context: Context): void {
  const { desired, ownership } = context;
  for (const [id, { from, to }] of ownership.moving) {
    const known = desired.people.get(id) ?? desired.absent(id, to.mark.login);
    // The name that explains the key: one that changed again meanwhile is a rename of its own in the next run.
    const person = { ...known, login: to.mark.login };
    const names = [from.user.key, to.user.key, from.mark.login, to.mark.login];
    if (!context.selected(id, names)) continue;
    if (endsByLeaving(context, person, { from, to })) continue;
    const held = new Set([...from.user.grants, ...to.user.grants].map(grantId));
    begin(context, isClaimed(context, to.user.key, id) ? withoutGains(person, held) : person, {
      from,
      to,
      key: to.user.key,
      cause: causeOf(context, from),
    });
  }
}

const withoutGains = (person: DesiredPerson, held: ReadonlySet<string>): DesiredPerson => ({
  ...person,
  grants: person.grants.filter(({ grant }) => held.has(grantId(grant))),
});

/** Whether the key is due to somebody else, who has the login that it is made of now. */
function isClaimed({ desired, input }: Context, key: UserKey, id: GitHubId): boolean {
  for (const other of desired.people.values()) {
    const due = other.id === id ? undefined : userKeyFor(input.userRules.key, other);
    if (due !== undefined && folded(due) === folded(key)) return true;
  }
  return false;
}

/**
 * Somebody who left while a move was under way: where both users would be deleted anyway, they are, in the place of
 * a move that nobody needs. @returns whether that is so.
 */
function endsByLeaving(context: Context, person: DesiredPerson, { from, to }: HalfDoneMove): boolean {
  if (person.grants.length > 0 || person.undecided.size > 0) return false;
  const taking = context.taking(to.mark);
  if (taking !== 'allowed' || context.isProtected(from.user.key) || context.isProtected(to.user.key))
    return false;
  const why = 'left during a move';
  const plans = [from, to].map((one) => leave(one, context.rules, taking, why).plan);
  const changes = plans.flatMap((plan) => plan?.changes ?? []);
  if (changes.length !== 2 || changes.some(({ kind }) => kind !== 'deleteUser')) return false;
  const had = plans.some((plan) => plan?.movement === 'leaving');
  const both: PersonPlan = {
    id: person.id,
    login: person.login,
    user: to.user.key,
    movement: had ? 'leaving' : 'changed',
    changes: changes.toSorted(compareChanges),
  };
  add(context, { id: person.id, user: to.user.key }, taking, { plan: both, kept: false });
  context.freed.add(from.user.key);
  return true;
}

/** Had the name alone changed, the template would have given the former key to the former name. */
function causeOf({ input }: Context, { user, mark }: ManagedUser): Route['cause'] {
  if (readMark(user.attributes).kind !== 'valid') return 'return';
  const before = userKeyFor(input.userRules.key, mark);
  return before !== undefined && folded(before) === folded(user.key) ? 'rename' : 'template';
}

type Movers = {
  readonly movers: ReadonlyMap<GitHubId, Mover>;
  /** People who should move, and of whom it is settled already that they don't. */
  readonly dealtWith: ReadonlySet<GitHubId>;
};

function findMovers(context: Context): Movers {
  const { desired, input, ownership } = context;
  const movers = new Map<GitHubId, Mover>();
  const dealtWith = new Set<GitHubId>();
  for (const [id, from] of [...ownership.managed, ...findReturning(context, dealtWith)]) {
    const person = desired.people.get(id);
    if (!person || person.grants.length === 0) continue;
    const key = userKeyFor(input.userRules.key, person);
    if (key === undefined || folded(key) === folded(from.user.key)) continue;
    if (!context.selected(id, [from.mark.login, from.user.key])) continue;
    dealtWith.add(id);
    const taking = context.taking(from.mark);
    const why = input.unconfirmed?.has(id) ? 'unconfirmed' : taking;
    if (why === 'upsert-only' || why === 'contradicted' || why === 'unconfirmed') {
      // A move takes the former user away, and rests on a name that GitHub has to confirm.
      context.kept.push({ id, user: from.user.key, why });
      stayInPlace(context, person, from);
      continue;
    }
    if (context.isProtected(from.user.key) || context.isProtected(key)) {
      // Left out here, so that nobody counts on this user to make room.
      context.kept.push({ id, user: from.user.key, why: 'protected' });
      continue;
    }
    movers.set(id, { person, from, key });
  }
  return { movers, dealtWith };
}
