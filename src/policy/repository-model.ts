import type { Derivation, ResourceRole, WantedPolicy } from '../model/policy.ts';
import {
  allRepositories,
  BASE_PERMISSIONS,
  LEVELS,
  type Level,
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
import type { RepositorySettings } from '../model/repositories/facts.ts';
import type { CustomRole } from '../model/repositories/ports.ts';
import { namesOrganization, tenantFor } from '../model/rule.ts';

/** What each role of `repository` gives. */
type RoleLevels = readonly (readonly [role: RepositoryRole, level: Level])[];

/**
 * The policy with the model of GitHub's repository access (docs/REPOSITORIES.md): three resources, each one POST where
 * Permit has none of it, and the tenants of their instances. A resource `repository` that has other actions, relations
 * and roles keeps them.
 * @param custom GitHub's custom repository roles; each gets a role and a relation of its own.
 */
export function withRepositoryModel(
  policy: WantedPolicy,
  { orgs, tenant }: RepositorySettings,
  custom: readonly CustomRole[],
): WantedPolicy {
  const plain: RoleLevels = LEVELS.map((level) => [repositoryRole(level), level]);
  // Two names can have the same key.
  const customized = new Map(custom.map(({ name, level }) => [repositoryRole(level, name), level]));
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
      [ORG_TYPE]: bare([ORG_OWNER, ORG_MEMBER, ...LEVELS.map(allRepositories)]),
      [TEAM_TYPE]: bare(TEAM_ROLES),
      [REPOSITORY_TYPE]: {
        ...Object.fromEntries(
          plain.map(([role, level]) => [role, roleOn(level, [...fromTeams(role), ...fromOrg(level)])]),
        ),
        ...Object.fromEntries([...customized].map(([role, level]) => [role, roleOn(level, fromTeams(role))])),
      },
    },
    relations: {
      [REPOSITORY_TYPE]: Object.fromEntries([
        ...BASE_PERMISSIONS.map((base) => [ownerRelation(base), ORG_TYPE]),
        ...[...plain, ...customized].map(([role]) => [teamRelation(role), TEAM_TYPE]),
      ]),
    },
    tenants: { ...Object.fromEntries(tenants.map((key) => [key, {}])), ...policy.tenants },
  };
}

/** Roles that allow nothing by themselves: others are derived from them. */
const bare = (roles: readonly string[]): { readonly [role: string]: ResourceRole } =>
  Object.fromEntries(roles.map((role) => [role, { permissions: [], derivations: [] }]));

const roleOn = (level: Level, derivations: readonly Derivation[]): ResourceRole => ({
  permissions: levelsUpTo(level),
  derivations,
});

const fromTeams = (role: RepositoryRole): readonly Derivation[] =>
  TEAM_ROLES.map((one) => ({ role: one, resource: TEAM_TYPE, relation: teamRelation(role) }));

/** Owners administer every repository. Members have the base permission, and organization roles a level on all of them. */
const fromOrg = (level: Level): readonly Derivation[] =>
  BASE_PERMISSIONS.flatMap((base) =>
    [
      ...(level === 'admin' ? [ORG_OWNER] : []),
      ...(level === base ? [ORG_MEMBER] : []),
      allRepositories(level),
    ].map((role) => ({ role, resource: ORG_TYPE, relation: ownerRelation(base) })),
  );
