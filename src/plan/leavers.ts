import { grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { enumerate } from '../model/text.ts';
import { reportKept, stayInPlace, WHY_NOT_TAKEN } from './claims.ts';
import { add, type Context } from './context.ts';
import { getsNothing } from './desired-state.ts';
import type { ManagedGrants } from './managed-grants.ts';
import type { ManagedUser } from './ownership.ts';
import { leave } from './person.ts';

/** Users of ours whose person gets nothing from GitHub any more. */
export function planLeavers(context: Context): void {
  const { desired, ownership, governance } = context;
  for (const managedUser of ownership.managed.values()) {
    const { user, mark } = managedUser;
    const person = desired.people.get(mark.id) ?? desired.absent(mark.id, mark.login);
    if (person.grants.length > 0 || !context.selected(mark.id, [mark.login, user.key])) continue;
    if (desired.people.has(mark.id) && holdsOnlyUngoverned(managedUser, governance.managed)) continue;
    // Nobody has left as long as a grant hangs on something that could not be read.
    if (!getsNothing(person)) {
      stayInPlace(context, person, managedUser, undefined, 'what they are due waits for Permit');
      continue;
    }
    if (user.grants.some((grant) => person.undecided.has(grantId(grant)))) {
      stayInPlace(
        context,
        person,
        managedUser,
        undefined,
        'what decides about their grants could not be read',
      );
      continue;
    }
    const taking = context.taking(mark);
    add(
      context,
      { id: mark.id, user: user.key },
      taking,
      leave(managedUser, governance, taking, whyGone(context, managedUser)),
    );
    if (taking !== 'allowed') reportKept(context, managedUser, WHY_NOT_TAKEN[taking]);
    else if (context.isProtected(user.key)) reportKept(context, managedUser, 'users.protect names that key');
  }
}

/**
 * Somebody who is still there while the rule behind the grants is not: the mark stays, so that every run
 * reports what no rule governs any more, until somebody governs it or takes it away.
 */
const holdsOnlyUngoverned = ({ user }: ManagedUser, managed: ManagedGrants): boolean =>
  user.grants.length > 0 && !user.grants.some(managed.has);

function whyGone({ desired, input, managed }: Context, { user, mark }: ManagedUser): string {
  if (desired.people.has(mark.id)) return 'no rule gives anything any more';
  if (holdsOnlyUngoverned({ user, mark }, managed)) return 'no rule gives or governs anything here any more';
  const names = input.listings
    .filter(({ id }) => mark.orgs.includes(id))
    .map(({ org }) => org)
    .sort(compareText);
  const asked = input.listings.some(({ collaborators }) => collaborators !== undefined);
  const what = asked ? 'a member or collaborator' : 'a member';
  return `no longer ${what} of ${enumerate(names.length > 0 ? names : input.orgs)}`;
}
