import { type Change, compareChanges } from '../../model/change.ts';
import { distinctGrants, isSameGrant } from '../../model/grant.ts';
import type { UserKey } from '../../model/identity.ts';
import { type Mark, type MarkAttributes, markAttributesOf, readMark, writeMark } from '../../model/mark.ts';
import type { MoveCause } from '../../model/plan.ts';
import type { Attributes } from '../../model/user.ts';
import type { DesiredPerson } from '../desired-state.ts';
import type { ManagedUser } from '../ownership.ts';
import {
  expecting,
  finish,
  type Governance,
  MOVE_DONE,
  movementOf,
  orgsBehindGrants,
  type PersonDecision,
  type RemovalPermission,
  type Surplus,
  surplusOf,
  unassign,
  whyLost,
  withChangesFirst,
} from '../person.ts';

const WHY_MOVED = {
  rename: 'renamed on GitHub',
  template: 'users.key was changed',
  identity: 'the identity or users.key was changed',
  return: 'back under another name',
} as const satisfies Record<MoveCause, string>;

/** A move. `to` is the new user if an earlier run has already created it. */
export type Route = {
  readonly from: ManagedUser;
  readonly to: ManagedUser | undefined;
  readonly key: UserKey;
  readonly cause: MoveCause;
};

/**
 * Moves a person to another user key. A key can't be changed in Permit, so the profile, the attributes and every grant,
 * including foreign ones, are copied to a new user, and the former user is deleted. Until then the new user carries
 * `managed_move`, so that the next run can resume an unfinished move.
 */
export function move(
  person: DesiredPerson,
  { from, to, key, cause }: Route,
  governance: Governance,
  permission: RemovalPermission,
): PersonDecision {
  const { managed } = governance;
  const surplus = surplusOf(person, from.user, governance, permission);
  const carried = from.user.grants.filter(
    (grant) => !surplus.losses.some((lost) => isSameGrant(lost, grant)),
  );
  const moved = `moved from ${from.user.key}`;
  const target = [
    ...person.grants.map((given) => ({ grant: given.grant, reason: given.because.join(', ') })),
    ...carried
      .filter((grant) => !person.grants.some((given) => isSameGrant(given.grant, grant)))
      .map((grant) => ({ grant, reason: moved })),
  ];
  const standing = to?.user.grants ?? [];
  const surplusThere = to
    ? surplusOf({ ...person, grants: target }, to.user, governance, permission)
    : NO_SURPLUS;
  const { move: _former, ...mark }: Mark = {
    ...from.mark,
    login: person.login,
    orgs: orgsBehindGrants(person, from.mark, bothSurpluses(surplus, surplusThere), governance, permission),
  };
  // If the person was renamed again during a move, the email is still in that move's mark.
  const email = from.user.profile?.email ?? from.mark.move?.email ?? null;
  const under: Mark = { ...mark, move: { from: from.user.key, email } };
  const begun = to ? markAttributesOf(to.user.attributes) : writeMark(under);
  const profile = governance.profiles?.toWrite(person.id, from.user.profile, from.mark.origin);
  const why = `${WHY_MOVED[cause]}, ${moved}`;
  const changes: Change[] = [
    ...(to
      ? []
      : [{ kind: 'createUser', user: key, reason: why, mark: begun, from: from.user.key } as const]),
    ...target
      .filter(({ grant }) => !standing.some((held) => isSameGrant(held, grant)))
      .map(({ grant, reason }) => ({ kind: 'assignRole', user: key, reason, grant }) as const),
    ...surplusThere.losses.map((held) => unassign(key, held, whyLost(held, person, managed))),
    {
      kind: 'deleteUser',
      user: from.user.key,
      reason: `moved to ${key}`,
      last: markAttributesOf(from.user.attributes),
    },
    {
      ...{ kind: 'updateUser', user: key, reason: MOVE_DONE, from: begun, to: writeMark(mark) },
      ...(profile ? { profile } : {}),
    },
  ];
  // The person holds the grants of both users, and loses what neither keeps.
  const held = distinctGrants([...from.user.grants, ...standing]).filter(managed.has);
  const gains = person.grants.filter(({ grant }) => !held.some((one) => isSameGrant(one, grant)));
  const losses = distinctGrants([...surplus.losses, ...surplusThere.losses]);
  const movement = movementOf(held, gains, losses, managed);
  return {
    plan: {
      ...expecting(finish(person, key, movement === 'changed' ? 'moved' : movement, changes), losses, person),
      move: { from: from.user.key, cause },
    },
    kept: surplus.kept || surplusThere.kept,
  };
}

/**
 * Moves a person through a temporary key, because the user under the new key waits for this one to leave. The
 * temporary user holds everything until the new key is free.
 */
export function moveVia(
  person: DesiredPerson,
  route: Route,
  via: UserKey,
  governance: Governance,
  permission: RemovalPermission,
): PersonDecision {
  const { from, to, key, cause } = route;
  const aside = move(person, { ...route, key: via }, governance, permission);
  if (!aside.plan) return aside;
  const isEnd = (change: Change): boolean => change.kind === 'updateUser' && change.user === via;
  const begun = aside.plan.changes.filter((change) => !isEnd(change));
  const stop = standingUnder(via, aside.plan.changes, to);
  if (!stop) return aside;
  const onward = move(person, { from: stop, to: undefined, key, cause }, governance, permission);
  const rest = (onward.plan?.changes ?? []).map(
    (change): Change => (change.kind === 'createUser' ? { ...change, from: from.user.key } : change),
  );
  return {
    plan: withChangesFirst(begun, {
      ...aside.plan,
      user: key,
      changes: rest.toSorted(compareChanges),
    }),
    kept: aside.kept,
  };
}

/** The temporary user, as it will be once all its changes are in effect. */
function standingUnder(
  key: UserKey,
  changes: readonly Change[],
  to: ManagedUser | undefined,
): ManagedUser | undefined {
  let attributes: MarkAttributes = to ? markAttributesOf(to.user.attributes) : {};
  let grants = to?.user.grants ?? [];
  let mark: Mark | undefined;
  for (const change of changes) {
    if (change.user !== key) continue;
    if (change.kind === 'createUser') attributes = change.mark;
    else if (change.kind === 'assignRole') grants = [...grants, change.grant];
    else if (change.kind === 'unassignRole') grants = grants.filter((one) => !isSameGrant(one, change.grant));
    else if (change.kind === 'updateUser') {
      const reading = readMark(change.to as Attributes);
      mark = reading.kind === 'valid' ? reading.mark : undefined;
    }
  }
  const under = readMark(attributes as Attributes);
  if (!mark || under.kind !== 'valid' || !under.mark.move) return undefined;
  return {
    user: { key, attributes: attributes as Attributes, grants },
    // The email stays in the mark until the last temporary user is deleted.
    mark: { ...mark, move: under.mark.move },
  };
}

const NO_SURPLUS: Surplus = { losses: [], kept: false, undecided: false };

const bothSurpluses = (a: Surplus, b: Surplus): Surplus => ({
  losses: [...a.losses, ...b.losses],
  kept: a.kept || b.kept,
  undecided: a.undecided || b.undecided,
});
