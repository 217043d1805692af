import { onHttpFailure } from '../http/http-failure.ts';
import type { GitHubId, OrgId } from '../model/identity.ts';
import {
  type Account,
  incompleteOrg,
  type Member,
  type OrgListing,
  type OrgNeeds,
  type OrgRole,
} from '../model/member.ts';
import { memberOf, parseMembers } from './answers.ts';
import { type CredentialKind, explainFailure, visibilityHint } from './explain-failure.ts';
import type { ClientOf, GitHubClient } from './github-client.ts';
import { membershipOf, readOrganization } from './membership.ts';
import { listOutsideCollaborators } from './needs/list-collaborators.ts';
import { listOrgRoles } from './needs/list-org-roles.ts';
import { listTeams } from './needs/list-teams.ts';
import { listAll } from './pages.ts';
import { outlineRepositories } from './repositories/list-repositories.ts';
import { readAccess } from './repositories/read-access.ts';
import { MAX_WITNESSES } from './witnesses.ts';

/**
 * Lists an organization by its two role-filtered listings, since a listing does not show roles. Proves that it is
 * complete: every page arrived, there is an owner, and concealed members are visible.
 * Requests: the pages of each role, the organization itself and one membership. Then the teams, organization roles and
 * collaborators that are needed, and the repositories; these may fail without making the list of members incomplete.
 */
export async function listOrg(
  clientOf: ClientOf,
  org: string,
  needs: OrgNeeds,
  credentials: CredentialKind,
): Promise<OrgListing> {
  return clientOf(org)
    .then((client) => list(client, org, needs, credentials))
    .catch(onHttpFailure((failure) => explainFailure(failure, org, credentials)));
}

async function list(
  client: GitHubClient,
  org: string,
  needs: OrgNeeds,
  credentials: CredentialKind,
): Promise<OrgListing> {
  const incomplete = (message: string, hint: string) => incompleteOrg(org, message, hint);
  const listRole = (role: OrgRole) =>
    listAll(client, '/orgs/{org}/members', { org, role }, parseMembers(role));
  const listedOwners = listRole('admin');
  const [organization, owners, others, sight] = await Promise.all([
    readOrganization(client, org),
    listedOwners,
    listRole('member'),
    // While the other members are still being listed.
    listedOwners.then((listed = []) => seesConcealedMembers(client, org, listed)),
  ]);
  if (owners === undefined || others === undefined) {
    return incomplete(
      `the list of members of ${org} did not come whole: a page was short while GitHub announced more`,
      'run again; if it happens again, tell GitHub support',
    );
  }
  if (owners.length === 0) {
    return incomplete(
      `GitHub shows no owner of ${org}, and every organization has one: the credentials see only a part of it`,
      visibilityHint(org, credentials),
    );
  }
  if (sight !== 'hidden' && sight !== organization.id) {
    return incomplete(
      `${org} answered as two organizations, with the ids ${organization.id} and ${sight}, while it was listed`,
      'it has just been renamed, or its name has just been taken by someone else: check the name and run again',
    );
  }
  if (sight === 'hidden') {
    return incomplete(
      `the credentials see only the public members of ${org}: they may not read a membership`,
      visibilityHint(org, credentials),
    );
  }
  const members = await mergeRoles(client, org, owners, others);
  if (members === undefined) {
    return incomplete(
      `people of ${org} were promoted, demoted or renamed while it was listed, so the two lists contradict each other`,
      'run again',
    );
  }
  const place = { client, org, id: organization.id };
  const outline = needs.repositories && (await outlineRepositories(place, organization, needs.repositories));
  const mirrored = outline && 'teams' in outline ? outline : undefined;
  const [teams, roles, collaborators, access] = await Promise.all([
    listTeams(place, needs.teams, mirrored && { teams: mirrored.teams, owners: ownersAmong(members) }),
    listOrgRoles(place, { names: needs.orgRoles, withBase: mirrored !== undefined }),
    needs.collaborators ? listOutsideCollaborators(place) : { collaborators: undefined, unread: [] },
    mirrored ? readAccess(place, mirrored) : { repositories: undefined, unread: [] },
  ]);
  return {
    kind: 'complete',
    org,
    id: organization.id,
    members,
    teams: teams.teams,
    orgRoles: roles.orgRoles,
    collaborators: collaborators.collaborators,
    repositories: access.repositories,
    unread: [
      ...teams.unread,
      ...roles.unread,
      ...collaborators.unread,
      ...access.unread,
      ...(outline && 'message' in outline ? [outline] : []),
    ],
  };
}

const ownersAmong = (members: readonly Member[]): ReadonlySet<GitHubId> =>
  new Set(members.flatMap(({ id, role }) => (role === 'admin' ? [id] : [])));

/**
 * GitHub shows a membership only to members and to Apps with the right permission. Anyone else gets the public members,
 * with a 200 that looks like the complete list.
 * @returns the organization id in the membership; `hidden` if the caller may see none.
 */
export async function seesConcealedMembers(
  client: GitHubClient,
  org: string,
  owners: readonly Account[],
): Promise<OrgId | 'hidden'> {
  for (const { login } of owners.slice(0, MAX_WITNESSES)) {
    const membership = await membershipOf(client, org, login);
    if (membership === 'hidden') return 'hidden';
    if (membership !== 'not found') return membership.org;
  }
  return 'hidden';
}

/**
 * Merges the two lists. A person in both was promoted or demoted meanwhile and is asked about. Without a clear answer
 * they count as members with the lesser role.
 * @returns undefined if more than max(3, 1 %) of all are in both, or if one of them was renamed meanwhile.
 */
async function mergeRoles(
  client: GitHubClient,
  org: string,
  owners: readonly Member[],
  others: readonly Member[],
): Promise<readonly Member[] | undefined> {
  const members = new Map<GitHubId, Member>();
  for (const owner of owners) members.set(owner.id, owner);
  const inBoth: Member[] = [];
  for (const other of others) {
    if (members.get(other.id)?.role === 'admin') inBoth.push(other);
    else members.set(other.id, other);
  }
  if (inBoth.length > Math.max(3, members.size / 100)) return undefined;
  for (const account of inBoth) {
    const answer = await membershipOf(client, org, account.login);
    // Someone else has this login by now, so the person can't be listed under it.
    if (typeof answer !== 'string' && answer.user.id !== account.id) return undefined;
    const role = typeof answer === 'string' ? undefined : answer.role;
    members.set(account.id, memberOf(account, role ?? 'member'));
  }
  return [...members.values()];
}
