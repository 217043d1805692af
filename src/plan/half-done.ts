import { type Change, compareChanges } from '../model/change.ts';
import { type Grant, isSameGrant } from '../model/grant.ts';
import { folded, type UserKey } from '../model/identity.ts';
import { markAttributesOf } from '../model/mark.ts';
import type { PersonPlan } from '../model/plan.ts';
import { claimantOf, stayInPlace, yieldKey } from './claims.ts';
import { add, type Context, skip } from './context.ts';
import { type DesiredPerson, getsNothing } from './desired-state.ts';
import type { Mover } from './key-transfers.ts';
import type { HalfDoneMove, ManagedUser } from './ownership.ts';
import { leave } from './person.ts';
import {
  after,
  distinctGrants,
  finish,
  movementOf,
  type RemovalPermission,
  surplusOf,
  unassign,
} from './steps.ts';
import { userKeyFor } from './user-key.ts';

/** What becomes of a move that was cut off: `begin` ends it at once, `goOn` sends the person on to another key. */
type Resume = { readonly begin: (mover: Mover) => void; readonly goOn: (mover: Mover) => void };

/** Plans the people of whom an earlier run left two users, since it was cut off in the middle of their move. */
export function resumeMoves(
  context: Context,
  isRival: (key: UserKey) => boolean,
  { begin, goOn }: Resume,
): void {
  const { desired, ownership, input } = context;
  for (const [id, { from, to }] of ownership.moving) {
    const known = desired.people.get(id) ?? desired.absent(id, to.mark.login);
    if (!context.selected(id, [from.user.key, to.user.key, from.mark.login, to.mark.login])) continue;
    // The name that explains the key.
    const person = { ...known, login: to.mark.login };
    if (endsByLeaving(context, person, { from, to })) continue;
    const why = whyStuck(context, { from, to }, isRival);
    const due = known.grants.length > 0 ? userKeyFor(input.userSettings.key, known) : undefined;
    const stands = ({ user }: ManagedUser): boolean => due === undefined || folded(due) === folded(user.key);
    if (why !== undefined) loseInPlace(context, known, { from, to }, why);
    else if (claimantOf(context, to.user.key, id) || (due !== undefined && stands(from))) {
      const back = goBack(context, { from, to });
      context.freed.add(to.user.key);
      if (due === undefined || stands(back.from)) settleBack(context, known, back);
      else goOn({ ...back, person: known, key: due });
    } else if (due === undefined || stands(to)) begin({ person, from, halfway: to, key: to.user.key });
    else goOn({ person: known, from, halfway: to, key: due });
  }
}

/** Whether neither of the two ways out is open: on to the new key, or back to the former one. */
function whyStuck(
  context: Context,
  { from, to }: HalfDoneMove,
  isRival: (key: UserKey) => boolean,
): string | undefined {
  const protectedUser = [from, to].find(({ user }) => context.isProtected(user.key));
  if (protectedUser) return `users.protect names the key ${protectedUser.user.key}`;
  if (isRival(to.user.key)) return `GitHub named several people who would be ${to.user.key}; run again`;
  if (!claimantOf(context, to.user.key, to.mark.id)) return undefined;
  if (!claimantOf(context, from.user.key, from.mark.id)) return undefined;
  const stays = missingFrom(from, to).some((grant) => !context.managed.has(grant));
  return stays || context.taking(to.mark) !== 'allowed'
    ? `the users ${from.user.key} and ${to.user.key} both stand under a login of someone else`
    : undefined;
}

const missingFrom = (from: ManagedUser, to: ManagedUser): readonly Grant[] =>
  to.user.grants.filter((grant) => !from.user.grants.some((one) => isSameGrant(one, grant)));

/**
 * The move undone: what was given to the new user meanwhile comes back, and that user goes away. Nothing is brought
 * to a user that stands under someone else's login.
 */
function goBack(context: Context, { from, to }: HalfDoneMove): Required<Pick<Mover, 'from' | 'undo'>> {
  const missing = claimantOf(context, from.user.key, from.mark.id) ? [] : missingFrom(from, to);
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
  context: Context,
  person: DesiredPerson,
  { from, undo }: Required<Pick<Mover, 'from' | 'undo'>>,
): void {
  if (!getsNothing(person) || person.undecided.size > 0) {
    stayInPlace(context, person, from, undefined, 'left during a move', undo);
    return;
  }
  const taking = context.taking(from.mark);
  const { plan, kept } = leave(from, context.governance, taking, 'left during a move');
  add(context, { id: person.id, user: from.user.key }, taking, { plan: plan && after(undo, plan), kept });
}

/** Neither user can go, and the person loses on both what nothing gives any more. */
function loseInPlace(context: Context, person: DesiredPerson, { from, to }: HalfDoneMove, why: string): void {
  const { managed, governance } = context;
  const changes: Change[] = [];
  let claimed: PersonPlan['claimant'];
  for (const holder of [from, to]) {
    const { user, mark } = holder;
    const claimant = claimantOf(context, user.key, person.id);
    if (claimant) {
      const { taking, planned, message } = yieldKey(context, person, holder, claimant, why);
      skip(context, person.id, user.key, 'KEY_CLAIMED', message);
      keep(context, holder, taking, planned.kept);
      if (planned.plan && !context.isProtected(user.key)) changes.push(...planned.plan.changes);
      claimed = claimant.id;
      continue;
    }
    const taking = context.taking(mark);
    const { losses, kept } = surplusOf(person, user, governance, taking);
    keep(context, holder, taking, kept);
    if (context.isProtected(user.key)) continue;
    changes.push(
      ...losses.map((grant) => unassign(user.key, grant, `${managed.sourceOf(grant)} no longer holds`)),
    );
  }
  if (claimed === undefined) {
    const message = `${person.login} (GitHub id ${person.id}) stays between the user keys ${from.user.key} and ${to.user.key}: ${why}`;
    skip(context, person.id, to.user.key, 'KEY_TAKEN', message);
  }
  if (changes.length === 0) return;
  const standing = [from, to].flatMap(({ user }) =>
    user.grants.filter(
      (grant) =>
        !changes.some(
          (change) => 'grant' in change && change.user === user.key && isSameGrant(change.grant, grant),
        ),
    ),
  );
  const held = distinctGrants([...from.user.grants, ...to.user.grants].filter(managed.has));
  const losses = held.filter((grant) => !standing.some((one) => isSameGrant(one, grant)));
  const plan = finish(person, to.user.key, movementOf(held, [], losses, managed), changes);
  context.people.push(claimed === undefined ? plan : { ...plan, claimant: claimed });
}

function keep(context: Context, { user, mark }: ManagedUser, taking: RemovalPermission, kept: boolean): void {
  if (kept && taking !== 'allowed') context.kept.push({ id: mark.id, user: user.key, why: taking });
  if (context.isProtected(user.key)) context.kept.push({ id: mark.id, user: user.key, why: 'protected' });
}

/**
 * Someone who left while a move was under way: where both users would be deleted anyway, they are, instead of a move
 * that nobody needs. @returns whether that is so.
 */
function endsByLeaving(context: Context, person: DesiredPerson, { from, to }: HalfDoneMove): boolean {
  if (!getsNothing(person) || person.undecided.size > 0) return false;
  const taking = context.taking(to.mark);
  if (taking !== 'allowed' || context.isProtected(from.user.key) || context.isProtected(to.user.key))
    return false;
  const why = 'left during a move';
  const plans = [from, to].map((one) => leave(one, context.governance, taking, why).plan);
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
  return true;
}
