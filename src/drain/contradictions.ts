import { folded, type GitHubId, isSameName, type OrgId } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
import { instanceOf, REPOSITORY_TYPE, TEAM_TYPE, teamRelation } from '../model/repositories/access-model.ts';
import type { RepositoryFacts } from '../model/repositories/facts.ts';
import { type PermitGraph, type Tuple, tupleId } from '../model/repositories/graph.ts';
import { groupBy } from '../model/text/record.ts';
import type { EntryId, QueueEntry } from '../model/webhooks/queue.ts';
import type { Hint, Hints } from './hints.ts';

/** What GitHub answered about each person; undefined if this drain did not find out. */
export type MembershipAnswers = {
  /** @param orgId numeric id of the organization at the time of the event, where the entry holds one. */
  readonly isMember: (org: string, orgId: OrgId | undefined, id: GitHubId) => boolean | undefined;
  /** @param team numeric id. */
  readonly isInTeam: (
    org: string,
    orgId: OrgId | undefined,
    team: number,
    id: GitHubId,
  ) => boolean | undefined;
  /** Whether someone was given access to a repository alone. @param repository numeric id. */
  readonly isCollaborator: MembershipAnswers['isInTeam'];
};

export const NO_ANSWERS: MembershipAnswers = {
  isMember: () => undefined,
  isInTeam: () => undefined,
  isCollaborator: () => undefined,
};

/** Whether GitHub's answer contradicts the entry: its API can lag behind its own webhooks. */
export function contradicts(
  { event, action, org, orgId, id, team, repository }: QueueEntry,
  { isMember, isInTeam, isCollaborator }: MembershipAnswers,
): boolean {
  const said = SAID[`${event}.${action}`];
  if (said === undefined || id === undefined) return false;
  if (event === 'organization') return isMember(org, orgId, id) === !said;
  if (event === 'member')
    return repository !== undefined && isCollaborator(org, orgId, repository, id) === !said;
  return team !== undefined && isInTeam(org, orgId, team, id) === !said;
}

/** Whether the person is in the organization or team, or on the repository, after the event. */
const SAID: Readonly<Record<string, boolean>> = {
  'organization.member_added': true,
  'organization.member_removed': false,
  'membership.added': true,
  'membership.removed': false,
  'member.added': true,
  'member.removed': false,
};

/**
 * Finds the entries that GitHub contradicts. Of a person's entries about one organization or team only the newest
 * counts: earlier ones were true then. If two deliveries arrived in the wrong order, that delays a loss by one
 * lookup.
 */
export function findContradictions(
  { people }: Pick<Hints, 'people'>,
  observed: MembershipAnswers,
): readonly Hint[] {
  return [...people.values()].flatMap(byMembership).flatMap((hints) => {
    const newest = hints.at(-1);
    return newest !== undefined && contradicts(newest.entry, observed) ? [newest] : [];
  });
}

/** Groups one person's hints, in the order of arrival, by the organization, team or repository they are about. */
function byMembership(hints: readonly Hint[]): readonly (readonly Hint[])[] {
  const groups = groupBy(hints, ({ entry: { event, action, org, team, repository } }) =>
    SAID[`${event}.${action}`] === undefined
      ? undefined
      : `${event} ${folded(org)} ${team ?? repository ?? ''}`,
  );
  return [...groups.values()];
}

/**
 * The people from whom nothing is taken yet: GitHub contradicted their entry for the first time, or the next lookup was
 * not due yet.
 */
export const tooEarlyToTake = (contradicted: readonly Hint[]): ReadonlySet<GitHubId> =>
  new Set(
    contradicted.flatMap(({ entry, lookup }) => (entry.id !== undefined && lookup < 2 ? [entry.id] : [])),
  );

/** By entry, the number of the lookup that contradicted it. */
export const lookupsOf = (contradicted: readonly Hint[]): ReadonlyMap<EntryId, number> =>
  new Map(contradicted.map(({ id, lookup }) => [id, lookup]));

/**
 * Reads the answers from listings.
 * @param isAnswered whether GitHub answered about this person; listings made of lookups hold for nobody else.
 */
export function answersIn(
  listings: readonly OrgFacts[],
  isAnswered: (id: GitHubId) => boolean,
): MembershipAnswers {
  const members = new Map(listings.map((listing) => [listing, new Set(listing.members.map(({ id }) => id))]));
  // Another organization may now have this name.
  const find = (org: string, orgId: OrgId | undefined): OrgFacts | undefined =>
    listings.find((listing) => isSameName(listing.org, org) && (orgId === undefined || orgId === listing.id));
  return {
    isMember: (org, orgId, id) => {
      const listing = find(org, orgId);
      return listing && isAnswered(id) ? members.get(listing)?.has(id) : undefined;
    },
    isInTeam: (org, orgId, team, id) => {
      const found = find(org, orgId)?.teams.filter((one) => one.id === team || one.ref === `#${team}`);
      if (!found || found.length === 0 || !isAnswered(id)) return undefined;
      return found.some((one) => one.members.has(id));
    },
    isCollaborator: (org, orgId, repository, id) => {
      const { collaborators, unproven } = find(org, orgId)?.repositories ?? {};
      const people = collaborators?.get(repository);
      if (people === undefined || people === 'unread' || !isAnswered(id)) return undefined;
      return unproven?.get(repository)?.has(id) ? undefined : people.has(id);
    },
  };
}

/**
 * Finds the entries about repositories and teams' access that GitHub contradicts. Of those about one thing only the
 * newest counts.
 */
export function findGraphContradictions(
  { graph }: Pick<Hints, 'graph'>,
  listings: readonly OrgFacts[],
  held: PermitGraph | undefined,
): readonly Hint[] {
  const newest = new Map<string, Hint>();
  for (const hint of graph) {
    const { event, org, team, repository } = hint.entry;
    newest.set(`${event} ${folded(org)} ${team} ${repository}`, hint);
  }
  return [...newest.values()].filter(({ entry }) => {
    const facts = listings.find(({ org }) => isSameName(org, entry.org))?.repositories;
    return facts !== undefined && isGraphContradicted(entry, facts, held?.tuples ?? []);
  });
}

function isGraphContradicted(
  { event, action, team, repository }: QueueEntry,
  { repositories, leftOut, teams }: RepositoryFacts,
  tuples: readonly Tuple[],
): boolean {
  if (repository === undefined) return false;
  if (event === 'team' && team !== undefined) {
    const access = teams.get(team)?.access;
    if (access === 'unread' || (!repositories.has(repository) && leftOut.has(repository))) return false;
    const role = access?.get(repository);
    if (action === 'added_to_repository') return role === undefined;
    if (action !== 'removed_from_repository' || role === undefined) return false;
    // What the team has through a team above it stays. GitHub lags if it still has just what it had before.
    const before = { subject: instanceOf(TEAM_TYPE, team), object: instanceOf(REPOSITORY_TYPE, repository) };
    const same = tupleId({ ...before, relation: teamRelation(role) });
    return tuples.some((tuple) => tupleId(tuple) === same);
  }
  const isThere = repositories.has(repository) || leftOut.has(repository);
  switch (action) {
    case 'created':
      return !isThere;
    case 'deleted':
      return isThere;
    case 'archived':
      return repositories.has(repository);
    default:
      return false;
  }
}
