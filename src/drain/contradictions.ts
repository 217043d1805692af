import { folded, type GitHubId, isSameName } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
import { instanceOf, REPOSITORY_TYPE, TEAM_TYPE, teamRelation } from '../model/repositories/access-model.ts';
import type { RepositoryFacts } from '../model/repositories/facts.ts';
import { type PermitGraph, type Tuple, tupleId } from '../model/repositories/graph.ts';
import { groupBy } from '../model/text/record.ts';
import type { EntryId, QueueEntry } from '../model/webhooks/queue.ts';
import type { Hint, Hints } from './hints.ts';

/**
 * Whether the person of an entry is in the organization or team, or on the repository, that it is about; undefined if
 * this drain did not find out.
 */
type IsThere = (entry: QueueEntry) => boolean | undefined;

/** Whether the person is there after the event. */
const SAID: Readonly<Record<string, boolean>> = {
  'organization.member_added': true,
  'organization.member_removed': false,
  'membership.added': true,
  'membership.removed': false,
  'member.added': true,
  'member.removed': false,
};

const saidBy = ({ event, action }: QueueEntry): boolean | undefined => SAID[`${event}.${action}`];

/**
 * Finds the entries that GitHub's answers contradict: its API can lag behind its own webhooks. Of a person's entries
 * about one organization or team only the newest counts: earlier ones were true then. If two deliveries arrived in the
 * wrong order, that delays a loss by one lookup.
 */
export function findContradictions({ people }: Pick<Hints, 'people'>, isThere: IsThere): readonly Hint[] {
  return [...people.values()].flatMap(byMembership).flatMap((hints) => {
    const newest = hints.at(-1);
    return newest !== undefined && isThere(newest.entry) === !saidBy(newest.entry) ? [newest] : [];
  });
}

/** Groups one person's hints, in the order of arrival, by the organization, team or repository they are about. */
function byMembership(hints: readonly Hint[]): readonly (readonly Hint[])[] {
  const groups = groupBy(hints, ({ entry }) =>
    saidBy(entry) === undefined
      ? undefined
      : `${entry.event} ${folded(entry.org)} ${entry.team ?? entry.repository ?? ''}`,
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
export function answersIn(listings: readonly OrgFacts[], isAnswered: (id: GitHubId) => boolean): IsThere {
  const members = new Map(listings.map((listing) => [listing, new Set(listing.members.map(({ id }) => id))]));
  return ({ event, org, orgId, id, team, repository }) => {
    // Another organization may now have this name.
    const listing = listings.find(
      (one) => isSameName(one.org, org) && (orgId === undefined || orgId === one.id),
    );
    if (listing === undefined || id === undefined || !isAnswered(id)) return undefined;
    if (event === 'organization') return members.get(listing)?.has(id);
    if (event === 'membership' && team !== undefined) {
      const found = listing.teams.filter((one) => one.id === team || one.ref === `#${team}`);
      return found.length === 0 ? undefined : found.some((one) => one.members.has(id));
    }
    if (event !== 'member' || repository === undefined) return undefined;
    const people = listing.repositories?.collaborators.get(repository);
    const isUnknown = people === undefined || people === 'unread';
    return isUnknown || listing.repositories?.unproven?.get(repository)?.has(id) ? undefined : people.has(id);
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
  const thingOf = ({ entry: { event, org, team, repository } }: Hint): string =>
    `${event} ${folded(org)} ${team} ${repository}`;
  const newest = new Map(graph.map((hint) => [thingOf(hint), hint]));
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
