import { TrackedMap } from '../../tracked-map.ts';

/** GitHub's own roles on a repository, the weakest first, as REST names them. */
export const OWN_ROLES = ['read', 'triage', 'write', 'maintain', 'admin'] as const;
export type GitHubLevel = (typeof OWN_ROLES)[number];

/** One of GitHub's own roles, or the name of a custom one. */
type RoleName = string;

/** Replace it to change its name, visibility or state. */
export type GitHubRepository = {
  readonly id: number;
  readonly name: string;
  readonly visibility: 'public' | 'private' | 'internal';
  readonly archived: boolean;
  /** By the id of a team of the same organization. Teams below it inherit the role. */
  readonly teams: Map<number, RoleName>;
  /** People who were added to this repository, by id, members of the organization or not. */
  readonly collaborators: Map<number, RoleName>;
};

export type GitHubCustomRole = { readonly id: number; readonly name: string; readonly base: GitHubLevel };

/** The repositories of one organization, and what it says about access to them. */
export type GitHubRepositories = {
  /** By id. */
  readonly all: TrackedMap<number, GitHubRepository>;
  /** The access of every member to every repository. */
  base: 'none' | 'read' | 'write' | 'admin';
  /** By name. */
  readonly customRoles: Map<string, GitHubCustomRole>;
};

export const noRepositories = (): GitHubRepositories => ({
  all: new TrackedMap(),
  base: 'read',
  customRoles: new Map(),
});

/** @throws if no role has that name. */
export function levelOfRole({ customRoles }: GitHubRepositories, name: RoleName): GitHubLevel {
  const own = OWN_ROLES.find((one) => one === name);
  const level = own ?? customRoles.get(name)?.base;
  if (level === undefined) throw new Error(`no repository role ${name}`);
  return level;
}

/** The highest of these roles. Of two on one level, the custom one: it holds more than its base. */
export function highestRole(
  repositories: GitHubRepositories,
  names: readonly RoleName[],
): RoleName | undefined {
  const rank = (name: RoleName): number =>
    2 * OWN_ROLES.indexOf(levelOfRole(repositories, name)) + (repositories.customRoles.has(name) ? 1 : 0);
  return names.reduce<RoleName | undefined>(
    (best, name) => (best !== undefined && rank(best) >= rank(name) ? best : name),
    undefined,
  );
}
