import type { OrgRole, TeamRef, TeamRole } from '../model/member.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type Account, parseMembership, parseTeamMembership } from './answers.ts';
import { type GitHubClient, isRecord } from './github-client.ts';
import type { Place } from './place.ts';

/** `none`: GitHub says that there is no such membership. `hidden`: it does not tell this caller. */
export type MembershipAnswer =
  | { readonly user: Account; readonly role: OrgRole | undefined }
  | 'none'
  | 'hidden';

export async function membershipOf(
  client: GitHubClient,
  org: string,
  login: string,
): Promise<MembershipAnswer> {
  try {
    return (await client.get('/orgs/{org}/memberships/{username}', { org, username: login }, parseMembership))
      .body;
  } catch (error) {
    if (!(error instanceof HttpFailure) || error.throttled) throw error;
    if (error.status === 404) return 'none';
    if (error.status === 403 && error.ssoUrl === undefined) return 'hidden';
    throw error;
  }
}

/** A second look: the role of one person in one organization, asked for by the login that the person has today. */
export async function roleOf(
  { client, org }: Place,
  account: Account,
): Promise<{ readonly role: OrgRole | undefined } | 'unclear'> {
  const answer = await membershipOf(client, org, account.login);
  if (answer === 'hidden') return 'unclear';
  if (answer === 'none') return { role: undefined };
  // Between the two requests the login may have become somebody else's.
  return answer.user.id === account.id ? { role: answer.role } : 'unclear';
}

/**
 * A second look: the role of one person in one team, child teams included.
 * @returns undefined for somebody who is not in it, or only invited.
 */
export async function teamRoleOf(
  place: Place,
  ref: TeamRef,
  account: Account,
): Promise<TeamRole | undefined> {
  const { route, parameters } = teamRoute(place, ref);
  try {
    const { body } = await place.client.get(
      `${route}/memberships/{username}`,
      { ...parameters, username: account.login },
      parseTeamMembership,
    );
    return body.role;
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** Proves that a team can be seen; its members are not asked for. @throws HttpFailure 404 where it can't. */
export async function requireTeam(place: Place, ref: TeamRef): Promise<void> {
  const { route, parameters } = teamRoute(place, ref);
  await place.client.get(route, parameters, (team) =>
    isRecord(team) && typeof team.id === 'number' ? team.id : undefined,
  );
}

/** A team by its slug, or by its id, which no rename changes. */
export function teamRoute(
  { org, id }: Place,
  ref: TeamRef,
): { readonly route: string; readonly parameters: Readonly<Record<string, string | number>> } {
  return ref.startsWith('#')
    ? {
        route: '/organizations/{org_id}/team/{team_id}',
        parameters: { org_id: id, team_id: Number(ref.slice(1)) },
      }
    : { route: '/orgs/{org}/teams/{team_slug}', parameters: { org, team_slug: ref } };
}
