import { onTestFinished } from 'vitest';
import {
  addCustomRole,
  addMember,
  addOrgRole,
  addRepository,
  addTeam,
  effectiveAccess,
  type GitHubEmulator,
  type GitHubSwitches,
  type GitHubWorld,
  githubWorld,
  mayReadRepositories,
  orgOf,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import type { CompleteListing, OrgNeeds } from '../../src/model/member.ts';
import {
  LEVELS,
  levelOf,
  type RepositoryRole,
  repositoryRole,
} from '../../src/model/repositories/access-model.ts';

/** Everything about the repositories of an organization, and nothing that a rule needs. */
export const MIRRORED: OrgNeeds = {
  teams: [],
  collaborators: false,
  orgRoles: [],
  repositories: { match: ['*'] },
};

/**
 * GitHub with `acme`: a team `platform` with `core` below it, custom roles, an organization role with a base, and
 * repositories that people have access to in every way.
 */
export async function githubWithRepositories(
  switches: Partial<GitHubSwitches> = {},
): Promise<GitHubEmulator> {
  const world = githubWorld();
  populateRepositories(world);
  const emulator = await startGitHubEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

export function populateRepositories(world: GitHubWorld): void {
  mayReadRepositories(world);
  for (const login of ['ann', 'ben', 'cat', 'dan', 'eve']) addMember(world, 'acme', { login });
  addMember(world, 'acme', { login: 'invited', state: 'pending' });
  addTeam(world, 'acme', { slug: 'platform', members: ['ann'], maintainers: ['owner'] });
  addTeam(world, 'acme', { slug: 'core', parent: 'platform', members: ['ben', 'invited'] });
  addTeam(world, 'acme', { slug: 'empty' });
  addTeam(world, 'acme', { slug: 'ent:contractors', members: ['cat'] });
  addCustomRole(world, 'acme', { name: 'Deployer', base: 'write' });
  addOrgRole(world, 'acme', { name: 'all_repo_triage', base: 'triage', users: ['eve'] });
  addOrgRole(world, 'acme', { name: 'auditor', users: ['eve'] });
  addRepository(world, 'acme', {
    name: 'payments-api',
    teams: { platform: 'triage', core: 'maintain' },
    collaborators: { dan: 'Deployer', guest: 'write', ann: 'read' },
  });
  addRepository(world, 'acme', {
    name: 'next.js',
    visibility: 'public',
    teams: { 'ent:contractors': 'Deployer' },
  });
  addRepository(world, 'acme', { name: 'handbook', visibility: 'internal', teams: { platform: 'admin' } });
  addRepository(world, 'acme', { name: 'attic', archived: true, collaborators: { guest: 'admin' } });
}

/** Everyone's role as GitHub counts it, by repository name: `{ 'payments-api': { ann: 'triager' } }`. */
export const accessOnGitHub = (
  world: GitHubWorld,
): Readonly<Record<string, Record<string, RepositoryRole>>> => {
  const org = orgOf(world, 'acme');
  const { all, customRoles } = org.repositories;
  const keyOf = (role: string): RepositoryRole => {
    const base = customRoles.get(role)?.base;
    const level = base ?? LEVELS.find((one) => one === role);
    if (level === undefined) throw new Error(`no role ${role}`);
    return repositoryRole(level, base === undefined ? undefined : role);
  };
  return Object.fromEntries(
    [...all.values()].map((repository) => [
      repository.name,
      Object.fromEntries(
        [...effectiveAccess(org, repository)].map(([id, role]) => [
          world.users.get(id)?.login ?? String(id),
          keyOf(role),
        ]),
      ),
    ]),
  );
};

/** The same, as the model in Permit derives it from what was read. */
export function accessInFacts(
  { members, teams, orgRoles = [], repositories: facts }: CompleteListing,
  world: GitHubWorld,
): Readonly<Record<string, Record<string, RepositoryRole>>> {
  if (facts === undefined) throw new Error('no repositories were read');
  const loginOf = (id: number): string => world.users.get(id)?.login ?? String(id);
  return Object.fromEntries(
    [...facts.repositories.values()].map(({ id, name }) => {
      const roles = new Map<string, RepositoryRole>();
      const give = (person: number, role: RepositoryRole): void => {
        const login = loginOf(person);
        const held = roles.get(login);
        if (held === undefined || rank(held) < rank(role)) roles.set(login, role);
      };
      for (const { id: person, role } of members) {
        if (role === 'admin') give(person, 'admin');
        if (facts.base !== 'none') give(person, repositoryRole(facts.base));
      }
      for (const team of facts.teams.values()) {
        const role = team.access === 'unread' ? undefined : team.access.get(id);
        const inTeam = teams.find(({ ref }) => ref === `#${team.id}`);
        if (role !== undefined) for (const person of inTeam?.members.keys() ?? []) give(person, role);
      }
      for (const { base, holders } of orgRoles)
        if (base) for (const person of holders) give(person, repositoryRole(base));
      const direct = facts.collaborators.get(id) ?? new Map();
      if (direct !== 'unread') for (const [person, { role }] of direct) give(person, role);
      return [name, Object.fromEntries(roles)];
    }),
  );
}

/** A custom role counts as more than its base. */
const rank = (role: RepositoryRole): number =>
  2 * LEVELS.indexOf(levelOf(role) ?? 'read') + (role.startsWith('custom_') ? 1 : 0);
