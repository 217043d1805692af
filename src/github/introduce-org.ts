import { HttpFailure } from '../http/http-failure.ts';
import type { GitHubId } from '../model/identity.ts';
import type { IncompleteListing, OrgIntroduction, OrgNeeds, Team, TeamRef, Unread } from '../model/member.ts';
import { parseAccount, parseOrganization } from './answers.ts';
import { type CredentialKind, explainFailure } from './explain-failure.ts';
import type { GitHubClient } from './github-client.ts';
import { isNotFound, requireTeam } from './membership.ts';
import type { OrgClient } from './org-client.ts';

/**
 * Which organization stands behind a name, and whether the teams that are needed can be read; nobody is listed. With
 * looks at single people that is all there is to know about those people: a look answers for itself whether the
 * caller may see the membership.
 * Requests: the organization's own, and one for each named team.
 * @param needs of which no team is a pattern: only a listing tells what such a one matches.
 */
export async function introduceOrg(
  clientOf: (org: string) => Promise<GitHubClient>,
  org: string,
  needs: OrgNeeds,
  credentials: CredentialKind,
): Promise<OrgIntroduction | IncompleteListing> {
  try {
    const client = await clientOf(org);
    const { body } = await client.get('/orgs/{org}', { org }, parseOrganization);
    const place: OrgClient = { client, org, id: body.id };
    const teams = await Promise.all(needs.teams.map((ref) => findTeam(place, ref)));
    return {
      kind: 'introduced',
      org,
      id: body.id,
      members: [],
      teams: teams.filter((one): one is Team => 'members' in one),
      collaborators: needs.collaborators ? [] : undefined,
      unread: teams.filter((one): one is Unread => 'message' in one),
    };
  } catch (error) {
    if (error instanceof HttpFailure) return explainFailure(error, org, credentials);
    throw error;
  }
}

/** A team that can't be seen answers every membership with 404, which must not pass for "nobody is in it". */
async function findTeam(place: OrgClient, ref: TeamRef): Promise<Team | Unread> {
  try {
    const id = await requireTeam(place, ref);
    return { ref, id, asked: 'name', members: new Map() };
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    const said = `${error.status ?? ''} ${error.reply}`.trim();
    return {
      what: { kind: 'team', ref },
      message: `the team ${ref} of ${place.org} could not be read (${said})`,
    };
  }
}

/** @returns undefined when nobody is called so. @throws HttpFailure */
export async function findAccount(client: GitHubClient, login: string): Promise<GitHubId | undefined> {
  try {
    return (await client.get('/users/{username}', { username: login }, parseAccount)).body.id;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
