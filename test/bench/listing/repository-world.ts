import {
  addMember,
  addOrgRole,
  addRepository,
  addTeam,
  type GitHubWorld,
  githubWorld,
  mayReadRepositories,
} from '../../../src/demo/github/github.ts';

export const PEOPLE = 2_000;
export const REPOSITORIES = 4_000;
export const TEAMS = 300;
export const TEAM_REPOSITORIES = 80;
export const TEAM_MEMBERS = 40;
/** One in ten repositories has direct collaborators. */
export const DIRECT_EVERY = 10;

/** The organization that the promises about repositories are made for. */
export function worldWithRepositories(): GitHubWorld {
  const world = githubWorld();
  mayReadRepositories(world);
  const logins = Array.from({ length: PEOPLE - 1 }, (_, i) => `person-${i}`);
  for (const login of logins) addMember(world, 'acme', { login });
  const some = <T>(all: readonly T[], count: number, step: number): readonly T[] =>
    Array.from({ length: count }, (_, i) => all[(step + i * 7) % all.length] as T);
  const teams = Array.from({ length: TEAMS }, (_, i) => `team-${i}`);
  for (const [i, slug] of teams.entries())
    addTeam(world, 'acme', { slug, members: some(logins, TEAM_MEMBERS, i * 41) });
  addOrgRole(world, 'acme', { name: 'all_repo_read', base: 'read', users: some(logins, 5, 3) });
  const teamsOfEach = (TEAMS * TEAM_REPOSITORIES) / REPOSITORIES;
  for (let i = 0; i < REPOSITORIES; i++) {
    const slugs = some(teams, teamsOfEach, i);
    const direct = i % DIRECT_EVERY === 0 ? some(logins, 3, i) : [];
    addRepository(world, 'acme', {
      name: `repository-${i}`,
      teams: Object.fromEntries(slugs.map((slug) => [slug, 'write'])),
      collaborators: Object.fromEntries(direct.map((login) => [login, 'maintain'])),
    });
  }
  return world;
}
