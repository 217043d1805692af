import type { Change } from '../model/change.ts';
import { compareGrants } from '../model/grant.ts';
import { type PersonPlan, usersOf } from '../model/plan.ts';
import type { Context } from './context.ts';
import { isUnclaimed } from './ownership.ts';

/**
 * Takes the grants of our scope from unmarked users, which nobody on GitHub can be asked about; the users stay. Users
 * that another tool, another owner or a bad mark claims are not unmarked.
 * @returns how many users hold such grants.
 */
export function planPruning(context: Context): number {
  const { ownership, managed, people, selected } = context;
  const planned = usersOf(people);
  const found: PersonPlan[] = [];
  for (const { user, reading } of ownership.others) {
    if (reading.kind !== 'none' || !isUnclaimed(user) || planned.has(user.key)) continue;
    if (!selected(undefined, [user.key])) continue;
    const surplus = user.grants.filter(managed.has);
    if (surplus.length === 0) continue;
    if (context.isProtected(user.key)) {
      context.kept.push({ id: undefined, user: user.key, why: 'protected' });
      continue;
    }
    const changes = surplus
      .toSorted(compareGrants)
      .map((grant): Change => ({ kind: 'unassignRole', user: user.key, reason: 'unmanaged, pruned', grant }));
    found.push({ id: reading.id, login: user.key, user: user.key, movement: 'changed', changes });
  }
  people.push(...found);
  return found.length;
}
