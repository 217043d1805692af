import { describe, expect, test } from 'vitest';
import type { FaultAnswer, FaultRequest } from '../../src/demo/faults.ts';
import {
  addMember,
  addOrg,
  addRepository,
  addTeam,
  addToken,
  changeRepository,
  deleteRepository,
  type GitHubEmulator,
  OWNER_TOKEN,
  orgOf,
  renameRepository,
  repositoryOf,
  setBasePermission,
  setTeamRole,
  teamOf,
  transferRepository,
  userOf,
} from '../../src/demo/github/github.ts';
import type { OrgId } from '../../src/model/identity.ts';
import type { CompleteListing } from '../../src/model/member.ts';
import { type LinkLoss, linkLossId } from '../../src/model/repositories/facts.ts';
import { openSource } from '../support/adapters.ts';
import { githubWithRepositories, MIRRORED } from '../support/repositories.ts';

/** Loses something, then lists the organization and asks about the losses. */
async function confirm(
  github: GitHubEmulator,
  losses: readonly LinkLoss[],
  before: () => void = () => undefined,
): Promise<readonly string[]> {
  const { port } = openSource(github);
  const listing = (await port.listOrg('acme', MIRRORED)) as CompleteListing;
  before();
  const answers = await port.confirmLinkLosses?.(losses, [listing]);
  return losses.map((loss) => {
    const answer = answers?.get(linkLossId(loss));
    return answer?.kind === 'unclear' ? `unclear: ${answer.why}` : String(answer?.kind);
  });
}

const orgId = ({ world }: GitHubEmulator): OrgId => orgOf(world, 'acme').id as OrgId;
const repository = (github: GitHubEmulator, name = 'payments-api'): LinkLoss => ({
  kind: 'repository',
  org: orgId(github),
  id: repositoryOf(github.world, 'acme', name).id,
});
const team = (github: GitHubEmulator, slug: string): LinkLoss => ({
  kind: 'team',
  org: orgId(github),
  id: teamOf(github.world, 'acme', slug).id,
});
const access = (github: GitHubEmulator, slug: string, name: string, role: string): LinkLoss => ({
  kind: 'access',
  org: orgId(github),
  team: teamOf(github.world, 'acme', slug).id,
  repository: repositoryOf(github.world, 'acme', name).id,
  role,
});

const answer = (
  github: GitHubEmulator,
  match: (request: FaultRequest) => boolean,
  with_: FaultAnswer = { status: 404, body: { message: 'Not Found' } },
) => github.faults.push({ match, do: { kind: 'answer', ...with_ } });

describe('a repository', () => {
  test.each<readonly [string, (github: GitHubEmulator) => void, string]>([
    ['is still there', () => undefined, 'holds'],
    ['was renamed', ({ world }) => renameRepository(world, 'acme', 'payments-api', 'billing'), 'holds'],
    [
      'was archived',
      ({ world }) => changeRepository(world, 'acme', 'payments-api', { archived: true }),
      'absent',
    ],
    [
      'went to another organization that the credentials see',
      ({ world }) => {
        addOrg(world, 'labs');
        addMember(world, 'labs', { login: 'owner', role: 'admin' });
        transferRepository(world, 'acme', 'payments-api', 'labs');
      },
      'absent',
    ],
    [
      'went to one that they do not see',
      ({ world }) => {
        addOrg(world, 'labs');
        transferRepository(world, 'acme', 'payments-api', 'labs');
      },
      'absent',
    ],
    ['was deleted', ({ world }) => deleteRepository(world, 'acme', 'payments-api'), 'absent'],
  ])('that %s', async (_, change, outcome) => {
    const github = await githubWithRepositories();
    const loss = repository(github);
    change(github);
    expect(await confirm(github, [loss])).toEqual([outcome]);
  });

  test('is requested individually, and its witnesses only after it was not found', async () => {
    const github = await githubWithRepositories();
    const losses = [repository(github)];
    deleteRepository(github.world, 'acme', 'payments-api');
    const { port } = openSource(github);
    const listing = (await port.listOrg('acme', MIRRORED)) as CompleteListing;
    const asked = github.requests.length;
    await port.confirmLinkLosses?.(losses, [listing]);
    const handbook = repositoryOf(github.world, 'acme', 'handbook').id;
    expect(github.requests.slice(asked).map(({ path }) => path)).toEqual([
      `/repositories/${losses[0]?.kind === 'repository' ? losses[0].id : 0}`,
      '/orgs/acme',
      '/orgs/acme/memberships/owner',
      `/repositories/${handbook}`,
    ]);
  });

  test.each<readonly [string, (github: GitHubEmulator) => void]>([
    [
      'when the owner is not found either',
      (github) => answer(github, ({ path }) => path.includes('/memberships/')),
    ],
    [
      'when no other private repository answers',
      (github) => {
        const { id } = repositoryOf(github.world, 'acme', 'handbook');
        const attic = repositoryOf(github.world, 'acme', 'attic').id;
        answer(github, ({ path }) => path === `/repositories/${id}` || path === `/repositories/${attic}`);
      },
    ],
    [
      'when the token lost its access to private repositories',
      ({ world }) => {
        const userId = userOf(world, 'owner').id;
        addToken(world, OWNER_TOKEN, { kind: 'pat', userId, scopes: ['read:org', 'admin:org'] });
      },
    ],
    [
      'when something in between answers 404',
      (github) =>
        answer(github, ({ path }) => path.startsWith('/repositories/'), {
          status: 404,
          body: '<h1>gone</h1>',
        }),
    ],
    [
      'when GitHub is down',
      (github) => answer(github, ({ path }) => path.startsWith('/repositories/'), { status: 500, body: {} }),
    ],
  ])('is kept %s', async (_, fault) => {
    const github = await githubWithRepositories();
    const loss = repository(github);
    deleteRepository(github.world, 'acme', 'payments-api');
    expect(await confirm(github, [loss], () => fault(github))).toEqual([
      expect.stringMatching(/^unclear: ./),
    ]);
  });

  test('is kept if the list of the run was incomplete', async () => {
    const github = await githubWithRepositories();
    const loss = repository(github);
    deleteRepository(github.world, 'acme', 'payments-api');
    answer(github, ({ path }) => path === '/orgs/acme/repos', { status: 403, body: { message: 'no' } });
    expect(await confirm(github, [loss])).toEqual([
      expect.stringMatching(/^unclear: the repositories of acme/),
    ]);
  });

  test('of an organization with only public ones needs no private witness', async () => {
    const github = await githubWithRepositories();
    const { world } = github;
    for (const name of ['payments-api', 'handbook', 'attic']) deleteRepository(world, 'acme', name);
    const { id } = addRepository(world, 'acme', { name: 'site', visibility: 'public' });
    deleteRepository(world, 'acme', 'site');
    expect(await confirm(github, [{ kind: 'repository', org: orgId(github), id }])).toEqual(['absent']);
  });
});

describe('the last repository of an organization', () => {
  const REPOSITORIES = ['payments-api', 'handbook', 'attic', 'next.js'];
  const empty = (github: GitHubEmulator): LinkLoss => {
    const loss = repository(github);
    for (const name of REPOSITORIES) deleteRepository(github.world, 'acme', name);
    return loss;
  };

  test('needs no other one: GitHub counts none', async () => {
    const github = await githubWithRepositories();
    expect(await confirm(github, [empty(github)])).toEqual(['absent']);
  });

  test.each<readonly [string, (github: GitHubEmulator) => void]>([
    [
      'does not say how many private ones it has',
      (github) => {
        github.switches.orgDetails = 'hidden';
      },
    ],
    [
      'has one that the list does not show',
      ({ world }) => void addRepository(world, 'acme', { name: 'new', visibility: 'private' }),
    ],
    [
      'has a public one that the list does not show',
      ({ world }) => void addRepository(world, 'acme', { name: 'site', visibility: 'public' }),
    ],
  ])('is kept where the organization %s', async (_, happens) => {
    const github = await githubWithRepositories();
    expect(await confirm(github, [empty(github)], () => happens(github))).toEqual([
      expect.stringMatching(/^unclear: GitHub shows no private repository/),
    ]);
  });
});

describe('a team', () => {
  test('that exists is kept, one that was deleted is gone', async () => {
    const github = await githubWithRepositories();
    addTeam(github.world, 'acme', { slug: 'gone' });
    const losses = [team(github, 'core'), team(github, 'gone')];
    orgOf(github.world, 'acme').teams.delete(teamOf(github.world, 'acme', 'gone').id);
    expect(await confirm(github, losses)).toEqual(['holds', 'absent']);
  });

  test("that can't be read by its id, but is listed, is kept", async () => {
    const github = await githubWithRepositories({ enterpriseTeamById: 'notFound' });
    expect(await confirm(github, [team(github, 'ent:contractors')])).toEqual(['holds']);
  });

  test('is kept when the teams can no longer be listed', async () => {
    const github = await githubWithRepositories();
    const { id } = addTeam(github.world, 'acme', { slug: 'gone' });
    orgOf(github.world, 'acme').teams.delete(id);
    const blind = () => answer(github, ({ path }) => path === '/orgs/acme/teams');
    expect(await confirm(github, [{ kind: 'team', org: orgId(github), id }], blind)).toEqual([
      expect.stringMatching(/^unclear: /),
    ]);
  });
});

describe("a team's role in a repository", () => {
  test('that still exists is kept; another one or none is proof', async () => {
    const github = await githubWithRepositories();
    const losses = [
      access(github, 'core', 'handbook', 'admin'),
      access(github, 'core', 'payments-api', 'writer'),
      access(github, 'empty', 'handbook', 'reader'),
      access(github, 'ent:contractors', 'next.js', 'custom_deployer_write'),
    ];
    expect(await confirm(github, losses)).toEqual(['holds', 'absent', 'absent', 'holds']);
  });

  test.each<readonly [string, (github: GitHubEmulator) => void]>([
    [
      'the repository does not answer either',
      (github) => answer(github, ({ path }) => path.startsWith('/repositories/')),
    ],
    [
      'the team does not answer either',
      (github) => answer(github, ({ path }) => path === '/orgs/acme/teams/core'),
    ],
    [
      'another team has the slug now',
      (github) =>
        answer(github, ({ path }) => path === '/orgs/acme/teams/core', { status: 200, body: { id: 1 } }),
    ],
    [
      'the repository has another name now',
      ({ world }) => renameRepository(world, 'acme', 'payments-api', 'billing'),
    ],
    [
      'GitHub does not say which role it has',
      (github) => answer(github, ({ path }) => path.includes('/teams/core/repos/'), { status: 204 }),
    ],
  ])('is kept when %s', async (_, fault) => {
    const github = await githubWithRepositories();
    const { world } = github;
    const loss = access(github, 'core', 'payments-api', 'maintainer');
    setTeamRole(world, 'acme', 'payments-api', 'core', undefined);
    setTeamRole(world, 'acme', 'payments-api', 'platform', undefined);
    expect(await confirm(github, [loss])).toEqual(['absent']);
    expect(await confirm(github, [loss], () => fault(github))).toEqual([expect.stringMatching(/^unclear: /)]);
  });

  test('is kept where its team was not listed', async () => {
    const github = await githubWithRepositories();
    const loss = { ...access(github, 'core', 'handbook', 'admin'), team: 1 } as LinkLoss;
    expect(await confirm(github, [loss])).toEqual([expect.stringMatching(/^unclear: its team/)]);
  });
});

test('the base permission is read again', async () => {
  const github = await githubWithRepositories();
  setBasePermission(github.world, 'acme', 'write');
  const losses = (['read', 'write'] as const).map(
    (base): LinkLoss => ({ kind: 'base', org: orgId(github), base }),
  );
  expect(await confirm(github, losses)).toEqual(['absent', 'holds']);
  const hide = () => {
    github.switches.orgDetails = 'hidden';
  };
  expect(await confirm(github, losses.slice(0, 1), hide)).toEqual([expect.stringMatching(/^unclear: /)]);
});

test('losses in an organization that was not read are not applied', async () => {
  const github = await githubWithRepositories();
  const elsewhere: LinkLoss = { kind: 'repository', org: 1 as OrgId, id: 5 };
  expect(await confirm(github, [elsewhere])).toEqual(['unclear: its organization was not read']);
});
