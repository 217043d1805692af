/**
 * How many requests a full read of a large organization with its repositories costs GitHub (CONTRACT §13: at most 1,200
 * for 2,000 people, 4,000 repositories and 300 teams with 80 repositories each). The real source runs against the
 * emulated GitHub, over HTTP:
 *
 *   npx esbuild test/bench/repositories.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/repositories.mjs
 *   node node_modules/.cache/repositories.mjs
 */
import {
  addMember,
  addOrgRole,
  addRepository,
  addTeam,
  type GitHubSwitches,
  type GitHubWorld,
  githubWorld,
  mayReadRepositories,
  OWNER_TOKEN,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import { createGitHubSource } from '../../src/github/github-source.ts';
import { startStop } from '../../src/http/stop.ts';

const PEOPLE = 2_000;
const REPOSITORIES = 4_000;
const TEAMS = 300;
const TEAM_REPOSITORIES = 80;
const TEAM_MEMBERS = 40;
/** One in ten repositories has direct collaborators. */
const DIRECT_EVERY = 10;

function largeWorld(): GitHubWorld {
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

async function measure(name: string, world: GitHubWorld, switches: Partial<GitHubSwitches>): Promise<void> {
  const github = await startGitHubEmulator(world, switches);
  const control = startStop(600_000);
  const source = createGitHubSource({
    apiUrl: github.url,
    credentials: { kind: 'token', token: OWNER_TOKEN },
    userAgent: 'gh-permit-sync/bench',
    stop: control.stop,
    observer: { onStart: () => undefined, onEnd: () => undefined },
    inActions: false,
  });
  const needs = { teams: [], collaborators: false, orgRoles: [], repositories: { match: ['*'] } };
  const began = performance.now();
  const listing = await source.listOrg('acme', needs);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const kinds = new Map<string, number>();
  for (const { path } of github.requests) {
    const kind = path.replace(/\d+/g, 'N').replace(/memberships\/.*/, 'memberships/LOGIN');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const whole = listing.kind === 'complete' && listing.unread.length === 0 ? 'whole' : 'NOT WHOLE';
  const { heapUsed } = process.memoryUsage();
  const lines = [...kinds].map(([kind, count]) => `  ${String(count).padStart(5)} ${kind}`);
  process.stdout.write(
    `${name}: ${github.requests.length} requests, ${whole}, ${seconds} s, ${Math.round(heapUsed / 1e6)} MB of heap with the emulator\n${lines.join('\n')}\n`,
  );
  control.dispose();
  await github.close();
}

await measure('team members with roles', largeWorld(), { teamMemberRoles: true });
await measure('team members without roles', largeWorld(), { teamMemberRoles: false });
