import { compareGrants } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { type Unmanaged, usersOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { allOfOurs } from './ownership.ts';

/**
 * Grants in our scope on unmarked users, and grants outside of it on ours: a rule that was deleted, or a
 * grant made by hand, leaves nothing unseen. Another owner's users are that owner's to report.
 */
export function findUnmanaged({ ownership, managed, selected, people }: Context): readonly Unmanaged[] {
  const found: Unmanaged[] = [];
  // Who is taken up again in this plan is ours from now on.
  const takenUp = usersOf(people);
  for (const { user, reading } of ownership.others) {
    if (reading.kind === 'valid' || takenUp.has(user.key) || !selected(undefined, [user.key])) continue;
    for (const grant of user.grants) if (managed.has(grant)) found.push({ user: user.key, grant });
  }
  for (const { user, mark } of allOfOurs(ownership)) {
    if (!selected(mark.id, [mark.login, user.key])) continue;
    for (const grant of user.grants) {
      if (!managed.has(grant)) found.push({ user: user.key, grant, govern: `${grant.tenant}/${grant.role}` });
    }
  }
  return found.sort((a, b) => compareText(a.user, b.user) || compareGrants(a.grant, b.grant));
}
