import { describe, expect, test } from 'vitest';
import type { FaultAnswer } from '../../../src/demo/faults.ts';
import {
  addMember,
  addRepository,
  addTeamMember,
  addToken,
  type GitHubEmulator,
  type GitHubSwitches,
  OWNER_TOKEN,
  orgOf,
  repositoryOf,
  setBasePermission,
  teamOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import type { GitHubId } from '../../../src/model/identity.ts';
import type { CompleteListing, OrgNeeds } from '../../../src/model/member.ts';
import { openInspector, openSource, type SourceOptions } from '../../support/adapters.ts';
import { openGraphQLJudge } from '../../support/graphql-schema.ts';
import {
  accessInFacts,
  accessOnGitHub,
  githubWithRepositories,
  MIRRORED,
} from '../../support/repositories.ts';

async function list(
  github: GitHubEmulator,
  needs: OrgNeeds = MIRRORED,
  options?: SourceOptions,
): Promise<CompleteListing> {
  const listing = await openSource(github, options).port.listOrg('acme', needs);
  if (listing.kind !== 'complete') throw new Error(listing.message);
  return listing;
}

/** What is unread, in a few words. */
const unreadIn = ({ unread }: CompleteListing): readonly string[] =>
  unread.map(({ what }) =>
    [what.kind, 'ref' in what && what.ref, 'id' in what && what.id].filter(Boolean).join(' '),
  );

const refuse = (
  github: GitHubEmulator,
  path: RegExp,
  answer: FaultAnswer = { status: 403, body: { message: 'no' } },
) => github.faults.push({ match: (request) => path.test(request.path), do: { kind: 'answer', ...answer } });

/** All but the archived one, which grants nothing. */
function mirrored({ world }: GitHubEmulator) {
  const { attic, ...others } = accessOnGitHub(world);
  return others;
}

describe('the facts give everyone the access that GitHub lists', () => {
  test.each<readonly [string, Partial<GitHubSwitches>]>([
    ['as it is', {}],
    ['where lists of team members tell roles', { teamMemberRoles: true }],
    ['where direct collaborators are listed with the direct role only', { directRoles: 'own' }],
    ['where GraphQL is refused', { repositoryCounts: 'forbidden' }],
    ['where GraphQL counts ten at a time', { repositoryCounts: 10 }],
    ['where GraphQL gives up', { repositoryCounts: 1 }],
  ])('%s', async (_, switches) => {
    const github = await githubWithRepositories(switches);
    const listing = await list(github);
    expect(accessInFacts(listing, github.world)).toEqual(mirrored(github));
    expect(listing.unread).toEqual([]);
    const { repositories: facts } = listing;
    expect([...(facts?.leftOut.values() ?? [])]).toEqual(['archived']);
    expect(facts?.collaborators.size).toBe(1);
  });

  test.each(['none', 'read', 'write', 'admin'] as const)('with the base permission %s', async (base) => {
    const github = await githubWithRepositories();
    setBasePermission(github.world, 'acme', base);
    expect(accessInFacts(await list(github), github.world)).toEqual(mirrored(github));
  });

  test('a team without role names has the level that its permissions show', async () => {
    const github = await githubWithRepositories({ teamRoleNames: 'absent' });
    const { repositories: facts } = await list(github);
    const { id } = repositoryOf(github.world, 'acme', 'next.js');
    const team = facts?.teams.get(teamOf(github.world, 'acme', 'ent:contractors').id);
    expect(team?.access).toEqual(new Map([[id, 'writer']]));
  });
});

test('repositories that match no pattern are left out, and their collaborators are not requested', async () => {
  const github = await githubWithRepositories();
  const { world } = github;
  addRepository(world, 'acme', { name: 'other', collaborators: { ben: 'admin' } });
  const { repositories: facts } = await list(github, {
    ...MIRRORED,
    repositories: { match: ['PAYMENTS-*'] },
  });
  const { id } = repositoryOf(world, 'acme', 'payments-api');
  expect([...(facts?.repositories.values() ?? [])]).toEqual([
    { id, name: 'payments-api', visibility: 'private' },
  ]);
  expect([...(facts?.leftOut.values() ?? [])].toSorted()).toEqual([
    'archived',
    'excluded',
    'excluded',
    'excluded',
  ]);
  const asked = github.requests.filter(({ path }) => path.endsWith('/collaborators'));
  expect(asked.map(({ path, query }) => [path, query.affiliation])).toEqual([
    [`/repositories/${id}/collaborators`, 'direct'],
  ]);
});

test('without repositories in the config, no request is about them', async () => {
  const github = await githubWithRepositories();
  const listing = await list(github, { ...MIRRORED, repositories: undefined });
  expect(listing).toMatchObject({ repositories: undefined, teams: [], orgRoles: [] });
  expect(github.requests).toHaveLength(4);
});

test('a team that a rule names by ID is read once and listed once', async () => {
  const github = await githubWithRepositories();
  const ref = `#${teamOf(github.world, 'acme', 'core').id}`;
  const { teams } = await list(github, { ...MIRRORED, teams: [ref] });
  expect(teams.filter((team) => team.ref === ref)).toMatchObject([{ asked: 'name' }]);
  expect(teams).toHaveLength(4);
});

test('team roles are the same however they are read, and cost one list for each team where GraphQL helps', async () => {
  const read = async (teamMemberRoles: boolean, isGraphQLRefused = false) => {
    const github = await githubWithRepositories({ teamMemberRoles });
    addTeamMember(github.world, 'acme', 'core', 'owner');
    addTeamMember(github.world, 'acme', 'core', 'eve', 'maintainer');
    if (isGraphQLRefused) refuse(github, /^\/graphql$/);
    const { teams } = await list(github);
    const lists = github.requests.filter(
      ({ path }) => path.endsWith('/members') && path !== '/orgs/acme/members',
    );
    return { teams, lists: lists.length };
  };
  const told = await read(true);
  expect(told.lists).toBe(4);
  const asked = await read(false);
  expect(asked.teams).toEqual(told.teams);
  // The first team shows that lists do not tell.
  expect(asked.lists).toBe(4 + 2);
  const refused = await read(false, true);
  expect(refused.teams).toEqual(told.teams);
  expect(refused.lists).toBe(3 + 2 * 3);
});

describe('a failure makes only its own part unread', () => {
  const idOf = ({ world }: GitHubEmulator, slug: string) => teamOf(world, 'acme', slug).id;
  test.each<
    readonly [string, (github: GitHubEmulator) => RegExp, (github: GitHubEmulator) => readonly string[]]
  >([
    ['the list of repositories', () => /\/orgs\/acme\/repos$/, () => ['repositories']],
    ['the list of teams', () => /\/orgs\/acme\/teams$/, () => ['repositories']],
    ['the organization roles', () => /\/organization-roles$/, () => ['org-role']],
    ['the holders of a role', () => /\/organization-roles\/\d+\/users$/, () => ['org-role']],
    [
      'the members of one team',
      (github) => new RegExp(`/team/${idOf(github, 'core')}/members$`),
      (github) => [`team #${idOf(github, 'core')}`],
    ],
    [
      'the members of an enterprise team',
      () => /\/teams\/ent%3Acontractors\/members$/,
      (github) => [`team #${idOf(github, 'ent:contractors')}`],
    ],
    [
      'the repositories of one team',
      (github) => new RegExp(`/team/${idOf(github, 'core')}/repos$`),
      (github) => [`team-repositories ${idOf(github, 'core')}`],
    ],
    [
      'the collaborators of one repository',
      () => /\/repositories\/\d+\/collaborators$/,
      ({ world }) => [`direct-collaborators ${repositoryOf(world, 'acme', 'payments-api').id}`],
    ],
  ])('%s', async (_, path, unread) => {
    const github = await githubWithRepositories();
    refuse(github, path(github));
    const listing = await list(github);
    expect(unreadIn(listing)).toEqual(unread(github));
    expect(listing.members).toHaveLength(6);
    if (unread(github)[0] === 'repositories') expect(listing.repositories).toBeUndefined();
    else expect(listing.repositories?.repositories.size).toBe(3);
  });

  test('a list that stays incomplete', async () => {
    const github = await githubWithRepositories();
    const link = '<https://x/?page=2>; rel="next", <https://x/?page=2>; rel="last"';
    refuse(github, /\/repos$/, { status: 200, headers: { link }, body: [] });
    expect(unreadIn(await list(github))).toEqual(['repositories']);
  });

  test.each([
    ['shows neither a role nor permissions', {}],
    ['shows a custom role without its level', { role_name: 'Deployer' }],
  ])('a team whose repository %s', async (_, role) => {
    const github = await githubWithRepositories();
    const { id } = repositoryOf(github.world, 'acme', 'handbook');
    refuse(github, /\/team\/\d+\/repos$/, { status: 200, body: [{ id, ...role }] });
    const listing = await list(github);
    const teams = ['platform', 'core', 'empty'].map((slug) => `team-repositories ${idOf(github, slug)}`);
    expect(unreadIn(listing).toSorted()).toEqual(teams.toSorted());
  });
});

describe('a credential that sees only some repositories reads none', () => {
  test('GitHub counts more private repositories than it lists', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    const permissions = { members: 'read', metadata: 'read', organization_custom_org_roles: 'read' };
    const repositories = [repositoryOf(world, 'acme', 'payments-api').id];
    const orgId = orgOf(world, 'acme').id;
    addToken(world, 'ghs_some', { kind: 'installation', orgId, permissions, repositories });
    const listing = await list(github, MIRRORED, { credentials: { kind: 'token', token: 'ghs_some' } });
    expect(unreadIn(listing)).toEqual(['repositories']);
    expect(listing.unread[0]?.message).toContain('it shows 1 of 3 private repositories');
  });

  test('a repository that is deleted during the listing does not count as hidden', async () => {
    const github = await githubWithRepositories();
    const { all } = orgOf(github.world, 'acme').repositories;
    github.onRequest = ({ path }) => {
      if (path === '/orgs/acme/repos') all.delete(repositoryOf(github.world, 'acme', 'handbook').id);
      if (path === '/orgs/acme/repos') github.onRequest = undefined;
    };
    const listing = await list(github);
    expect(listing.unread).toEqual([]);
    expect(accessInFacts(listing, github.world)).toEqual(mirrored(github));
  });

  test.each([
    ['nobody is shown the base permission', { orgDetails: 'hidden' } as const, undefined],
    ['a member who is no owner is not', {}, 'ghp_member'],
  ])('%s', async (_, switches, token) => {
    const github = await githubWithRepositories(switches);
    const { world } = github;
    addMember(world, 'acme', { login: 'ann' });
    const userId = userOf(world, 'ann').id;
    addToken(world, 'ghp_member', { kind: 'pat', userId, scopes: ['read:org', 'admin:org', 'repo'] });
    const options = token ? { credentials: { kind: 'token', token } as const } : {};
    const listing = await list(github, MIRRORED, options);
    expect(unreadIn(listing)).toEqual(['repositories']);
    expect(listing.unread[0]?.message).toContain('base permission');
    expect(github.requests.some(({ path }) => path.endsWith('/repos'))).toBe(false);
  });
});

const judge = await openGraphQLJudge();

test.skipIf(judge === undefined)(
  'the query and its answers are what the published schema allows',
  async () => {
    for (const repositoryCounts of ['answer', 'forbidden', 10] as const) {
      const github = await githubWithRepositories({ repositoryCounts });
      const listing = await list(github);
      // An empty list of direct collaborators makes a lookup ask how someone has access.
      const empty = { kind: 'answer', status: 200, body: [] } as const;
      github.faults.push({ match: ({ path }) => path.endsWith('/collaborators'), do: empty });
      const id = userOf(github.world, 'ann').id as GitHubId;
      const atStake = new Map([
        [
          listing.id,
          { teams: [], repositories: new Map([[repositoryOf(github.world, 'acme', 'handbook').id, 'read']]) },
        ],
      ]) as never;
      await openSource(github).port.lookUp([{ id, logins: [], atStake }], [listing]);
      const { login } = userOf(github.world, 'ben');
      const { id: handbook, name } = repositoryOf(github.world, 'acme', 'handbook');
      const person = { id: userOf(github.world, 'ben').id as GitHubId, login };
      const sources = await openInspector(github).readAccessSources(
        { id: handbook, org: 'acme', name },
        person,
      );
      expect(sources).toContainEqual({ kind: 'Organization', name: 'acme', role: 'read' });
      const queries = github.requests.filter(({ path }) => path === '/graphql');
      expect(queries.length).toBeGreaterThan(3);
      for (const { body } of queries) {
        const answer = await fetch(`${github.url}/graphql`, {
          method: 'POST',
          headers: {
            'user-agent': 'test',
            authorization: `Bearer ${OWNER_TOKEN}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(body),
        });
        expect(judge?.((body as { query: string }).query, await answer.json())).toEqual([]);
      }
    }
  },
);
