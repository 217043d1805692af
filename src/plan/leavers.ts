import type { Mark } from '../model/mark.ts';
import { enumerate } from '../model/text.ts';
import { add, type Context } from './context.ts';
import type { DesiredPerson } from './desired-state.ts';
import { leave } from './person.ts';

/** Users of ours whose person gets nothing from GitHub any more. */
export function planLeavers(context: Context): void {
  for (const managedUser of context.ownership.managed.values()) {
    const { user, mark } = managedUser;
    const person = context.desired.get(mark.id);
    if (person && person.grants.length > 0) continue;
    if (!context.selected(mark.id, [mark.login, user.key])) continue;
    const taking = context.taking(mark);
    add(
      context,
      user.key,
      taking,
      leave(managedUser, context.managed, taking, whyGone(context, mark, person)),
    );
  }
}

function whyGone({ input }: Context, mark: Mark, person: DesiredPerson | undefined): string {
  if (person) return 'no statement gives anything any more';
  const names = input.listings.filter(({ id }) => mark.orgs.includes(id)).map(({ org }) => org);
  return `no longer a member of ${enumerate(names.length > 0 ? names : input.orgs)}`;
}
