import { simpleOrg } from '../shapes.ts';
import {
  addToken,
  addUser,
  type GitHubOrg,
  type GitHubWorld,
  nextId,
  OWNER_TOKEN,
  orgOf,
  teamOf,
  userOf,
} from '../world.ts';
import { announce, ORIGIN } from './announce.ts';
import {
  type GitHubCustomRole,
  type GitHubRepositories,
  type GitHubRepository,
  levelOfRole,
  OWN_ROLES,
} from './repository-world.ts';
import { roleShape } from './shapes.ts';

type NewRepository = Partial<Pick<GitHubRepository, 'id' | 'visibility' | 'archived'>> & {
  readonly name: string;
  /** By the slug of the team, the role. */
  readonly teams?: Readonly<Record<string, string>>;
  /** By login, the role. Accounts are made where there are none. */
  readonly collaborators?: Readonly<Record<string, string>>;
};

/** A private repository, unless it says otherwise. Webhooks hear of this and of every change below. */
export function addRepository(world: GitHubWorld, org: string, repository: NewRepository): GitHubRepository {
  const { name, visibility = 'private', archived = false, teams = {}, collaborators = {} } = repository;
  const id = nextId(world, repository.id);
  orgOf(world, org).repositories.all.set(id, {
    ...{ id, name, visibility, archived },
    teams: new Map(),
    collaborators: new Map(),
  });
  world.formerRepositoryNames.delete(`${org}/${name}`.toLowerCase());
  announce(world, org, repositoryOf(world, org, name), { event: 'repository', action: 'created' });
  for (const [slug, role] of Object.entries(teams)) setTeamRole(world, org, name, slug, role);
  for (const [login, role] of Object.entries(collaborators)) {
    addUser(world, login);
    setCollaborator(world, org, name, login, role);
  }
  return repositoryOf(world, org, name);
}

/** @throws if the organization does not have the repository. */
export function repositoryOf(world: GitHubWorld, org: string, name: string): GitHubRepository {
  const found = repositoryNamed(orgOf(world, org), name);
  if (found === undefined) throw new Error(`no repository ${name} in ${org}`);
  return found;
}

/** @param name in any case */
export const repositoryNamed = (org: GitHubOrg, name: string): GitHubRepository | undefined =>
  [...org.repositories.all.values()].find((one) => one.name.toLowerCase() === name.toLowerCase());

/** @param role undefined removes the team's own role; an inherited one stays. */
export function setTeamRole(
  world: GitHubWorld,
  org: string,
  name: string,
  slug: string,
  role: string | undefined,
): void {
  const team = teamOf(world, org, slug);
  const { repository, before } = set(world, org, name, 'teams', team.id, role);
  if (before === role) return;
  if (role === undefined || before === undefined) {
    const action = role === undefined ? 'removed_from_repository' : 'added_to_repository';
    announce(world, org, repository, { event: 'team', action, team });
    return;
  }
  const { admin, push, pull } = roleShape(orgOf(world, org), before).permissions;
  const changes = { repository: { permissions: { from: { admin, push, pull } } } };
  announce(world, org, repository, { event: 'team', action: 'edited', changes, team });
}

/** Adds a person to a repository, or changes their role. @param role undefined removes it. */
export function setCollaborator(
  world: GitHubWorld,
  org: string,
  name: string,
  login: string,
  role: string | undefined,
): void {
  const member = userOf(world, login);
  const { repository, before } = set(world, org, name, 'collaborators', member.id, role);
  if (before === role) return;
  if (role === undefined) {
    announce(world, org, repository, { event: 'member', action: 'removed', member });
    return;
  }
  const [action, changes] =
    before === undefined
      ? ['added', { role_name: { to: role } }]
      : ['edited', { permission: { from: before, to: role } }];
  announce(world, org, repository, { event: 'member', action, changes, member });
}

function set(
  world: GitHubWorld,
  org: string,
  name: string,
  whose: 'teams' | 'collaborators',
  id: number,
  role: string | undefined,
): { readonly repository: GitHubRepository; readonly before: string | undefined } {
  const { repositories } = orgOf(world, org);
  const repository = repositoryOf(world, org, name);
  const before = repository[whose].get(id);
  if (role === undefined) repository[whose].delete(id);
  else if (levelOfRole(repositories, role)) repository[whose].set(id, role);
  repositories.all.set(repository.id, repository);
  return { repository, before };
}

export function setBasePermission(world: GitHubWorld, org: string, base: GitHubRepositories['base']): void {
  orgOf(world, org).repositories.base = base;
}

/** Makes a custom repository role, or bases it on another level. */
export function addCustomRole(
  world: GitHubWorld,
  org: string,
  role: Omit<GitHubCustomRole, 'id'>,
): GitHubCustomRole {
  if (OWN_ROLES.some((name) => name === role.name)) throw new Error(`${role.name} is a role of GitHub's own`);
  const { customRoles } = orgOf(world, org).repositories;
  const made = { ...role, id: customRoles.get(role.name)?.id ?? nextId(world) };
  customRoles.set(made.name, made);
  return made;
}

export function changeRepository(
  world: GitHubWorld,
  org: string,
  name: string,
  change: Partial<Pick<GitHubRepository, 'visibility' | 'archived'>>,
): void {
  const repository = repositoryOf(world, org, name);
  const changed = { ...repository, ...change };
  orgOf(world, org).repositories.all.set(repository.id, changed);
  if (changed.archived !== repository.archived) {
    const action = changed.archived ? 'archived' : 'unarchived';
    announce(world, org, changed, { event: 'repository', action });
  }
  const [isPublic, wasPublic] = [changed, repository].map(({ visibility }) => visibility === 'public');
  if (isPublic !== wasPublic) {
    const action = isPublic ? 'publicized' : 'privatized';
    announce(world, org, changed, { event: 'repository', action });
  }
}

/** The id stays; the old name redirects to it until another repository claims it. */
export function renameRepository(world: GitHubWorld, org: string, from: string, to: string): void {
  const repository = repositoryOf(world, org, from);
  const renamed = { ...repository, name: to };
  orgOf(world, org).repositories.all.set(repository.id, renamed);
  world.formerRepositoryNames.set(`${org}/${from}`.toLowerCase(), repository.id);
  const changes = { repository: { name: { from } } };
  announce(world, org, renamed, { event: 'repository', action: 'renamed', changes });
}

/**
 * The id stays, and so do the people who were added to it; its teams stay behind. A custom role that the new organization
 * lacks becomes its level. Both organizations get a webhook.
 */
export function transferRepository(world: GitHubWorld, org: string, name: string, to: string): void {
  const repository = repositoryOf(world, org, name);
  const before = orgOf(world, org).repositories;
  const after = orgOf(world, to).repositories;
  const roleAfter = (role: string): string =>
    after.customRoles.has(role) ? role : levelOfRole(before, role);
  const collaborators = new Map([...repository.collaborators].map(([id, role]) => [id, roleAfter(role)]));
  before.all.delete(repository.id);
  const transferred = { ...repository, teams: new Map(), collaborators };
  after.all.set(repository.id, transferred);
  world.formerRepositoryNames.set(`${org}/${name}`.toLowerCase(), repository.id);
  const changes = { owner: { from: { organization: simpleOrg(orgOf(world, org), ORIGIN) } } };
  announce(world, to, transferred, { event: 'repository', action: 'transferred', changes }, [org, to]);
}

export function deleteRepository(world: GitHubWorld, org: string, name: string): void {
  const repository = repositoryOf(world, org, name);
  orgOf(world, org).repositories.all.delete(repository.id);
  announce(world, org, repository, { event: 'repository', action: 'deleted' });
}

/** Gives the owner's token what reading repositories, base permissions and roles of an organization needs. */
export function mayReadRepositories(world: GitHubWorld): void {
  const token = world.tokens.get(OWNER_TOKEN);
  const held = token?.kind === 'pat' ? token.scopes : [];
  const scopes = [...new Set([...held, 'read:org', 'admin:org', 'repo'])];
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
}
