import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addCustomRole,
  addMember,
  addOrgRole,
  addRepository,
  addTeam,
  addUser,
  type GitHubWorld,
  githubWorld,
  mayReadRepositories,
  orgOf,
  setBasePermission,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import { BASE_PERMISSIONS, LEVELS } from '../../src/model/repositories/access-model.ts';
import { openSource } from '../support/adapters.ts';
import { accessInFacts, accessOnGitHub, MIRRORED } from '../support/repositories.ts';
import { RUNS } from './worlds.ts';

const PEOPLE = ['ann', 'ben', 'cat', 'dan', 'eve'] as const;
const TEAMS = ['a', 'b', 'c'] as const;

const person = fc.constantFrom(...PEOPLE);
const people = fc.uniqueArray(person, { maxLength: 3 });
const role = fc.constantFrom(...LEVELS, 'Deployer');
const rolesOf = (whom: fc.Arbitrary<string>) => fc.dictionary(whom, role, { maxKeys: 3 });

const organizations = fc.record({
  base: fc.constantFrom(...BASE_PERMISSIONS),
  customBase: fc.constantFrom(...LEVELS.slice(0, -1)),
  members: fc.dictionary(person, fc.constantFrom('admin', 'member', 'pending')),
  // A team may stand below the one before it.
  teams: fc.tuple(
    ...TEAMS.map(() => fc.record({ members: people, maintainers: people, isBelow: fc.boolean() })),
  ),
  orgRole: fc.record({
    base: fc.option(fc.constantFrom(...LEVELS), { nil: undefined }),
    users: people,
    teams: fc.uniqueArray(fc.constantFrom(...TEAMS), { maxLength: 2 }),
  }),
  repositories: fc.array(
    fc.record({
      visibility: fc.constantFrom('public', 'private', 'internal'),
      archived: fc.boolean(),
      teams: rolesOf(fc.constantFrom(...TEAMS)),
      collaborators: rolesOf(person),
    }),
    { maxLength: 4 },
  ),
});

function worldOf(plan: typeof organizations extends fc.Arbitrary<infer T> ? T : never): GitHubWorld {
  const world = githubWorld();
  mayReadRepositories(world);
  for (const login of PEOPLE) addUser(world, login);
  for (const [login, role] of Object.entries(plan.members)) {
    if (role === 'pending') addMember(world, 'acme', { login, state: 'pending' });
    else addMember(world, 'acme', { login, role });
  }
  setBasePermission(world, 'acme', plan.base);
  addCustomRole(world, 'acme', { name: 'Deployer', base: plan.customBase });
  for (const [i, { members, maintainers, isBelow }] of plan.teams.entries()) {
    const parent = isBelow ? TEAMS[i - 1] : undefined;
    addTeam(world, 'acme', { slug: TEAMS[i] ?? '', members, maintainers, ...(parent ? { parent } : {}) });
  }
  const { base, ...holders } = plan.orgRole;
  addOrgRole(world, 'acme', { name: 'some', ...holders, ...(base ? { base } : {}) });
  for (const [i, repository] of plan.repositories.entries())
    addRepository(world, 'acme', { name: `repository-${i}`, ...repository });
  return world;
}

const switches = fc.record({
  teamMemberRoles: fc.boolean(),
  directRoles: fc.constantFrom('effective', 'own'),
  repositoryCounts: fc.constantFrom('answer', 'forbidden'),
});

test('the facts of any organization give everyone the access that GitHub lists, however GitHub answers', async () => {
  const read = async (
    plan: Parameters<typeof worldOf>[0],
    options: Parameters<typeof startGitHubEmulator>[1],
  ) => {
    const github = await startGitHubEmulator(worldOf(plan), options);
    const { port, control } = openSource(github);
    const listing = await port.listOrg('acme', MIRRORED).finally(() => github.close());
    control.dispose();
    if (listing.kind !== 'complete') throw new Error(listing.message);
    expect(listing.unread).toEqual([]);
    const { all } = orgOf(github.world, 'acme').repositories;
    const mirrored = [...all.values()].filter(({ archived }) => !archived).map(({ name }) => name);
    const truth = accessOnGitHub(github.world);
    expect(accessInFacts(listing, github.world)).toEqual(
      Object.fromEntries(mirrored.map((name) => [name, truth[name]])),
    );
  };
  await fc.assert(fc.asyncProperty(organizations, switches, read), { numRuns: Math.ceil(RUNS.numRuns / 5) });
});
