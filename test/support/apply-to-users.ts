import { compareGrants, type Grant, grantId } from '../../src/model/grant.ts';
import type { UserKey } from '../../src/model/identity.ts';
import { type MarkAttributes, markAttributesOf, mergeMark } from '../../src/model/mark.ts';
import { type Change, changesOf, type Plan } from '../../src/model/plan.ts';
import type { Attributes, PermitUser } from '../../src/model/user.ts';

/**
 * What Permit would hold after a plan, change by change in its order. As strict as Permit at its worst: what does
 * not fit what is there is an error, never passed over.
 */
export function applyToUsers(plan: Plan, users: readonly PermitUser[]): readonly PermitUser[] {
  const held = new Map(users.map((user) => [user.key, user]));
  if (held.size !== users.length) throw new Error('two users have one key');
  const before = new Map(held);
  for (const change of changesOf(plan)) applyChange(change, held, before);
  return [...held.values()];
}

function applyChange(
  change: Change,
  held: Map<UserKey, PermitUser>,
  before: ReadonlyMap<UserKey, PermitUser>,
): void {
  if (change.kind === 'createUser') {
    if (held.has(change.user)) throw new Error(`the user ${change.user} is created, and exists`);
    const former = change.from === undefined ? undefined : before.get(change.from);
    if (change.from !== undefined && !former) throw new Error(`nobody moves from ${change.from}`);
    const attributes = former ? mergeMark(former.attributes, change.mark) : (change.mark as Attributes);
    held.set(change.user, { key: change.user, attributes, grants: [] });
    return;
  }
  const user = held.get(change.user);
  if (!user) throw new Error(`${change.kind} on the user ${change.user}, which does not exist`);
  switch (change.kind) {
    case 'deleteUser':
      requireMark(user, change.last);
      held.delete(user.key);
      return;
    case 'updateUser':
      requireMark(user, change.from);
      held.set(user.key, { ...user, attributes: mergeMark(user.attributes, change.to) });
      return;
    case 'assignRole':
      if (holds(user, change.grant)) throw new Error(`${user.key} is given ${grantId(change.grant)} again`);
      held.set(user.key, { ...user, grants: [...user.grants, change.grant].sort(compareGrants) });
      return;
    case 'unassignRole':
      if (!holds(user, change.grant)) throw new Error(`${user.key} does not hold ${grantId(change.grant)}`);
      held.set(user.key, {
        ...user,
        grants: user.grants.filter((grant) => grantId(grant) !== grantId(change.grant)),
      });
      return;
    default:
      change satisfies never;
  }
}

function requireMark(user: PermitUser, mark: MarkAttributes): void {
  const now = JSON.stringify(markAttributesOf(user.attributes));
  if (now !== JSON.stringify(mark)) {
    throw new Error(`${user.key} carries ${now}, and the plan believes ${JSON.stringify(mark)}`);
  }
}

const holds = (user: PermitUser, grant: Grant): boolean =>
  user.grants.some((held) => grantId(held) === grantId(grant));
