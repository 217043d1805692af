import type { Change } from '../../src/model/change.ts';
import { compareGrants, type Grant, grantId } from '../../src/model/grant.ts';
import type { UserKey } from '../../src/model/identity.ts';
import { type MarkAttributes, markAttributesOf, mergeMark } from '../../src/model/mark.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Attributes, PermitUser } from '../../src/model/user.ts';

/**
 * What Permit would hold after a plan, in the order in which it is applied: who only loses first, then everyone in
 * turn, stage by stage, as keys become free. As strict as Permit at its worst: what does not fit what is there is an
 * error, never passed over.
 * @param look sees what Permit holds after each change.
 */
export function applyToUsers(
  plan: Plan,
  users: readonly PermitUser[],
  look: (held: readonly PermitUser[]) => void = () => undefined,
): readonly PermitUser[] {
  const held = new Map(users.map((user) => [user.key, user]));
  if (held.size !== users.length) throw new Error('two users have one key');
  const before = new Map(held);
  for (const stage of stagesInTurn(plan)) {
    for (const change of stage) {
      applyChange(change, held, before);
      look([...held.values()]);
    }
  }
  return [...held.values()];
}

/** Each stage once every key that it needs is free. */
function stagesInTurn(plan: Plan): readonly (readonly Change[])[] {
  const open = plan.people.map(({ changes, stages = [changes] }) =>
    stages.map((stage) => stage.toSorted(inOrder)),
  );
  const done: (readonly Change[])[] = [];
  const isLoss = (stages: readonly (readonly Change[])[]): boolean =>
    stages.length === 1 &&
    (stages[0] ?? []).every(({ kind }) => kind !== 'assignRole' && kind !== 'createUser');
  open.sort((a, b) => Number(isLoss(b)) - Number(isLoss(a)));
  while (open.some((stages) => stages.length > 0)) {
    const ready = open.find(([stage]) => stage?.every((change) => !waits(change, open, stage)));
    const next = ready?.shift();
    if (next === undefined) throw new Error('the people of the plan wait for each other');
    done.push(next);
  }
  return done;
}

const waits = (
  change: Change,
  open: readonly (readonly (readonly Change[])[])[],
  own: readonly Change[],
): boolean =>
  change.kind === 'createUser' &&
  open
    .flat()
    .some(
      (stage) =>
        stage !== own &&
        stage.some(
          ({ kind, user }) => kind === 'deleteUser' && user.toLowerCase() === change.user.toLowerCase(),
        ) &&
        !isLater(open, own, stage),
    );

/** The same person's later stages wait for this one. */
const isLater = (
  open: readonly (readonly (readonly Change[])[])[],
  own: readonly Change[],
  stage: readonly Change[],
): boolean => open.some((stages) => stages.includes(own) && stages.includes(stage));

const RANK = { createUser: 0, updateUser: 1, assignRole: 2, unassignRole: 3, deleteUser: 4 } as const;

const rankOf = (change: Change): number =>
  change.kind === 'updateUser' &&
  change.from.managed_move !== undefined &&
  change.to.managed_move === undefined
    ? 5
    : RANK[change.kind];

const inOrder = (a: Change, b: Change): number => rankOf(a) - rankOf(b);

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
