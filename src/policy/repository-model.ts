import type { Derivation, ResourceRole, WantedPolicy } from '../model/policy.ts';
import {
  allRepositories,
  BASE_PERMISSIONS,
  LEVELS,
  levelsUpTo,
  ORG_MEMBER,
  ORG_OWNER,
  ORG_TYPE,
  ownerRelation,
  REPOSITORY_TYPE,
  type RepositoryRole,
  repositoryRole,
  TEAM_ROLES,
  TEAM_TYPE,
  teamRelation,
} from '../model/repositories/access-model.ts';
import { derivedRole } from '../model/repositories/access-paths.ts';
import type { RepositorySettings } from '../model/repositories/facts.ts';
import type { CustomRole } from '../model/repositories/ports.ts';
import { namesOrganization, tenantFor } from '../model/rule.ts';

/** Roles on organizations and teams. They allow nothing by themselves: roles on repositories follow from them. */
const ROLES_ABOVE: { readonly [resource: string]: readonly string[] } = {
  [ORG_TYPE]: [ORG_OWNER, ORG_MEMBER, ...LEVELS.map(allRepositories)],
  [TEAM_TYPE]: TEAM_ROLES,
};

/**
 * The policy with the model of GitHub's repository access (docs/REPOSITORIES.md): three resources, each created with
 * one POST if Permit has none of it, and the tenants of their instances. A resource `repository` with other actions,
 * relations and roles keeps them.
 * @param custom GitHub's custom repository roles; each gets its own role and relation.
 */
export function withRepositoryModel(
  policy: WantedPolicy,
  { orgs, tenant }: RepositorySettings,
  custom: readonly CustomRole[],
): WantedPolicy {
  // Two custom roles can have the same key.
  const levels = new Map([
    ...LEVELS.map((level) => [repositoryRole(level), level] as const),
    ...custom.map(({ name, level }) => [repositoryRole(level, name), level] as const),
  ]);
  const relations = new Map([
    ...BASE_PERMISSIONS.map((base) => [ownerRelation(base), ORG_TYPE] as const),
    ...[...levels.keys()].map((role) => [teamRelation(role), TEAM_TYPE] as const),
  ]);
  const actions = Object.hasOwn(policy.resources, REPOSITORY_TYPE)
    ? policy.resources[REPOSITORY_TYPE]?.actions
    : undefined;
  const tenants = namesOrganization(tenant) ? orgs.map((org) => tenantFor(tenant, org)) : [tenant];
  return {
    ...policy,
    resources: {
      [ORG_TYPE]: { actions: [], isPart: true },
      [TEAM_TYPE]: { actions: [], isPart: true },
      ...policy.resources,
      [REPOSITORY_TYPE]: {
        ...policy.resources[REPOSITORY_TYPE],
        actions: [...new Set([...LEVELS, ...(actions ?? [])])],
        ...(actions === undefined && { isPart: true as const }),
      },
    },
    resourceRoles: {
      ...Object.fromEntries(Object.entries(ROLES_ABOVE).map(([type, roles]) => [type, bare(roles)])),
      [REPOSITORY_TYPE]: Object.fromEntries(
        [...levels].map(([role, level]) => [
          role,
          { permissions: levelsUpTo(level), derivations: derivationsOf(role, relations) },
        ]),
      ),
    },
    relations: { [REPOSITORY_TYPE]: Object.fromEntries(relations) },
    tenants: { ...Object.fromEntries(tenants.map((key) => [key, {}])), ...policy.tenants },
  };
}

const bare = (roles: readonly string[]): { readonly [role: string]: ResourceRole } =>
  Object.fromEntries(roles.map((role) => [role, { permissions: [], derivations: [] }]));

/** Every role on organizations and teams that gives a role on repositories, by relation. */
const derivationsOf = (role: RepositoryRole, relations: ReadonlyMap<string, string>): readonly Derivation[] =>
  [...relations].flatMap(([relation, resource]) =>
    (ROLES_ABOVE[resource] ?? [])
      .filter((above) => derivedRole(relation, resource, above) === role)
      .map((above) => ({ role: above, resource, relation })),
  );
