import type { Change } from '../model/change.ts';
import { compareGrants, type Grant } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { type PersonPlan, type Unmanaged, usersOf } from '../model/plan.ts';
import type { Basis } from './basis.ts';
import { change, type Decision, keep, NO_DECISION, together } from './decision.ts';
import { allOfOurs, isUnclaimed, namesOf } from './ownership.ts';

/**
 * Finds managed grants on unmarked users and unmanaged grants on ours, such as a grant made by hand or one whose rule
 * was deleted. Other owners report their own users.
 * @param people the plan's people: a user that the plan adopts counts as ours, and one that it prunes loses them all.
 */
export function findUnmanaged(
  { ownership, managed, isSelected }: Basis,
  people: readonly PersonPlan[],
): readonly Unmanaged[] {
  const planned = usersOf(people);
  const isUnmanaged = (grant: Grant): boolean => !managed.has(grant) && !managed.isAside(grant);
  const onOthers = ownership.others
    .filter(({ user, reading }) => reading.kind !== 'valid' && !planned.has(user.key))
    .filter(({ user }) => isSelected(undefined, [user.key]))
    .flatMap(({ user }) => user.grants.filter(managed.has).map((grant) => ({ user: user.key, grant })));
  const onOurs = allOfOurs(ownership)
    .filter(({ user }) => user.grants.some(isUnmanaged))
    .filter((one) => isSelected(one.mark.id, namesOf(one)))
    .flatMap(({ user }) =>
      user.grants
        .filter(isUnmanaged)
        .map((grant) => ({ user: user.key, grant, govern: `${grant.tenant}/${grant.role}` })),
    );
  return [...onOthers, ...onOurs].sort(
    (a, b) => compareText(a.user, b.user) || compareGrants(a.grant, b.grant),
  );
}

/**
 * Takes managed grants from unmarked users, for whom no lookup is possible. The users stay. Users that another tool,
 * another owner or a bad mark claims are not unmarked.
 */
export function decidePruning(
  { ownership, managed, isSelected, isProtected }: Basis,
  people: readonly PersonPlan[],
): Decision {
  const planned = usersOf(people);
  return together(
    ownership.others.map(({ user, reading }) => {
      if (reading.kind !== 'none' || !isUnclaimed(user) || planned.has(user.key)) return NO_DECISION;
      const surplus = user.grants.filter(managed.has);
      if (surplus.length === 0 || !isSelected(undefined, [user.key])) return NO_DECISION;
      if (isProtected(user.key)) return keep(undefined, user.key, 'protected');
      const changes = surplus
        .toSorted(compareGrants)
        .map(
          (grant): Change => ({ kind: 'unassignRole', user: user.key, reason: 'unmanaged, pruned', grant }),
        );
      return change({ id: reading.id, login: user.key, user: user.key, movement: 'changed', changes });
    }),
  );
}
