import { grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import type { Mark } from '../model/mark.ts';
import { enumerate } from '../model/text.ts';
import { add, type Context } from './context.ts';
import { leave, stay } from './person.ts';

/** Users of ours whose person gets nothing from GitHub any more. */
export function planLeavers(context: Context): void {
  const { desired, ownership, rules } = context;
  for (const managedUser of ownership.managed.values()) {
    const { user, mark } = managedUser;
    const person = desired.people.get(mark.id) ?? desired.absent(mark.id, mark.login);
    if (person.grants.length > 0 || !context.selected(mark.id, [mark.login, user.key])) continue;
    const taking = context.taking(mark);
    // Nobody has left as long as a grant hangs on something that could not be read.
    const undecided = user.grants.some((grant) => person.undecided.has(grantId(grant)));
    const planned = undecided
      ? stay(person, managedUser, rules, taking)
      : leave(managedUser, rules, taking, whyGone(context, mark));
    add(context, user.key, taking, planned);
  }
}

function whyGone({ desired, input }: Context, mark: Mark): string {
  if (desired.people.has(mark.id)) return 'no statement gives anything any more';
  const names = input.listings
    .filter(({ id }) => mark.orgs.includes(id))
    .map(({ org }) => org)
    .sort(compareText);
  return `no longer a member of ${enumerate(names.length > 0 ? names : input.orgs)}`;
}
