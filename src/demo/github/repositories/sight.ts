import { type Ask, isPrivileged, sightOf } from '../caller.ts';
import type { GitHubOrg } from '../world.ts';
import { effectiveAccess } from './effective-access.ts';
import { type GitHubRepository, levelOfRole, OWN_ROLES } from './repository-world.ts';

/**
 * Whether a repository exists for the caller. A classic token needs `repo` to see more than public ones, and a person
 * access of their own. An App sees those that it is installed on.
 */
export function seesRepository(ask: Ask, org: GitHubOrg, repository: GitHubRepository): boolean {
  const { caller } = ask;
  if (repository.visibility === 'public') return true;
  if (caller.kind === 'installation') {
    const { orgId, permissions, repositories } = caller.installation;
    const isInstalled = repositories === undefined || repositories.includes(repository.id);
    return orgId === org.id && permissions.metadata !== undefined && isInstalled;
  }
  if (caller.kind !== 'person' || !caller.pat.scopes.includes('repo')) return false;
  const isMember = org.members.get(caller.account.id)?.state === 'active';
  const isInternal = repository.visibility === 'internal' && isMember;
  return isInternal || isPrivileged(caller, org) || ownRole(ask, org, repository) !== undefined;
}

/** GitHub shows collaborators to Apps, and to people who can push. */
export function mayListCollaborators(ask: Ask, org: GitHubOrg, repository: GitHubRepository): boolean {
  const { caller } = ask;
  if (caller.kind === 'installation') return caller.installation.orgId === org.id;
  if (caller.kind !== 'person' || !caller.pat.scopes.includes('repo')) return false;
  const role = ownRole(ask, org, repository);
  const level = role === undefined ? -1 : OWN_ROLES.indexOf(levelOfRole(org.repositories, role));
  return level >= OWN_ROLES.indexOf('write');
}

/** Owners with `admin:org` see an organization in full; of Apps, GitHub doesn't say. */
export function seesDetails({ caller, switches }: Ask, org: GitHubOrg): boolean {
  if (switches.orgDetails === 'hidden' || sightOf(caller, org) !== 'all') return false;
  if (caller.kind !== 'person') return caller.kind === 'installation';
  return isPrivileged(caller, org) && caller.pat.scopes.includes('admin:org');
}

/** The calling person's own role; undefined for an App. */
export function ownRole({ caller }: Ask, org: GitHubOrg, repository: GitHubRepository): string | undefined {
  if (caller.kind !== 'person') return undefined;
  const { role, state } = org.members.get(caller.account.id) ?? {};
  // Of an owner it is known without looking at 2,000 other people.
  if (role === 'admin' && state === 'active') return 'admin';
  return effectiveAccess(org, repository).get(caller.account.id);
}

/** By id, as they were created. */
export const visibleRepositories = (ask: Ask, org: GitHubOrg): readonly GitHubRepository[] =>
  org.repositories.all
    .derive('byId', () => [...org.repositories.all.values()].sort((a, b) => a.id - b.id))
    .filter((one) => seesRepository(ask, org, one));
