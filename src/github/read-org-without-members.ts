import { HttpFailure, onHttpFailure } from '../http/http-failure.ts';
import type { GitHubId } from '../model/identity.ts';
import type {
  IncompleteListing,
  OrgNeeds,
  OrgWithoutMembers,
  Team,
  TeamRef,
  Unread,
} from '../model/member.ts';
import type { RepositoryScope } from '../model/repositories/facts.ts';
import { parseAccount } from './answers.ts';
import { type CredentialKind, explainFailure } from './explain-failure.ts';
import type { ClientOf, GitHubClient } from './github-client.ts';
import { notFound, type OrgClient, readOrganization, requireTeam } from './membership.ts';
import { findOrgRoles } from './needs/list-org-roles.ts';
import { readPart } from './repositories/read-part.ts';

/**
 * Reads which organization has this name and whether the needed teams and organization roles can be read. Nobody is
 * listed. Lookups add the rest: each shows by itself whether the caller may see the membership. Requests: the
 * organization, one for each named team, one for all organization roles, and what a part of the repositories takes.
 * @param needs without team patterns: only a listing shows what a pattern matches.
 */
export async function readOrgWithoutMembers(
  clientOf: ClientOf,
  org: string,
  needs: OrgNeeds,
  credentials: CredentialKind,
): Promise<OrgWithoutMembers | IncompleteListing> {
  try {
    const client = await clientOf(org);
    const organization = await readOrganization(client, org);
    const place: OrgClient = { client, org, id: organization.id };
    const { repositories: mirrored } = needs;
    const [roles, teams, part] = await Promise.all([
      findOrgRoles(place, { names: needs.orgRoles, withBase: needs.repositories !== undefined }),
      Promise.all(needs.teams.map((ref) => findTeam(place, ref))),
      mirrored && readPart(place, organization, mirrored, mirrored.only ?? NOTHING),
    ]);
    return {
      kind: 'without-members',
      org,
      id: organization.id,
      members: [],
      teams: teams.filter((one): one is Team => 'members' in one),
      orgRoles: roles.found.map((role) => ({ ...role, holders: new Set() })),
      collaborators: needs.collaborators ? [] : undefined,
      repositories: part?.repositories,
      unread: [
        ...teams.filter((one): one is Unread => 'message' in one),
        ...roles.unread,
        ...(part?.unread ?? []),
      ],
    };
  } catch (error) {
    if (error instanceof HttpFailure) return explainFailure(error, org, credentials);
    throw error;
  }
}

const NOTHING: RepositoryScope = { repositories: new Set(), teams: new Set() };

/** GitHub answers 404 to every membership of a hidden team, which must not be taken for an empty team. */
function findTeam(place: OrgClient, ref: TeamRef): Promise<Team | Unread> {
  return requireTeam(place, ref).then(
    (id) => ({ ref, id, asked: 'name', members: new Map() }),
    onHttpFailure(({ answer }) => ({
      what: { kind: 'team', ref },
      message: `the team ${ref} of ${place.org} could not be read (${answer})`,
    })),
  );
}

/** @returns undefined if nobody has this login. @throws HttpFailure */
export async function findAccount(client: GitHubClient, login: string): Promise<GitHubId | undefined> {
  const found = await client.get('/users/{username}', { username: login }, parseAccount).catch(notFound);
  return found === 'not found' ? undefined : found.body.id;
}
