import { onHttpFailure } from '../../http/http-failure.ts';
import type { OrgId } from '../../model/identity.ts';
import type { TeamRef } from '../../model/member.ts';
import type { GitHubClient } from '../github-client.ts';
import { type OrgClient, readOrganization, requireTeam } from '../membership.ts';

/**
 * Finds the numeric ids of teams, without their members. One request for each. Teams that the credentials can't see are
 * left out.
 * @param refs without patterns. @throws HttpFailure for any failure except a team's 404.
 */
export async function findTeamIds(
  client: GitHubClient,
  org: string,
  refs: readonly TeamRef[],
): Promise<ReadonlyMap<TeamRef, number>> {
  // The organization's id is needed only for teams named by id.
  const id = refs.some((ref) => ref.startsWith('#'))
    ? (await readOrganization(client, org)).id
    : (0 as OrgId);
  const ids = await Promise.all(
    refs.map(async (ref) => [ref, await idOf({ client, org, id }, ref)] as const),
  );
  return new Map(ids.flatMap(([ref, found]) => (found === undefined ? [] : [[ref, found] as const])));
}

const idOf = (place: OrgClient, ref: TeamRef): Promise<number | undefined> =>
  requireTeam(place, ref).catch(
    onHttpFailure((failure) => {
      if (failure.status === 404) return undefined;
      throw failure;
    }),
  );
