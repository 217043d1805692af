import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing } from '../model/member.ts';
import type { GitHubAcquaintance } from '../model/ports.ts';
import { findContradictions, observedIn } from './contradictions.ts';
import type { Hint, Hints } from './hints.ts';
import type { View } from './view.ts';

/**
 * The entries that say the opposite of what GitHub answered. An entry names a team by its number: the numbers of teams
 * that were listed by their slugs are asked for where an entry needs them.
 */
export async function observeContradictions(
  { kind, people, unconfirmed, listings }: View,
  hints: Hints,
  github: Pick<GitHubAcquaintance, 'introduceOrg'>,
): Promise<readonly Hint[]> {
  // Listings made of lookups hold for nobody else.
  const isAnswered = (id: GitHubId): boolean => kind === 'list' || (people.has(id) && !unconfirmed.has(id));
  const isAboutTeams = [...hints.people.values()].flat().some(({ entry }) => entry.event === 'membership');
  const numbered = isAboutTeams
    ? await Promise.all(listings.map((listing) => numberTeams(listing, github)))
    : listings;
  return findContradictions(hints, observedIn(numbered, isAnswered));
}

async function numberTeams(
  listing: CompleteListing,
  github: Pick<GitHubAcquaintance, 'introduceOrg'>,
): Promise<CompleteListing> {
  // A pattern can match any number of teams: each would cost a request.
  const slugs = listing.teams.filter(
    ({ ref, id, asked }) => id === undefined && asked === 'name' && !ref.startsWith('#'),
  );
  if (slugs.length === 0) return listing;
  const refs = slugs.map(({ ref }) => ref);
  const numbered = await github.introduceOrg(listing.org, { teams: refs, collaborators: false });
  const teams = numbered.kind === 'complete' ? numbered.teams : [];
  const ids = new Map(teams.map(({ ref, id }) => [ref, id]));
  return { ...listing, teams: listing.teams.map((team) => ({ ...team, id: team.id ?? ids.get(team.ref) })) };
}
