import { onHttpFailure } from '../../http/http-failure.ts';
import type { Unread } from '../../model/member.ts';
import type { Repository, RepositoryFacts, RepositoryNeeds } from '../../model/repositories/facts.ts';
import { globMatches } from '../../model/text/glob.ts';
import { type Organization, parseTeams, type TeamName } from '../answers.ts';
import type { GitHubClient } from '../github-client.ts';
import { type OrgClient, readOrganization } from '../membership.ts';
import { listWhole, unbelievableList } from '../pages.ts';
import { type ListedRepository, parseRepositories } from './answers.ts';

/** The repositories and teams of an organization, before anyone's access to them is read. */
export type RepositoryOutline = Pick<RepositoryFacts, 'base' | 'repositories' | 'leftOut'> & {
  readonly teams: readonly TeamName[];
};

/**
 * Lists the repositories and teams of an organization. Requests: the pages of both, and one about the installation of a
 * GitHub App.
 * @returns `unread` if any part is missing: then nothing can be said about access in this organization.
 */
export async function outlineRepositories(
  place: OrgClient,
  organization: Organization,
  needs: RepositoryNeeds,
): Promise<RepositoryOutline | Unread> {
  const { client, org } = place;
  const unread = (why: string): Unread => unreadRepositories(org, why);
  const { base } = organization;
  if (base === undefined) return unread(WHY_NO_BASE);
  return Promise.all([
    listRepositories(client, organization),
    listTeamNames(place),
    client.repositorySelection?.(),
  ]).then(
    ([listed, teams, selection]) =>
      selection === 'selected'
        ? unread('the GitHub App is installed on selected repositories only: install it on all of them')
        : { base, ...selectMirrored(listed, needs), teams },
    onHttpFailure(({ answer }) => unread(answer)),
  );
}

export const unreadRepositories = (org: string, why: string): Unread => ({
  what: { kind: 'repositories' },
  message: `the repositories of ${org} could not be read (${why})`,
});

export const WHY_NO_BASE =
  'GitHub does not show the base permission: it does to owners with admin:org, and to Apps with the permission ' +
  '"Organization › Administration: read"';

/**
 * All repositories of an organization, in the order of their creation, so that a new one shifts no page.
 * @throws HttpFailure also where GitHub counts more than it shows.
 */
export async function listRepositories(
  client: GitHubClient,
  { login: org, privateRepositories }: Organization,
): Promise<readonly ListedRepository[]> {
  const route = { org, type: 'all', sort: 'created', direction: 'asc' };
  const listed = await listWhole(client, '/orgs/{org}/repos', route, parseRepositories);
  const shown = new Set(listed.filter(({ isPrivate }) => isPrivate).map(({ id }) => id)).size;
  if (shown >= (privateRepositories ?? 0)) return listed;
  // One may have been deleted since GitHub counted them.
  const now = await readOrganization(client, org);
  if (shown >= (now.privateRepositories ?? 0)) return listed;
  throw unbelievableList(
    `/orgs/${org}/repos`,
    `it shows ${shown} of ${now.privateRepositories} private repositories, so the credential sees only a part`,
  );
}

/** Archived repositories grant nothing, and those that no pattern matches are not mirrored. */
export function selectMirrored(
  listed: readonly ListedRepository[],
  { match }: RepositoryNeeds,
): Pick<RepositoryFacts, 'repositories' | 'leftOut'> {
  const repositories = new Map<number, Repository>();
  const leftOut = new Map<number, 'archived' | 'excluded'>();
  for (const { id, name, visibility, isArchived } of listed) {
    if (isArchived) leftOut.set(id, 'archived');
    else if (match.some((pattern) => globMatches(pattern, name)))
      repositories.set(id, { id, name, visibility });
    else leftOut.set(id, 'excluded');
  }
  return { repositories, leftOut };
}

/** @throws HttpFailure */
export async function listTeamNames({ client, org }: OrgClient): Promise<readonly TeamName[]> {
  const teams = await listWhole(client, '/orgs/{org}/teams', { org }, parseTeams);
  return [...new Map(teams.map((team) => [team.id, team])).values()];
}
