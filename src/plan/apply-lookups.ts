import { heldFact } from '../model/absence.ts';
import type { GitHubId } from '../model/identity.ts';
import type { Account, ClearLookup, HeldOrgRole, Member, OrgFacts, Team, TeamRole } from '../model/member.ts';
import type { RepositoryFacts } from '../model/repositories/facts.ts';
import { getOrMake } from '../model/text/record.ts';

type Lookups = ReadonlyMap<GitHubId, ClearLookup>;

/**
 * Overrides listings with lookups: pages can shift while they are read, so an answer about one person counts more.
 * @param lookups without those that contradict a listing, see `isStillListed`.
 */
export function applyLookups<L extends OrgFacts>(listings: readonly L[], lookups: Lookups): readonly L[] {
  if (lookups.size === 0) return listings;
  return listings.map((listing) => ({
    ...listing,
    members: membersNow(listing, lookups),
    teams: [...listing.teams, ...teamsFound(listing, lookups)].map((team) => teamNow(listing, team, lookups)),
    orgRoles: listing.orgRoles?.map((role) => orgRoleNow(listing, role, lookups)),
    collaborators: listing.collaborators && collaboratorsNow(listing, listing.collaborators, lookups),
    unproven: unprovenIn(listing, lookups),
    repositories: listing.repositories && {
      ...listing.repositories,
      collaborators: directNow(listing, listing.repositories.collaborators, lookups),
      unproven: unprovenRepositories(listing, lookups),
    },
  }));
}

/**
 * Whether a listing of this run shows a person whom the lookup did not find. Neither outweighs the other: the
 * next listing decides (CONTRACT §6.2).
 */
export function isStillListed(
  { id, roles, teams, collaborates, orgRoles, repositories }: ClearLookup,
  listings: readonly OrgFacts[],
): boolean {
  return listings.some((listing) => {
    const role = roles.get(listing.id);
    if (typeof role === 'object' && listing.members.some((member) => member.id === id)) return true;
    const collaborator = collaborates.get(listing.id);
    if (typeof collaborator === 'object' && typeof role === 'object') {
      if (listing.collaborators?.some((one) => one.id === id)) return true;
    }
    const held = orgRoles?.get(listing.id);
    if (listing.orgRoles?.some((one) => one.holders.has(id) && typeof held?.get(one.id) === 'object'))
      return true;
    for (const [repository, fact] of repositories?.get(listing.id) ?? []) {
      const listed = listing.repositories?.collaborators.get(repository);
      if (typeof fact === 'object' && listed !== 'unread' && listed?.has(id)) return true;
    }
    const inTeams = teams.get(listing.id);
    return listing.teams.some(({ ref, members }) => members.has(id) && typeof inTeams?.get(ref) === 'object');
  });
}

function membersNow(listing: OrgFacts, lookups: Lookups): readonly Member[] {
  const members: Member[] = [];
  const listed = new Set<GitHubId>();
  for (const member of listing.members) {
    listed.add(member.id);
    const lookup = lookups.get(member.id);
    const now = lookup ? memberNow(listing, lookup, member) : member;
    if (now) members.push(now);
  }
  for (const lookup of lookups.values()) {
    const now = listed.has(lookup.id) ? undefined : memberNow(listing, lookup);
    if (now) members.push(now);
  }
  return members;
}

/** For an organization that was not asked, the listing still counts. */
function memberNow(
  listing: OrgFacts,
  { id, login, roles }: ClearLookup,
  listed?: Member,
): Member | undefined {
  const role = roles.has(listing.id) ? heldFact(roles.get(listing.id)) : listed?.role;
  return login !== undefined && role !== undefined ? { id, login, role } : undefined;
}

/** Mirrored teams that were not listed, and that a lookup asked about. */
function teamsFound({ id, teams }: OrgFacts, lookups: Lookups): readonly Team[] {
  const known = new Set(teams.map(({ ref }) => ref));
  const found = [...lookups.values()].flatMap((lookup) =>
    [...(lookup.teams.get(id)?.keys() ?? [])].filter((ref) => ref.startsWith('#') && !known.has(ref)),
  );
  return [...new Set(found)].map((ref) => ({
    ref,
    id: Number(ref.slice(1)),
    asked: 'mirror',
    members: new Map(),
  }));
}

function teamNow(listing: OrgFacts, team: Team, lookups: Lookups): Team {
  const members = new Map<GitHubId, TeamRole>(team.members);
  for (const { id, teams } of lookups.values()) {
    const answers = teams.get(listing.id);
    if (!answers?.has(team.ref)) continue;
    const role = heldFact(answers.get(team.ref));
    if (role === undefined) members.delete(id);
    else members.set(id, role);
  }
  return { ...team, members };
}

function orgRoleNow({ id: org }: OrgFacts, role: HeldOrgRole, lookups: Lookups): HeldOrgRole {
  const holders = new Set(role.holders);
  const unproven = new Set<GitHubId>();
  for (const { id, orgRoles } of lookups.values()) {
    const fact = orgRoles?.get(org)?.get(role.id);
    if (fact === undefined) continue;
    if (fact === true) holders.add(id);
    else holders.delete(id);
    if (fact === 'unproven') unproven.add(id);
  }
  return { ...role, holders, ...(unproven.size === 0 ? {} : { unproven }) };
}

function collaboratorsNow(
  { id: org }: OrgFacts,
  listed: readonly Account[],
  lookups: Lookups,
): readonly Account[] {
  const collaborates = (id: GitHubId): boolean | undefined => {
    const fact = lookups.get(id)?.collaborates.get(org);
    return fact === undefined || fact === 'unproven' ? undefined : heldFact(fact) === true;
  };
  const kept = listed.filter(({ id }) => collaborates(id) ?? true);
  const known = new Set(kept.map(({ id }) => id));
  const found = [...lookups.values()].flatMap(({ id, login }) =>
    login !== undefined && collaborates(id) && !known.has(id) ? [{ id, login }] : [],
  );
  return [...kept, ...found];
}

/** Direct collaborators by repository. Where an empty list proves nothing, what was listed still counts. */
function directNow(
  { id: org }: OrgFacts,
  listed: RepositoryFacts['collaborators'],
  lookups: Lookups,
): RepositoryFacts['collaborators'] {
  const now = new Map(listed);
  for (const { id, login, repositories } of lookups.values()) {
    for (const [repository, fact] of repositories?.get(org) ?? []) {
      const people = now.get(repository) ?? new Map();
      if (people === 'unread' || fact === 'unproven') continue;
      const role = heldFact(fact);
      const changed = new Map(people);
      if (role === undefined) changed.delete(id);
      else changed.set(id, { login: login ?? people.get(id)?.login ?? String(id), role });
      now.set(repository, changed);
    }
  }
  return now;
}

function unprovenIn({ id: org }: OrgFacts, lookups: Lookups): ReadonlySet<GitHubId> | undefined {
  const unproven = [...lookups.values()].filter(({ collaborates }) => collaborates.get(org) === 'unproven');
  return unproven.length === 0 ? undefined : new Set(unproven.map(({ id }) => id));
}

function unprovenRepositories(
  { id: org }: OrgFacts,
  lookups: Lookups,
): ReadonlyMap<number, ReadonlySet<GitHubId>> {
  const unproven = new Map<number, Set<GitHubId>>();
  for (const { id, repositories } of lookups.values()) {
    for (const [repository, fact] of repositories?.get(org) ?? [])
      if (fact === 'unproven') getOrMake(unproven, repository, () => new Set()).add(id);
  }
  return unproven;
}
