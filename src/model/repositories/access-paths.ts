import { type Grant, typeOf } from '../grant.ts';
import {
  allRepositories,
  baseOfRelation,
  isModelRole,
  LEVELS,
  type Level,
  levelOf,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  type RepositoryRole,
  repositoryRole,
  roleOfRelation,
  TEAM_TYPE,
} from './access-model.ts';
import type { Tuple } from './graph.ts';

/** One way by which Permit's model gives someone a role on a repository. */
export type AccessPath = {
  /** The role on the repository itself, on a team or on the organization. */
  readonly grant: Grant & { readonly resource: string };
  /** What links the team or the organization to the repository. */
  readonly relation?: string;
  readonly role: RepositoryRole;
};

/**
 * Every way by which these grants give a role on a repository, in the order of the grants.
 * @param repository "repository:ID"
 * @param tuples with the repository as their object; others count for nothing.
 */
export function accessPaths(
  repository: string,
  grants: readonly Grant[],
  tuples: readonly Tuple[],
): readonly AccessPath[] {
  const links = tuples.filter(({ object }) => object === repository);
  return grants.flatMap(({ resource, ...grant }): readonly AccessPath[] => {
    if (resource === undefined) return [];
    if (resource === repository) {
      const isOfModel = levelOf(grant.role) !== undefined;
      return isOfModel ? [{ grant: { ...grant, resource }, role: grant.role }] : [];
    }
    return links.flatMap(({ subject, relation }) => {
      const role = subject === resource ? derivedRole(relation, typeOf(resource), grant.role) : undefined;
      return role === undefined ? [] : [{ grant: { ...grant, resource }, relation, role }];
    });
  });
}

/**
 * The role on a repository that follows from a role on what a relation links to it. `policy` writes this into Permit.
 * @param type the resource of what is linked
 */
export function derivedRole(relation: string, type: string, role: string): RepositoryRole | undefined {
  if (type === TEAM_TYPE) return isModelRole(type, role) ? roleOfRelation(relation) : undefined;
  const base = type === ORG_TYPE ? baseOfRelation(relation) : undefined;
  if (base === undefined) return undefined;
  if (role === ORG_OWNER) return repositoryRole('admin');
  const level = role === ORG_MEMBER ? base : LEVELS.find((one) => allRepositories(one) === role);
  return level === undefined || level === 'none' ? undefined : repositoryRole(level);
}

/** The highest level of these roles; undefined if none gives any. */
export const highestLevel = (roles: readonly RepositoryRole[]): Level | undefined =>
  LEVELS.findLast((level) => roles.some((role) => levelOf(role) === level));
