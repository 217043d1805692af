import { grantId, isSameGrant } from '../model/grant.ts';
import { folded, type GitHubId, type OrgId, type UserKey } from '../model/identity.ts';
import type { Mark } from '../model/mark.ts';
import { globMatches } from '../model/text/glob.ts';
import { groupBy } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import { type DesiredPerson, type DesiredState, desiredState } from './desired-state.ts';
import { type UserKeys, userKeys } from './keys/due-key.ts';
import { findAllRivals, findNamed } from './keys/rivals.ts';
import { type ManagedGrants, managedGrants } from './managed-grants.ts';
import { allOfOurs, groupByOwner, type Ownership } from './ownership.ts';
import type { Governance, RemovalPermission } from './person.ts';
import type { PlanInput } from './plan-input.ts';
import { type Profiles, profilesOf } from './profile.ts';
import { mirrorOf } from './repositories/mirror.ts';

/** The facts derived from the input, which every decision reads and none changes. */
export type Basis = {
  readonly input: PlanInput;
  readonly desired: DesiredState;
  readonly ownership: Ownership;
  readonly managed: ManagedGrants;
  readonly governance: Governance;
  /** Whether the person with this mark may lose something in this run. */
  readonly permissionFor: (mark: Pick<Mark, 'id' | 'orgs'>) => RemovalPermission;
  /** Whether the run is about this person, by today's login or one of the given names. */
  readonly isSelected: (id: GitHubId | undefined, names: readonly string[]) => boolean;
  /** Whether `users.protect` forbids writing this user. */
  readonly isProtected: (user: string) => boolean;
  readonly profiles: Profiles | undefined;
  /** The user key that is due to a person. */
  readonly keys: UserKeys;
  /** The people who should have this key today, by the listings and the key template. */
  readonly dueTo: (key: string) => readonly DesiredPerson[];
};

export function prepare(given: PlanInput): Basis {
  const { listings, rules, configuredOrgs, now, missing } = given;
  const mirror = mirrorOf(given);
  const desired = desiredState(listings, rules, configuredOrgs, now, missing, mirror, given.unconfirmed);
  const input = withUnproven(given, desired);
  const listed = new Set<OrgId>([...input.listings.map(({ id }) => id), ...(input.retiredOrgs ?? [])]);
  const covered = (org: OrgId): boolean => listed.has(org);
  const managed = managedGrants(input, mirror);
  const ownership = groupByOwner(input.users, input.owner);
  const keys = userKeys(input, () => desired.people.values());
  const keyDueTo = (id: GitHubId): UserKey | undefined => {
    const person = desired.people.get(id);
    return person && keys.keyOf(person);
  };
  const profiles = profilesOf(input, keyDueTo);
  return {
    input,
    desired,
    ownership,
    managed,
    profiles,
    governance: { owner: input.owner, managed, onLeave: input.userSettings.onLeave, profiles, covered },
    permissionFor: ({ id, orgs }) => {
      if (input.mode === 'upsert-only') return 'upsert-only';
      // A mark without organizations does not say where the person was.
      const isCovered = orgs.length > 0 ? orgs.every(covered) : listings.length >= configuredOrgs.length;
      if (!isCovered) return 'out-of-scope';
      if (input.contradicted?.has(id)) return 'contradicted';
      return input.unconfirmed?.has(id) ? 'unconfirmed' : 'allowed';
    },
    isSelected: input.ids ? selectorOfIds(input.ids) : selector(input),
    isProtected: protection(input.userSettings.protect),
    keys,
    dueTo: dueIndex(keys, desired),
  };
}

/**
 * An empty list of collaborators, or of those who hold a role, proves nothing. People who hold a grant that depends
 * on it keep everything.
 */
function withUnproven(input: PlanInput, desired: DesiredState): PlanInput {
  const doubtful = input.listings.flatMap(({ org, unproven, orgRoles = [] }) => [
    ...[...(unproven ?? [])].map((id) => ({ id, what: `outside collaborator of ${org}` })),
    ...orgRoles.flatMap((role) =>
      [...(role.unproven ?? [])].map((id) => ({ id, what: `holder of the role ${role.name} of ${org}` })),
    ),
  ]);
  if (doubtful.length === 0) return input;
  const ours = allOfOurs(groupByOwner(input.users, input.owner));
  const unconfirmed = new Map(input.unconfirmed);
  for (const { id, what } of doubtful) {
    const isAtStake = ours.some(({ user, mark }) => {
      if (mark.id !== id) return false;
      const { undecided } = desired.people.get(id) ?? desired.absent(id, mark.login);
      return user.grants.some((grant) => undecided.has(grantId(grant)));
    });
    if (!isAtStake || unconfirmed.has(id)) continue;
    const why = `GitHub lists no ${what} at all, and an empty list proves nothing`;
    unconfirmed.set(id, { kind: 'unanswered', why });
  }
  return { ...input, unconfirmed };
}

/** Built on first use: only needed for people whose key is in doubt. */
function dueIndex({ keyOf }: UserKeys, { people }: DesiredState): Basis['dueTo'] {
  let index: ReadonlyMap<string, DesiredPerson[]> | undefined;
  return (key) => {
    index ??= groupBy(people.values(), (person) => keyOf(person)?.toLowerCase());
    return index.get(folded(key)) ?? [];
  };
}

/** Ignores case, so that no spelling of a login slips past a pattern. */
function protection(patterns: readonly string[]): (user: string) => boolean {
  return (user) => patterns.some((pattern) => globMatches(pattern, user));
}

/**
 * A renamed person is also found by the former login, which the mark and the key keep. If someone else holds the key
 * that a selected person should have, that person is selected too: neither can reach the desired state alone.
 */
function selector(input: PlanInput): Basis['isSelected'] {
  if (!input.logins) return () => true;
  const wanted = new Set(input.logins.map(folded));
  const all = findAllRivals(findNamed(input.logins, input.listings, input), input.listings, input);
  return (id, names) => names.some((name) => wanted.has(folded(name))) || (id !== undefined && all.has(id));
}

const selectorOfIds =
  (ids: ReadonlySet<GitHubId>): Basis['isSelected'] =>
  (id) =>
    id !== undefined && ids.has(id);

/**
 * Whether an organization that was not listed may have given an unmarked user some of its grants. Such a user is not
 * adopted until all organizations are listed.
 */
export function mayBelongToUnlistedOrg(
  { input, managed }: Basis,
  person: DesiredPerson,
  { grants }: PermitUser,
): boolean {
  if (input.listings.length >= input.configuredOrgs.length) return false;
  return grants.some(
    (held) => managed.has(held) && !person.grants.some(({ grant }) => isSameGrant(held, grant)),
  );
}

/** Whether several people should have this key: someone was renamed while GitHub was listed. */
export const isContested = ({ dueTo }: Basis, key: UserKey): boolean =>
  dueTo(key).filter(({ grants }) => grants.length > 0).length > 1;
