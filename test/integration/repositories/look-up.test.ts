import { describe, expect, test } from 'vitest';
import type { FaultAnswer, FaultRequest } from '../../../src/demo/faults.ts';
import {
  addMember,
  addTeam,
  addTeamMember,
  changeRepository,
  deleteRepository,
  type GitHubEmulator,
  orgOf,
  removeMember,
  removeTeamMember,
  repositoryOf,
  setCollaborator,
  teamOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import type { GitHubId, OrgId } from '../../../src/model/identity.ts';
import type {
  ClearLookup,
  CompleteListing,
  Lookup,
  OrgNeeds,
  PersonToLookUp,
} from '../../../src/model/member.ts';
import { LEVELS, type Level } from '../../../src/model/repositories/access-model.ts';
import { openSource } from '../../support/adapters.ts';
import { githubWithRepositories, MIRRORED } from '../../support/repositories.ts';

type Stake = { readonly teams?: readonly string[]; readonly repositories?: Readonly<Record<string, Level>> };

const orgId = ({ world }: GitHubEmulator): OrgId => orgOf(world, 'acme').id as OrgId;

/** Lists, lets `meanwhile` happen, then looks one person up. */
async function lookUp(
  github: GitHubEmulator,
  login: string,
  stake: Stake = {},
  meanwhile: () => void = () => undefined,
  needs: OrgNeeds = MIRRORED,
): Promise<Lookup> {
  const { world } = github;
  const id = userOf(world, login).id as GitHubId;
  const ids = Object.entries(stake.repositories ?? {}).map(
    ([name, level]) => [idOf(github, name), level] as const,
  );
  const atStake: PersonToLookUp['atStake'] = new Map([
    [orgId(github), { teams: stake.teams ?? [], repositories: new Map(ids) }],
  ]);
  const { port } = openSource(github);
  const listing = (await port.listOrg('acme', needs)) as CompleteListing;
  meanwhile();
  github.requests.length = 0;
  const lookup = (await port.lookUp([{ id, logins: [login], atStake }], [listing])).get(id);
  if (lookup === undefined) throw new Error('no answer at all');
  return lookup;
}

const names = new WeakMap<GitHubEmulator, Map<string, number>>();
/** The id, of a repository that may be gone by now, too. */
function idOf(github: GitHubEmulator, name: string): number {
  const known = names.get(github) ?? new Map<string, number>();
  names.set(github, known);
  const id = known.get(name) ?? repositoryOf(github.world, 'acme', name).id;
  known.set(name, id);
  return id;
}

const clear = (lookup: Lookup): ClearLookup => {
  if (lookup.kind === 'unclear') throw new Error(lookup.why);
  return lookup;
};

/** The answer about a repository: the role, `absent`, `unproven`, or undefined if it was not asked about. */
function roleIn(github: GitHubEmulator, lookup: Lookup, name: string): string | undefined {
  const answer = clear(lookup).repositories?.get(orgId(github))?.get(idOf(github, name));
  return typeof answer === 'object' ? answer.kind : answer;
}

function teamRole(github: GitHubEmulator, lookup: Lookup, ref: string): string | undefined {
  const answer = clear(lookup).teams.get(orgId(github))?.get(ref);
  return typeof answer === 'object' ? answer.kind : answer;
}

const refOf = ({ world }: GitHubEmulator, slug: string): string => `#${teamOf(world, 'acme', slug).id}`;
const paths = (github: GitHubEmulator): readonly string[] => github.requests.map(({ path }) => path);
const answer = (
  github: GitHubEmulator,
  match: (request: FaultRequest) => boolean,
  with_: FaultAnswer = { status: 404, body: { message: 'Not Found' } },
) => github.faults.push({ match, do: { kind: 'answer', ...with_ } });

describe('a direct collaborator', () => {
  test.each([
    ['a member', 'dan', 'custom_deployer_write'],
    ['somebody from outside', 'guest', 'writer'],
  ])('who is listed: %s', async (_, login, role) => {
    const github = await githubWithRepositories();
    expect(roleIn(github, await lookUp(github, login), 'payments-api')).toBe(role);
  });

  test('whose account GitHub hides is still found in the list', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    world.users.set(userOf(world, 'guest').id, { ...userOf(world, 'guest'), visibleTo: [] });
    const lookup = await lookUp(github, 'guest');
    expect(lookup).toMatchObject({ login: 'guest' });
    expect(roleIn(github, lookup, 'payments-api')).toBe('writer');
  });

  test('who was removed, while others are still there: the list is proof', async () => {
    const github = await githubWithRepositories();
    const gone = () => setCollaborator(github.world, 'acme', 'payments-api', 'dan', undefined);
    const lookup = await lookUp(github, 'dan', {}, gone);
    expect(roleIn(github, lookup, 'payments-api')).toBe('absent');
    expect(paths(github).some((path) => path.endsWith('/permission'))).toBe(false);
  });

  test('of an archived or excluded repository has no role, and costs no request', async () => {
    const github = await githubWithRepositories();
    const stake = { repositories: { attic: 'admin', 'payments-api': 'write' } } as const;
    const needs = { ...MIRRORED, repositories: { match: ['handbook'] } };
    const lookup = await lookUp(github, 'guest', stake, undefined, needs);
    expect(roleIn(github, lookup, 'attic')).toBe('absent');
    expect(roleIn(github, lookup, 'payments-api')).toBe('absent');
    expect(paths(github).some((path) => path.startsWith('/repositories/'))).toBe(false);
  });

  test('of a repository whose list is incomplete is not looked up: all grants on it stay', async () => {
    const github = await githubWithRepositories();
    answer(github, ({ path }) => path.endsWith('/collaborators'), { status: 403, body: { message: 'no' } });
    const lookup = await lookUp(github, 'dan', { repositories: { 'payments-api': 'write' } });
    expect(roleIn(github, lookup, 'payments-api')).toBeUndefined();
    expect(paths(github).some((path) => path.startsWith('/repositories/'))).toBe(false);
  });

  test('two people of one repository cost one list', async () => {
    const github = await githubWithRepositories();
    const { port } = openSource(github);
    const listing = (await port.listOrg('acme', MIRRORED)) as CompleteListing;
    github.requests.length = 0;
    const people = ['dan', 'guest'].map((login) => ({
      id: userOf(github.world, login).id as GitHubId,
      logins: [],
    }));
    await port.lookUp(people, [listing]);
    const list = `/repositories/${idOf(github, 'payments-api')}/collaborators`;
    expect(paths(github).filter((path) => path === list)).toHaveLength(1);
  });
});

describe('the only direct collaborator of a repository, who was removed', () => {
  /** `ben` was added to `handbook`, alone; as a member he may read everything. */
  const removed = async (stake: Level | undefined, fault?: (github: GitHubEmulator) => void) => {
    const github = await githubWithRepositories();
    // Not in the team that is admin of it.
    removeTeamMember(github.world, 'acme', 'core', 'ben');
    setCollaborator(github.world, 'acme', 'handbook', 'ben', 'maintain');
    const lookup = await lookUp(github, 'ben', stake ? { repositories: { handbook: stake } } : {}, () => {
      setCollaborator(github.world, 'acme', 'handbook', 'ben', undefined);
      fault?.(github);
    });
    return roleIn(github, lookup, 'handbook');
  };
  const withoutGraphQL = (github: GitHubEmulator) =>
    answer(github, ({ path }) => path === '/graphql', { status: 403, body: { message: 'no' } });

  test.each(LEVELS.map((level) => [level, level === 'read' ? 'unproven' : 'absent'] as const))(
    'held %s at least, may read in other ways, and GitHub does not name them: %s',
    async (level, outcome) => {
      expect(await removed(level, withoutGraphQL)).toBe(outcome);
    },
  );

  test.each(['read', undefined] as const)(
    'held %s: GitHub names the ways, and this is none of them',
    async (stake) => {
      expect(await removed(stake)).toBe('absent');
    },
  );

  const source = (name: string) => ({ source: { __typename: name } });
  const edge = (github: GitHubEmulator, permissionSources: unknown, login = 'ben') => ({
    node: { databaseId: userOf(github.world, login).id },
    permissionSources,
  });
  test.each<readonly [string, (github: GitHubEmulator) => readonly unknown[], boolean]>([
    ['other ways alone', (github) => [edge(github, [source('Organization'), source('Team')])], true],
    ['the repository too', (github) => [edge(github, [source('Organization'), source('Repository')])], false],
    ['something new', (github) => [edge(github, [source('Enterprise')])], false],
    ['no ways', (github) => [edge(github, [])], false],
    ['none, for lack of rights', (github) => [edge(github, null)], false],
    ["somebody else's", (github) => [edge(github, [source('Team')], 'ann')], false],
    ['nobody', () => [], false],
  ])('GitHub names %s', async (_, edges, isProof) => {
    const outcome = await removed('read', (github) => {
      const repository = { databaseId: idOf(github, 'handbook'), collaborators: { edges: edges(github) } };
      answer(github, ({ path }) => path === '/graphql', { status: 200, body: { data: { repository } } });
    });
    expect(outcome).toBe(isProof ? 'absent' : 'unproven');
  });

  test.each<readonly [string, (github: GitHubEmulator) => void]>([
    ['the question is not answered', (github) => answer(github, ({ path }) => path.endsWith('/permission'))],
    [
      'the answer is about somebody else',
      ({ world, faults }) =>
        faults.push({
          match: ({ path }) => path.endsWith('/permission'),
          do: {
            kind: 'answer',
            status: 200,
            body: { permission: 'none', role_name: '', user: userOf(world, 'ann') },
          },
        }),
    ],
  ])('nothing is proven where %s', async (_, fault) => {
    expect(await removed('admin', fault)).toBe('unproven');
  });

  test('someone who has lost all access', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    addMember(world, 'acme', { login: 'solo' });
    setCollaborator(world, 'acme', 'handbook', 'solo', 'read');
    const gone = () => removeMember(world, 'acme', 'solo');
    const lookup = await lookUp(github, 'solo', { repositories: { handbook: 'read' } }, gone);
    expect(roleIn(github, lookup, 'handbook')).toBe('absent');
  });
});

describe('a repository that no longer answers', () => {
  const stake = { repositories: { 'payments-api': 'write' } } as const;

  test('because it was deleted: no one has a role in it', async () => {
    const github = await githubWithRepositories();
    const gone = () => deleteRepository(github.world, 'acme', 'payments-api');
    expect(roleIn(github, await lookUp(github, 'guest', stake, gone), 'payments-api')).toBe('absent');
  });

  test.each<readonly [string, (github: GitHubEmulator) => void]>([
    [
      'because nothing private does',
      (github) => answer(github, ({ path }) => path.startsWith('/repositories/')),
    ],
    [
      'though the repository itself does',
      (github) => answer(github, ({ path }) => path.endsWith('/collaborators')),
    ],
    [
      'because the credentials may not list it',
      (github) =>
        answer(github, ({ path }) => path.endsWith('/collaborators'), {
          status: 403,
          body: { message: 'no' },
        }),
    ],
  ])('%s: nothing is proven, and the rest of the person is clear', async (_, fault) => {
    const github = await githubWithRepositories();
    const lookup = await lookUp(github, 'guest', stake, () => fault(github));
    expect(roleIn(github, lookup, 'payments-api')).toBe('unproven');
  });

  test('because GitHub is down: the person is unclear', async () => {
    const github = await githubWithRepositories();
    const down = () =>
      answer(github, ({ path }) => path.endsWith('/collaborators'), { status: 502, body: {} });
    expect((await lookUp(github, 'guest', stake, down)).kind).toBe('unclear');
  });
});

describe('a team whose repositories are mirrored', () => {
  test('is looked up where the person is listed, and where they can lose something', async () => {
    const github = await githubWithRepositories();
    const lookup = await lookUp(github, 'ann', { teams: [refOf(github, 'empty')] });
    expect(teamRole(github, lookup, refOf(github, 'platform'))).toBe('member');
    expect(teamRole(github, lookup, refOf(github, 'empty'))).toBe('absent');
    expect(teamRole(github, lookup, refOf(github, 'core'))).toBeUndefined();
    expect(paths(github).filter((path) => path.includes('/memberships/'))).toHaveLength(3);
  });

  test('that the person left or joined since the listing', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    const change = () => {
      removeTeamMember(world, 'acme', 'platform', 'ann');
      addTeamMember(world, 'acme', 'empty', 'ann');
    };
    const lookup = await lookUp(github, 'ann', { teams: [refOf(github, 'empty')] }, change);
    expect(teamRole(github, lookup, refOf(github, 'platform'))).toBe('absent');
    expect(teamRole(github, lookup, refOf(github, 'empty'))).toBe('member');
  });

  test('of the enterprise is looked up by its slug', async () => {
    const github = await githubWithRepositories({ enterpriseTeamById: 'notFound' });
    const ref = refOf(github, 'ent:contractors');
    expect(teamRole(github, await lookUp(github, 'cat'), ref)).toBe('member');
  });

  test('that was created since the listing, then deleted: it has no members', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    const { id } = addTeam(world, 'acme', { slug: 'gone', members: ['ann'] });
    orgOf(world, 'acme').teams.delete(id);
    const lookup = await lookUp(github, 'ann', { teams: [`#${id}`] });
    expect(teamRole(github, lookup, `#${id}`)).toBe('absent');
    const blind = () => answer(github, ({ path }) => path === '/orgs/acme/teams');
    expect((await lookUp(github, 'ann', { teams: [`#${id}`] }, blind)).kind).toBe('unclear');
  });

  test('has no members who left the organization', async () => {
    const github = await githubWithRepositories();
    const ref = refOf(github, 'platform');
    const lookup = await lookUp(github, 'ann', { teams: [ref] }, () =>
      removeMember(github.world, 'acme', 'ann'),
    );
    expect(teamRole(github, lookup, ref)).toBe('absent');
    expect(roleIn(github, lookup, 'payments-api')).toBe('absent');
  });
});

test('an archived repository that was listed before still shows its collaborators', async () => {
  const github = await githubWithRepositories();
  const archive = () => changeRepository(github.world, 'acme', 'payments-api', { archived: true });
  expect(roleIn(github, await lookUp(github, 'guest', {}, archive), 'payments-api')).toBe('writer');
});
