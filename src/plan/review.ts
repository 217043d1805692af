import { compareGrants, grantId } from '../model/grant.ts';
import { compareText, folded, type GitHubId, type UserKey } from '../model/identity.ts';
import type { CompleteListing } from '../model/member.ts';
import { changesOf, type PersonPlan, type Plan, type Unmanaged } from '../model/plan.ts';
import { groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import {
  isAdminRole,
  OWNER_OF,
  type Review,
  type ReviewRow,
  type ReviewStatus,
  type SinceOf,
} from '../model/views/review.ts';
import { type Basis, prepare } from './basis.ts';
import { deletedUsers } from './decision.ts';
import type { DesiredPerson } from './desired-state.ts';
import { allOfOurs } from './ownership.ts';
import type { PlanInput } from './plan-input.ts';

type ReviewBasis = Basis & {
  readonly sinceOf: SinceOf;
  /** Whether the plan takes this grant from this user. */
  readonly takes: (user: UserKey, grant: string) => boolean;
};

/**
 * Who holds what, by which rule and fact: everyone whom GitHub lists, everyone managed, and every other user with a
 * managed grant. Pure, with the same steps as a run.
 * @param plan the plan that was made from this input.
 */
export function review(input: PlanInput, plan: Plan, sinceOf: SinceOf): Review {
  const basis: ReviewBasis = { ...prepare(input), sinceOf, takes: lossesOf(plan) };
  const { desired, ownership, managed } = basis;
  const ours = groupBy(allOfOurs(ownership), ({ mark }) => mark.id);
  const plans = groupBy(plan.people, ({ id }) => id);
  const others = ownership.others.filter(({ reading }) => reading.kind !== 'valid').map(({ user }) => user);
  const otherByKey = new Map(others.map((user) => [user.key, user]));
  const memberships = membershipsOf(input.listings);
  const shown = new Set<UserKey>();
  const ids = new Set([...desired.people.keys(), ...ours.keys(), ...plans.keys()]);
  const people = [...ids].flatMap((id) => {
    if (id === undefined) return [];
    const [known = [], planned = []] = [ours.get(id), plans.get(id)];
    // Users that the plan adopts, moves or prunes may carry no mark.
    const keys = planned.flatMap(({ user, move }) => (move ? [user, move.from] : [user]));
    const unmarked = keys.flatMap((key) => otherByKey.get(key) ?? []);
    const users = [...new Set([...known.map(({ user }) => user), ...unmarked])];
    for (const { key } of users) shown.add(key);
    const login = desired.people.get(id)?.login ?? known[0]?.mark.login ?? planned[0]?.login ?? String(id);
    const person = desired.people.get(id) ?? desired.absent(id, login);
    return [personRows(basis, person, users, planned, memberships.get(id) ?? [])];
  });
  const strangers = groupBy([...plan.unmanaged, ...prunedOf(plan)], ({ user }) =>
    shown.has(user) ? undefined : user,
  );
  const all = [...people, ...[...strangers.values()].map((held) => strangerRows(basis, held))].sort(
    ([a], [b]) => (a && b ? compareRows(a, b) : 0),
  );
  return {
    rows: all.flat(),
    people: people.length,
    admins: all.filter(([row]) => row?.isAdmin).length,
    otherOwners: countOwners(basis),
    unlistedUsers: others.filter(({ key, grants }) => !shown.has(key) && !grants.some(managed.has)).length,
    withoutCollaborators: input.listings
      .filter((one) => one.collaborators === undefined)
      .filter(({ unread }) => !unread.some(({ what }) => what.kind === 'collaborators'))
      .map(({ org }) => org),
  };
}

/** What the plan prunes from users whose person is not known. */
const prunedOf = ({ people }: Plan): readonly Unmanaged[] =>
  people.flatMap(({ id, changes }) =>
    changes.flatMap((one) =>
      id === undefined && one.kind === 'unassignRole' ? [{ user: one.user, grant: one.grant }] : [],
    ),
  );

function lossesOf(plan: Plan): ReviewBasis['takes'] {
  const changes = changesOf(plan);
  const deleted = new Set(deletedUsers(changes));
  const taken = new Set(
    changes.flatMap((one) => (one.kind === 'unassignRole' ? [`${one.user} ${grantId(one.grant)}`] : [])),
  );
  return (user, grant) => deleted.has(user) || taken.has(`${user} ${grant}`);
}

/** "owner of acme", "outside collaborator of labs", by person. */
function membershipsOf(listings: readonly CompleteListing[]): ReadonlyMap<GitHubId, readonly string[]> {
  const facts = listings.flatMap(({ org, members, collaborators = [] }) => [
    ...members.map(({ id, role }) => ({ id, fact: `${role === 'admin' ? OWNER_OF : 'member of '}${org}` })),
    ...collaborators.map(({ id }) => ({ id, fact: `outside collaborator of ${org}` })),
  ]);
  const groups = groupBy(facts, ({ id }) => id);
  return new Map([...groups].map(([id, those]) => [id, those.map(({ fact }) => fact)]));
}

const NOTHING = { user: undefined, grant: undefined, rules: [], facts: [], since: undefined } as const;

/** A row for each grant that the person holds or is to be assigned. */
function personRows(
  basis: ReviewBasis,
  person: DesiredPerson,
  users: readonly PermitUser[],
  planned: readonly PersonPlan[],
  onGitHub: readonly string[],
): readonly ReviewRow[] {
  const { id, login } = person;
  const assigned = planned.flatMap(({ changes }) =>
    changes.flatMap((one) => (one.kind === 'assignRole' ? [{ user: one.user, grant: one.grant }] : [])),
  );
  const assignedIds = new Set(assigned.map(({ grant }) => grantId(grant)));
  const heldIds = new Set(users.flatMap(({ grants }) => grants.map(grantId)));
  const isAdmin =
    onGitHub.some((fact) => fact.startsWith(OWNER_OF)) ||
    users.some(({ grants }) => grants.some(({ role }) => isAdminRole(role)));
  const given = new Map(person.grants.map((one) => [grantId(one.grant), one]));
  const statusOf = (user: UserKey, grant: string, isManaged: boolean): ReviewStatus => {
    // A person who moves is assigned the same grant under the new key.
    if (basis.takes(user, grant) && !assignedIds.has(grant)) return 'to be removed';
    if (given.has(grant)) return 'held';
    if (person.undecided.has(grant)) return 'undecided';
    return isManaged ? 'kept' : 'unmanaged';
  };
  const because = (grant: string): Pick<ReviewRow, 'rules' | 'facts'> => ({
    rules: (given.get(grant)?.ranks ?? []).map((rank) => rank + 1),
    facts: given.get(grant)?.because ?? [],
  });
  const about = { login, id, onGitHub, isAdmin };
  const rows = [
    ...users.flatMap(({ key: user, grants }) =>
      grants.toSorted(compareGrants).map((grant): ReviewRow => {
        const status = statusOf(user, grantId(grant), basis.managed.has(grant));
        const since = basis.sinceOf(user, id, grant);
        return { ...about, user, grant, status, ...because(grantId(grant)), since };
      }),
    ),
    ...assigned
      .filter(({ grant }) => !heldIds.has(grantId(grant)))
      .map((one): ReviewRow => {
        return {
          ...about,
          ...one,
          status: 'to be assigned',
          ...because(grantId(one.grant)),
          since: undefined,
        };
      }),
  ];
  return rows.length > 0 ? rows : [{ ...about, ...NOTHING, user: users[0]?.key, status: 'no grants' }];
}

/** The managed grants of a user whose person is not known. */
function strangerRows({ takes }: ReviewBasis, held: readonly Unmanaged[]): readonly ReviewRow[] {
  const isAdmin = held.some(({ grant }) => isAdminRole(grant.role));
  return held.map(({ user, grant }) => ({
    ...NOTHING,
    ...{ login: undefined, id: undefined, onGitHub: [], isAdmin, user, grant },
    status: takes(user, grantId(grant)) ? 'to be removed' : 'unmanaged',
  }));
}

/** Administrators first, then by login or, where the person is unknown, by user key. */
function compareRows(a: ReviewRow, b: ReviewRow): number {
  const nameOf = ({ login, user }: ReviewRow): string => folded(login ?? user ?? '');
  return (
    Number(b.isAdmin) - Number(a.isAdmin) ||
    compareText(nameOf(a), nameOf(b)) ||
    (a.id ?? 0) - (b.id ?? 0) ||
    (a.grant && b.grant ? compareGrants(a.grant, b.grant) : 0)
  );
}

/** How many users carry the mark of each other owner, by name. */
function countOwners({ ownership }: Basis): ReadonlyMap<string, number> {
  const owners = groupBy(ownership.others, ({ reading }) =>
    reading.kind === 'valid' ? reading.mark.owner : undefined,
  );
  return new Map(
    [...owners].sort(([a], [b]) => compareText(a, b)).map(([owner, users]) => [owner, users.length]),
  );
}
