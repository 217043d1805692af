import type { Change } from '../model/change.ts';
import type { UserKey } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import type { PersonPlan } from '../model/plan.ts';
import { add, type Context, skip } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import type { ManagedUser } from './ownership.ts';
import { leave, stay } from './person.ts';
import { after, finish, type Planned, type RemovalPermission } from './steps.ts';

/** Who has the login that this key is made of today, where that is someone else than the user's own person. */
export function claimantOf(
  { due }: Pick<Context, 'due'>,
  key: UserKey,
  id: DesiredPerson['id'],
): DesiredPerson | undefined {
  const people = due(key);
  if (people.some((person) => person.id === id)) return undefined;
  // While people are renamed, GitHub may name several of them so.
  return people.toSorted((a, b) => a.id - b.id)[0];
}

/** Why a person stays under a key although another one is due, and what the report calls it. */
export type Blocked = { readonly code: 'KEY_TAKEN' | 'PERMIT_REFUSED'; readonly why: string };

/**
 * Someone who should move and can't. Everything but the key is brought to what it should be; the mark keeps the name
 * that explains the key. Under a key that is someone else's login by now the user loses every managed grant: whoever
 * asks Permit by that login would get the answer for the wrong person.
 * @param reported undefined where a note says already why the person stays.
 */
export function stayInPlace(
  context: Context,
  person: DesiredPerson,
  holder: ManagedUser,
  reported: Blocked | undefined,
  why = reported?.why ?? '',
  undo?: readonly Change[],
): void {
  const { user, mark } = holder;
  const at = { id: person.id, user: user.key };
  const claimant = claimantOf(context, user.key, person.id);
  if (claimant && isMarked(holder)) {
    const { taking, planned, message } = yieldKey(context, person, holder, claimant, why);
    skip(context, person.id, user.key, 'KEY_CLAIMED', message);
    add(context, at, taking, following(undo, person, holder, planned));
    return;
  }
  if (reported) skip(context, person.id, user.key, reported.code, stays(person, user.key, reported.why));
  const taking = context.taking(mark);
  if (claimant) {
    // A user that is not ours yet is not made ours under a name that someone else has.
    add(context, at, taking, following(undo, person, holder, { plan: undefined, kept: false }));
    return;
  }
  const planned = stay(
    { ...person, login: nameBehind(context, person, holder) },
    holder,
    context.governance,
    taking,
  );
  add(context, at, taking, following(undo, person, holder, planned));
}

/** The mark keeps the name that explains the key. */
const nameBehind = ({ due }: Context, person: DesiredPerson, { user, mark }: ManagedUser): string =>
  due(user.key).some(({ id }) => id === person.id) ? person.login : mark.login;

function following(
  undo: readonly Change[] | undefined,
  person: DesiredPerson,
  { user }: ManagedUser,
  planned: Planned,
): Planned {
  if (!undo) return planned;
  return { ...planned, plan: after(undo, planned.plan ?? finish(person, user.key, 'changed', [])) };
}

/** A user of ours that keeps managed grants under someone else's login, since nothing may be taken from it. */
export function reportKept(context: Context, holder: ManagedUser, why: string): void {
  const { user, mark } = holder;
  const claimant = claimantOf(context, user.key, mark.id);
  if (!claimant || !user.grants.some(context.managed.has)) return;
  const message = `${stays(mark, user.key, why)}. ${claims(claimant)}, and the user still holds managed grants: take them in Permit if the wait is too long`;
  skip(context, mark.id, user.key, 'KEY_CLAIMED', message);
}

/** What is done where a planned move fails, when the key that it would have freed is someone else's login by now. */
export function otherwise(
  context: Context,
  person: DesiredPerson,
  holder: ManagedUser,
): PersonPlan['otherwise'] {
  const claimant = claimantOf(context, holder.user.key, person.id);
  if (!claimant || !isMarked(holder)) return undefined;
  const why = 'Permit refused the move';
  const { planned, message } = yieldKey(context, person, holder, claimant, why);
  if (!planned.plan || planned.plan.changes.length === 0) return undefined;
  const { user } = holder;
  return {
    person: planned.plan,
    skipped: { id: person.id, user: user.key, code: 'KEY_CLAIMED', message },
  };
}

const isMarked = ({ user }: ManagedUser): boolean => readMark(user.attributes).kind === 'valid';

/** The managed grants of a user that stands under someone else's login, taken; the user and its mark stay. */
export function yieldKey(
  context: Context,
  person: DesiredPerson,
  { user, mark }: ManagedUser,
  claimant: DesiredPerson,
  why: string,
): { readonly taking: RemovalPermission; readonly planned: Planned; readonly message: string } {
  const { managed, governance } = context;
  const taking = takingFor(context, mark, claimant);
  const reason = `the login ${claimant.login} belongs to GitHub id ${claimant.id} now`;
  // The move stays in the mark: it is not through.
  const { move: _underway, ...standing } = mark;
  const { plan, kept } = leave(
    { user, mark: standing },
    { ...governance, onLeave: 'unassign' },
    taking,
    reason,
  );
  const held = user.grants.filter(managed.has);
  const outcome =
    held.length === 0
      ? 'the user holds no managed grant'
      : context.isProtected(user.key)
        ? 'users.protect keeps the user from being written: take its grants in Permit'
        : taking === 'allowed'
          ? 'so the managed grants of the user are taken until it can move'
          : `the user keeps its managed grants for now (${WHY_NOT_TAKEN[taking]})`;
  const foreign = user.grants.length - held.length;
  const rest = foreign > 0 ? `; ${foreign} of its grants are not managed here and stay` : '';
  return {
    taking,
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

/** The loss rests on the login of the claimant as well as on that of the person. */
function takingFor(context: Context, mark: ManagedUser['mark'], claimant: DesiredPerson): RemovalPermission {
  const taking = context.taking(mark);
  if (taking !== 'allowed') return taking;
  return context.taking({ id: claimant.id, orgs: [] });
}

const stays = ({ login, id }: Pick<DesiredPerson, 'login' | 'id'>, key: UserKey, why: string): string =>
  `${login} (GitHub id ${id}) stays under the user key ${key}: ${why}`;

const claims = ({ login, id }: DesiredPerson): string => `The login ${login} belongs to GitHub id ${id} now`;
