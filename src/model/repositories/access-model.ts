import type { Grant } from '../grant.ts';

/**
 * GitHub's repository access as a model in Permit (docs/REPOSITORIES.md). Keys are numeric GitHub ids, since a name
 * can change and may hold a dot. A Permit derivation holds for the whole environment, so what differs between teams
 * or organizations is in the name of the relation.
 */

/** GitHub's access levels, the weakest first. They are the actions of the resource `repository`; each includes those before it. */
export const LEVELS = ['read', 'triage', 'write', 'maintain', 'admin'] as const;
export type Level = (typeof LEVELS)[number];

/** What an organization gives its members on every repository (`default_repository_permission`). */
export const BASE_PERMISSIONS = ['none', 'read', 'write', 'admin'] as const;
export type BasePermission = (typeof BASE_PERMISSIONS)[number];

/** The resource types of the model. */
export const ORG_TYPE = 'github_org';
export const TEAM_TYPE = 'github_team';
export const REPOSITORY_TYPE = 'repository';
export const MODEL_TYPES = [ORG_TYPE, TEAM_TYPE, REPOSITORY_TYPE] as const;
export type ModelType = (typeof MODEL_TYPES)[number];

/** Roles on an instance of `github_org`. */
export const ORG_OWNER = 'owner';
export const ORG_MEMBER = 'member';
/** Held through an organization role that gives a level on all repositories. */
export const allRepositories = (level: Level): string => `all_repo_${level}`;

/** Roles on an instance of `github_team`. They give the same access. */
export const TEAM_ROLES = ['member', 'maintainer'] as const;

/**
 * The key of a role on `repository`: one of GitHub's own roles, or a custom one, whose key holds its name and the level
 * it is based on. If GitHub bases it on another level, it is another role here, and `policy` has to create it.
 */
export type RepositoryRole = string;

const ROLES = {
  read: 'reader',
  triage: 'triager',
  write: 'writer',
  maintain: 'maintainer',
  admin: 'admin',
} as const satisfies { readonly [level in Level]: RepositoryRole };

/** @param custom the name of a custom role. Two names with the same key give the same access. */
export const repositoryRole = (level: Level, custom?: string): RepositoryRole =>
  custom === undefined ? ROLES[level] : `custom_${slugOf(custom)}_${level}`;

const slugOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');

/** The level that a role gives; undefined for one that is not of this model. */
export const levelOf = (role: RepositoryRole): Level | undefined =>
  LEVELS.find((level) => ROLES[level] === role || (role.startsWith('custom_') && role.endsWith(`_${level}`)));

/** Whether a role on an instance is of this model. All others are someone else's. */
export function isModelRole(type: ModelType, role: string): boolean {
  switch (type) {
    case ORG_TYPE:
      return [ORG_OWNER, ORG_MEMBER, ...LEVELS.map(allRepositories)].includes(role);
    case TEAM_TYPE:
      return TEAM_ROLES.some((one) => one === role);
    case REPOSITORY_TYPE:
      return levelOf(role) !== undefined;
    default:
      return type satisfies never;
  }
}

const TEAM_RELATIONS: { readonly [role: RepositoryRole]: string } = {
  reader: 'team_pull',
  triager: 'team_triage',
  writer: 'team_push',
  maintainer: 'team_maintain',
  admin: 'team_admin',
};

/** The relation of a repository to a team that has this role on it. */
export const teamRelation = (role: RepositoryRole): string => TEAM_RELATIONS[role] ?? `team_${role}`;

/** The role that a relation to a team gives; undefined for a relation that is not of this model. */
export function roleOfRelation(relation: string): RepositoryRole | undefined {
  const [own] = Object.entries(TEAM_RELATIONS).find(([, one]) => one === relation) ?? [];
  if (own !== undefined || !relation.startsWith('team_custom_')) return own;
  const custom = relation.slice('team_'.length);
  return levelOf(custom) === undefined ? undefined : custom;
}

/** The relation of a repository to its organization. */
export const ownerRelation = (base: BasePermission): string => `owner_${base}`;

export const baseOfRelation = (relation: string): BasePermission | undefined =>
  BASE_PERMISSIONS.find((base) => ownerRelation(base) === relation);

/** Whether a relation is of this model. All others are someone else's. */
export const isModelRelation = (relation: string): boolean =>
  baseOfRelation(relation) !== undefined || roleOfRelation(relation) !== undefined;

/** Every level that a level includes, itself last. */
export const levelsUpTo = (level: Level): readonly Level[] => LEVELS.slice(0, LEVELS.indexOf(level) + 1);

/** The name of an instance, as grants and tuples use it: "type:key". */
export const instanceOf = (type: ModelType, id: number): string => `${type}:${id}`;

/** @returns undefined for an instance of another resource, or one whose key is not a GitHub id. */
export function parseInstanceName(
  name: string,
): { readonly type: ModelType; readonly id: number } | undefined {
  const [word, key = ''] = name.split(':');
  const type = MODEL_TYPES.find((one) => one === word);
  return type !== undefined && /^[1-9]\d{0,15}$/.test(key) ? { type, id: Number(key) } : undefined;
}

/** The resource type of the model that a grant is on; undefined for every other grant. */
export const modelTypeOf = ({ resource }: Grant): ModelType | undefined =>
  resource === undefined ? undefined : parseInstanceName(resource)?.type;
