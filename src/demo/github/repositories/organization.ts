import type { Ask } from '../caller.ts';
import { FieldError, type Resolvable } from '../graphql.ts';
import type { GitHubOrg } from '../world.ts';
import { effectiveAccess } from './effective-access.ts';
import type { GitHubRepository } from './repository-world.ts';
import { mayListCollaborators, seesDetails, visibleRepositories } from './sight.ts';

/** What `organization-full` says about repositories. */
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

const counted = (ask: Ask, org: GitHubOrg, repository: GitHubRepository): Resolvable => ({
  databaseId: repository.id,
  name: repository.name,
  isArchived: repository.archived,
  collaborators: ({ affiliation = 'ALL' }: { readonly affiliation?: string }) => {
    if (!mayListCollaborators(ask, org, repository))
      throw new FieldError('FORBIDDEN', 'Must have push access to view repository collaborators.');
    const direct = [...repository.collaborators.keys()];
    const outside = direct.filter((id) => org.members.get(id)?.state !== 'active');
    if (affiliation === 'DIRECT') return { totalCount: direct.length };
    return { totalCount: affiliation === 'OUTSIDE' ? outside.length : effectiveAccess(org, repository).size };
  },
});
