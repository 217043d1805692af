import { grantId } from '../model/grant.ts';
import type { Context } from './context.ts';
import { userKeyFor } from './user-key.ts';

/**
 * Names the people to whom something would be given if only an organization that was not listed had been: an `unless`
 * or a `deny` on it may speak against it. Without a word a narrowed run would look as if it were in sync.
 */
export function reportUndecidedGrants(context: Context): void {
  const { desired, input, ownership, kept, selected } = context;
  if (input.orgs.length === input.listings.length) return;
  for (const { id, login, undecided } of desired.people.values()) {
    if (undecided.size === 0) continue;
    const managedUser = ownership.managed.get(id);
    if (!selected(id, managedUser ? [managedUser.mark.login, managedUser.user.key] : [])) continue;
    const held = new Set(managedUser?.user.grants.map(grantId));
    if ([...undecided].every((grant) => held.has(grant))) continue;
    const user = managedUser?.user.key ?? userKeyFor(input.userSettings.key, { id, login });
    if (user !== undefined) kept.push({ id, user, why: 'withheld' });
  }
}
