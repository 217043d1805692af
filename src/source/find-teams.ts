import type { OrgId } from '../model/identity.ts';
import type { TeamRef } from '../model/member.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { parseOrganization } from './answers.ts';
import type { GitHubClient } from './github-client.ts';
import { requireTeam } from './membership.ts';
import type { Place } from './place.ts';

/**
 * Which of these teams of an organization the credentials can't see: each is asked for alone, its members are not.
 * A name with `*` stands for whatever is there, and is never missing.
 * @returns in the order given.
 * @throws HttpFailure for any failure but a team's 404.
 */
export async function findMissingTeams(
  client: GitHubClient,
  org: string,
  refs: readonly TeamRef[],
): Promise<readonly TeamRef[]> {
  const named = refs.filter((ref) => !ref.includes('*'));
  // Only a team's number is asked for by the number of its organization.
  const id = named.some((ref) => ref.startsWith('#'))
    ? (await client.get('/orgs/{org}', { org }, parseOrganization)).body.id
    : (0 as OrgId);
  const there = await Promise.all(named.map((ref) => isThere({ client, org, id }, ref)));
  return named.filter((_, index) => !there[index]);
}

async function isThere(place: Place, ref: TeamRef): Promise<boolean> {
  try {
    await requireTeam(place, ref);
    return true;
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return false;
    throw error;
  }
}
