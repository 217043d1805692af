import { HttpFailure } from '../http/http-failure.ts';
import type { OrgId } from '../model/identity.ts';
import type { Account, OrgRole, TeamRef, TeamRole } from '../model/member.ts';
import { isInteger, isRecord } from '../model/text/record.ts';
import {
  type Organization,
  parseMembership,
  parseOrganization,
  parseTeamMembership,
  type TeamName,
} from './answers.ts';
import type { GitHubClient } from './github-client.ts';

/** An organization that was found, and the client to ask about it. */
export type OrgClient = { readonly client: GitHubClient; readonly org: string; readonly id: OrgId };

/** @throws HttpFailure */
export const readOrganization = async (client: GitHubClient, org: string): Promise<Organization> =>
  (await client.get('/orgs/{org}', { org }, parseOrganization)).body;

/**
 * `not found`: GitHub's own 404, which proves nothing by itself. `hidden`: this caller may not see memberships.
 * `role` is undefined for an invitation and for a billing manager.
 */
type MembershipAnswer =
  | { readonly user: Account; readonly org: OrgId; readonly role: OrgRole | undefined }
  | 'not found'
  | 'hidden';

/** @throws HttpFailure if GitHub itself did not answer; a gateway's 404 is such a failure. */
export async function membershipOf(
  client: GitHubClient,
  org: string,
  login: string,
): Promise<MembershipAnswer> {
  try {
    return (await client.get('/orgs/{org}/memberships/{username}', { org, username: login }, parseMembership))
      .body;
  } catch (error) {
    if (isNotFound(error)) return 'not found';
    if (isRefusal(error)) return 'hidden';
    throw error;
  }
}

/** Whether this is GitHub's own JSON 404, not one of a gateway. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof HttpFailure && error.status === 404 && error.isOwnWords;

/** Whether GitHub refuses these credentials this one answer. A rate limit and single sign-on concern all of them. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof HttpFailure && error.status === 403 && !error.throttled && error.ssoUrl === undefined;

/**
 * The role of one person in one team, child teams included; undefined for an invitation.
 * @throws HttpFailure
 */
export function teamMembershipOf(
  place: OrgClient,
  ref: TeamRef,
  login: string,
): Promise<{ readonly role: TeamRole | undefined } | 'not found'> {
  const { route, parameters } = teamRoute(place, ref);
  const named = { ...parameters, username: login };
  return place.client
    .get(`${route}/memberships/{username}`, named, parseTeamMembership)
    .then(({ body }) => body, notFound);
}

/** For `catch`: GitHub's own 404 is an answer. */
export function notFound(error: unknown): 'not found' {
  if (isNotFound(error)) return 'not found';
  throw error;
}

/**
 * Proves that the credentials can see a team. Its members are not read.
 * @returns its numeric id. @throws HttpFailure 404 if they can't.
 */
export async function requireTeam(place: OrgClient, ref: TeamRef): Promise<number> {
  const { route, parameters } = teamRoute(place, ref);
  const { body } = await place.client.get(route, parameters, (team) =>
    isRecord(team) && isInteger(team.id) ? team.id : undefined,
  );
  return body;
}

/** How listings and lookups name a team whose repositories are mirrored. */
export const mirroredTeam = ({ id }: Pick<TeamName, 'id'>): TeamRef => `#${id}`;

/**
 * How GitHub is asked about a listed team: by its id, which no rename changes. An enterprise team by its slug, which no
 * member can take: GitHub does not say whether it answers for one by id.
 */
export const teamAddress = ({ id, slug }: TeamName): TeamRef =>
  slug.startsWith('ent:') ? slug : mirroredTeam({ id });

/** A team by its slug, or by its id, which no rename changes. */
export function teamRoute(
  { org, id }: OrgClient,
  ref: TeamRef,
): { readonly route: string; readonly parameters: Readonly<Record<string, string | number>> } {
  return ref.startsWith('#')
    ? {
        route: '/organizations/{org_id}/team/{team_id}',
        parameters: { org_id: id, team_id: Number(ref.slice(1)) },
      }
    : { route: '/orgs/{org}/teams/{team_slug}', parameters: { org, team_slug: ref } };
}
