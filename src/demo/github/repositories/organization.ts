import type { Ask } from '../caller.ts';
import { FieldError, type Resolvable } from '../graphql.ts';
import { visibleTeams } from '../teams.ts';
import type { GitHubOrg } from '../world.ts';
import { repositoryNamed } from './change-repositories.ts';
import { effectiveAccess, grantsIn } from './effective-access.ts';
import { type GitHubRepository, levelOfRole } from './repository-world.ts';
import { mayListCollaborators, seesDetails, seesRepository, visibleRepositories } from './sight.ts';

/** The fields of `organization-full` about repositories. */
export function organizationDetails(ask: Ask, org: GitHubOrg): Readonly<Record<string, unknown>> {
  const all = [...org.repositories.all.values()];
  const public_repos = all.filter(({ visibility }) => visibility === 'public').length;
  if (!seesDetails(ask, org)) return { public_repos };
  const hidden = all.length - public_repos;
  return {
    ...{ public_repos, total_private_repos: hidden, owned_private_repos: hidden },
    default_repository_permission: org.repositories.base,
  };
}

/**
 * GraphQL: the repositories of an organization, with how many people have access.
 * @param first how many are asked for. @throws FieldError where a switch forbids it or wants fewer.
 */
export function countedRepositories(ask: Ask, org: GitHubOrg, first: number): readonly Resolvable[] {
  const { repositoryCounts } = ask.switches;
  if (repositoryCounts === 'forbidden')
    throw new FieldError('FORBIDDEN', 'Resource not accessible by integration');
  if (repositoryCounts !== 'answer' && first > repositoryCounts)
    throw new FieldError('RESOURCE_LIMITS_EXCEEDED', 'Resource limits for this query exceeded.');
  return visibleRepositories(ask, org).map((repository) => counted(ask, org, repository));
}

/** GraphQL: one repository, with the sources of a person's access. */
export function repositoryNode(ask: Ask, owner: string, name: string): Resolvable {
  const org = ask.world.orgs.get(owner.toLowerCase());
  const repository = org && repositoryNamed(org, name);
  if (org === undefined || repository === undefined || !seesRepository(ask, org, repository))
    throw new FieldError('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  return counted(ask, org, repository);
}

type CollaboratorArguments = {
  readonly affiliation?: string;
  readonly login?: string;
  readonly first?: number;
};

const counted = (ask: Ask, org: GitHubOrg, repository: GitHubRepository): Resolvable => ({
  databaseId: repository.id,
  name: repository.name,
  isArchived: repository.archived,
  collaborators: ({ affiliation = 'ALL', login }: CollaboratorArguments) => {
    if (!mayListCollaborators(ask, org, repository))
      throw new FieldError('FORBIDDEN', 'Must have push access to view repository collaborators.');
    if (login !== undefined) return { edges: edgesOf(ask, org, repository, login) };
    const direct = [...repository.collaborators.keys()];
    const outside = direct.filter((id) => org.members.get(id)?.state !== 'active');
    if (affiliation === 'DIRECT') return { totalCount: direct.length };
    return { totalCount: affiliation === 'OUTSIDE' ? outside.length : effectiveAccess(org, repository).size };
  },
});

function edgesOf(
  { world }: Ask,
  org: GitHubOrg,
  repository: GitHubRepository,
  login: string,
): readonly Resolvable[] {
  const account = world.users.byLogin(login);
  const grants = account && grantsIn(org, repository).get(account.id);
  if (account === undefined || grants === undefined) return [];
  const sources = grants.map(({ role, source }) => ({
    permission: BASE_LEVEL[levelOfRole(org.repositories, role)],
    roleName: role,
    source,
  }));
  return [{ node: { databaseId: account.id, login: account.login }, permissionSources: sources }];
}

/** `DefaultRepositoryPermissionField` knows these levels alone. */
const BASE_LEVEL = {
  read: 'READ',
  triage: 'READ',
  write: 'WRITE',
  maintain: 'WRITE',
  admin: 'ADMIN',
} as const;

/** GraphQL: the teams of an organization, with the people who were made maintainers of each. */
export const teamNodes = (ask: Ask, org: GitHubOrg): readonly Resolvable[] =>
  visibleTeams(ask, org).map((team) => ({
    databaseId: team.id,
    slug: team.slug,
    members: ({ role, first = 0 }: { readonly role?: string; readonly first?: number }) => {
      const ids = [...team.members].filter(
        ([id, one]) => org.members.get(id)?.state === 'active' && role === one.toUpperCase(),
      );
      return {
        nodes: ids.slice(0, first).map(([databaseId]) => ({ databaseId })),
        pageInfo: { hasNextPage: ids.length > first, endCursor: null },
      };
    },
  }));
