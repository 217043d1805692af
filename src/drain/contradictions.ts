import { folded, type GitHubId, type OrgId } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
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
};

export const NO_ANSWERS: MembershipAnswers = { isMember: () => undefined, isInTeam: () => undefined };

/** Whether GitHub's answer contradicts the entry: its API can lag behind its own webhooks. */
export function contradicts(
  { event, action, org, orgId, id, team }: QueueEntry,
  { isMember, isInTeam }: MembershipAnswers,
): boolean {
  const said = SAID[`${event}.${action}`];
  if (said === undefined || id === undefined) return false;
  if (event === 'organization') return isMember(org, orgId, id) === !said;
  return team !== undefined && isInTeam(org, orgId, team, id) === !said;
}

/** Whether the person is in the organization or team after the event. */
const SAID: Readonly<Record<string, boolean>> = {
  'organization.member_added': true,
  'organization.member_removed': false,
  'membership.added': true,
  'membership.removed': false,
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

/** @param hints of one person, in the order of arrival. @returns those about the same organization or team together. */
function byMembership(hints: readonly Hint[]): readonly (readonly Hint[])[] {
  const groups = new Map<string, Hint[]>();
  for (const hint of hints) {
    const { event, action, org, team } = hint.entry;
    if (SAID[`${event}.${action}`] === undefined) continue;
    const key = `${event} ${folded(org)} ${team ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), hint]);
  }
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
    listings.find(
      (listing) => folded(listing.org) === folded(org) && (orgId === undefined || orgId === listing.id),
    );
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
  };
}
