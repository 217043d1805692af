import { expect, onTestFinished, test } from 'vitest';
import {
  addCustomRole,
  addHook,
  addMember,
  addOrg,
  addOrgRole,
  addRepository,
  addTeam,
  addToken,
  changeRepository,
  deleteRepository,
  deliveriesOf,
  deliveriesSettled,
  effectiveAccess,
  type GitHubEmulator,
  type GitHubSwitches,
  type GitHubWorld,
  githubWorld,
  mayReadRepositories,
  OWNER_TOKEN,
  orgOf,
  renameRepository,
  repositoryOf,
  setBasePermission,
  setCollaborator,
  setTeamRole,
  startGitHubEmulator,
  teamOf,
  transferRepository,
  userOf,
} from '../../../src/demo/github/github.ts';
import { judgeDelivery } from '../../../src/receiver/delivery.ts';
import { MIRRORED } from '../receiver/support.ts';
import { send } from './running.ts';

/** `acme` with teams `platform` and its child `core`, and a repository `api` that each way leads to. */
async function acme(switches: Partial<GitHubSwitches> = {}): Promise<GitHubEmulator> {
  const world = githubWorld();
  mayReadRepositories(world);
  for (const login of ['parent', 'child', 'plain', 'auditor', 'direct']) addMember(world, 'acme', { login });
  addMember(world, 'acme', { login: 'invited', state: 'pending' });
  addTeam(world, 'acme', { slug: 'platform', members: ['parent'] });
  addTeam(world, 'acme', { slug: 'core', parent: 'platform', members: ['child'] });
  addCustomRole(world, 'acme', { name: 'Deployer', base: 'write' });
  addOrgRole(world, 'acme', { name: 'all_repo_triage', base: 'triage', users: ['auditor'] });
  addRepository(world, 'acme', {
    name: 'api',
    teams: { platform: 'triage', core: 'write' },
    collaborators: { direct: 'Deployer', outsider: 'maintain' },
  });
  const emulator = await startGitHubEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

async function get(github: GitHubEmulator, path: string, token = OWNER_TOKEN, accept = 'application/json') {
  const headers = { 'user-agent': 'test', authorization: `Bearer ${token}`, accept };
  const answer = await fetch(github.url + path, { headers, redirect: 'manual' });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const rolesIn = (body: readonly { login: string; role_name: string }[]) =>
  Object.fromEntries(body.map(({ login, role_name }) => [login, role_name]));

const EFFECTIVE = {
  owner: 'admin',
  parent: 'triage',
  child: 'write',
  plain: 'read',
  auditor: 'triage',
  direct: 'Deployer',
  outsider: 'maintain',
};

test('everyone has the highest role from base permission, teams and their parents, roles and direct access', async () => {
  const github = await acme();
  const all = await get(github, '/repos/acme/api/collaborators?affiliation=all');
  expect(rolesIn(all.body)).toEqual(EFFECTIVE);
  const { world } = github;
  const access = effectiveAccess(orgOf(world, 'acme'), repositoryOf(world, 'acme', 'api'));
  expect(Object.fromEntries([...access].map(([id, role]) => [world.users.get(id)?.login, role]))).toEqual(
    EFFECTIVE,
  );
  setBasePermission(world, 'acme', 'write');
  const { id } = repositoryOf(world, 'acme', 'api');
  const now = await get(github, `/repositories/${id}/collaborators`);
  expect(rolesIn(now.body)).toEqual({ ...EFFECTIVE, parent: 'write', plain: 'write', auditor: 'write' });
  expect((await get(github, '/orgs/acme')).body).toMatchObject({
    default_repository_permission: 'write',
    owned_private_repos: 1,
  });
});

test('a team has its own role or that of a team above it, whichever is higher', async () => {
  const github = await acme();
  const { body } = await get(github, '/orgs/acme/teams/core/repos');
  expect(body).toMatchObject([
    { name: 'api', role_name: 'write', permissions: { push: true, admin: false } },
  ]);
  addRepository(github.world, 'acme', { name: 'web', teams: { platform: 'admin' } });
  const inherited = await get(github, '/orgs/acme/teams/core/repos');
  expect(inherited.body.map(({ name, role_name }: never) => [name, role_name])).toEqual([
    ['api', 'write'],
    ['web', 'admin'],
  ]);
  const path = '/orgs/acme/teams/core/repos/acme/web';
  expect(await get(github, path)).toEqual({ status: 204, body: undefined });
  const media = 'application/vnd.github.v3.repository+json';
  expect((await get(github, path, OWNER_TOKEN, media)).body).toMatchObject({ role_name: 'admin' });
  expect((await get(github, '/orgs/acme/teams/platform/repos/acme/nothing')).status).toBe(404);
});

test('an owner gives a team access to a repository, changes it and takes it', async () => {
  const github = await acme();
  addToken(github.world, 'ghp_parent', {
    ...{ kind: 'pat', userId: userOf(github.world, 'parent').id, scopes: ['repo', 'read:org'] },
  });
  const change = async (method: string, body?: object, token = OWNER_TOKEN) => {
    const path = '/orgs/acme/teams/core/repos/acme/api';
    const { status } = await send(github, method, path, { token, ...(body && { body }) });
    const { teams } = repositoryOf(github.world, 'acme', 'api');
    return [status, teams.get(teamOf(github.world, 'acme', 'core').id)];
  };
  expect(await change('PUT', { permission: 'pull' }, 'ghp_parent')).toEqual([403, 'write']);
  expect(await change('PUT', { permission: 'no-such-role' })).toEqual([422, 'write']);
  expect(await change('PUT', { permission: 'Deployer' })).toEqual([204, 'Deployer']);
  expect(await change('PUT')).toEqual([204, 'read']);
  expect(await change('DELETE')).toEqual([204, undefined]);
});

test('a renamed or transferred repository keeps its id, and its old name leads to it', async () => {
  const github = await acme();
  const { id } = repositoryOf(github.world, 'acme', 'api');
  renameRepository(github.world, 'acme', 'api', 'payments-api');
  expect(await get(github, '/repos/acme/api')).toMatchObject({
    status: 301,
    body: { url: `${github.url}/repositories/${id}` },
  });
  addOrg(github.world, 'labs');
  addMember(github.world, 'labs', { login: 'owner', role: 'admin' });
  transferRepository(github.world, 'acme', 'payments-api', 'labs');
  expect((await get(github, `/repositories/${id}`)).body).toMatchObject({ full_name: 'labs/payments-api' });
  expect((await get(github, '/orgs/acme/repos')).body).toEqual([]);
});

test('a credential sees what it may: a token without repo only public repositories, an App those it is installed on', async () => {
  const github = await acme();
  const { world } = github;
  const open = addRepository(world, 'acme', { name: 'open', visibility: 'public' });
  addToken(world, 'ghp_orgOnly', { kind: 'pat', userId: userOf(world, 'owner').id, scopes: ['read:org'] });
  const permissions = { members: 'read', metadata: 'read' };
  const orgId = orgOf(world, 'acme').id;
  addToken(world, 'ghs_some', { kind: 'installation', orgId, permissions, repositories: [] });
  for (const token of ['ghp_orgOnly', 'ghs_some']) {
    const { body } = await get(github, '/orgs/acme/repos', token);
    expect(body.map((one: { id: number }) => one.id)).toEqual([open.id]);
    expect((await get(github, '/repos/acme/api', token)).status).toBe(404);
  }
  expect((await get(github, '/orgs/acme', 'ghp_orgOnly')).body).not.toHaveProperty(
    'default_repository_permission',
  );
  expect((await get(github, '/repos/acme/open/collaborators', 'ghp_orgOnly')).status).toBe(403);
});

test('GraphQL counts direct collaborators, or says why not', async () => {
  const github = await acme();
  const { world } = github;
  const query = `query Q($org: String!, $first: Int!) { organization(login: $org) {
    repositories(first: $first) { nodes { databaseId collaborators(affiliation: DIRECT) { totalCount } }
    pageInfo { hasNextPage endCursor } } } }`;
  const count = async (token = OWNER_TOKEN) => {
    const answer = await fetch(`${github.url}/graphql`, {
      method: 'POST',
      headers: { 'user-agent': 'test', authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { org: 'acme', first: 100 } }),
    });
    return (await answer.json()) as { data?: { organization: unknown }; errors?: { type: string }[] };
  };
  const databaseId = repositoryOf(world, 'acme', 'api').id;
  expect((await count()).data?.organization).toMatchObject({
    repositories: { nodes: [{ databaseId, collaborators: { totalCount: 2 } }] },
  });
  addToken(world, 'ghp_plain', {
    ...{ kind: 'pat', userId: userOf(world, 'plain').id, scopes: ['read:org', 'repo'] },
  });
  expect(await count('ghp_plain')).toMatchObject({
    data: { organization: { repositories: { nodes: [{ databaseId, collaborators: null }] } } },
    errors: [{ type: 'FORBIDDEN' }],
  });
  github.switches.repositoryCounts = 10;
  expect(await count()).toMatchObject({ errors: [{ type: 'RESOURCE_LIMITS_EXCEEDED' }] });
});

/** Where nothing listens: what was sent is recorded all the same. */
const NOWHERE = 'http://127.0.0.1:9';

test.each<[string, (world: GitHubWorld) => void, readonly string[]]>([
  [
    'made, with its teams and people',
    (world) =>
      addRepository(world, 'acme', { name: 'web', teams: { core: 'read' }, collaborators: { ann: 'read' } }),
    ['repository created', 'team added_to_repository', 'member added'],
  ],
  ['renamed', (world) => renameRepository(world, 'acme', 'api', 'api.v2'), ['repository renamed']],
  [
    'archived',
    (world) => changeRepository(world, 'acme', 'api', { archived: true }),
    ['repository archived'],
  ],
  [
    'published',
    (world) => changeRepository(world, 'acme', 'api', { visibility: 'public' }),
    ['repository publicized'],
  ],
  [
    'shown to the enterprise',
    (world) => changeRepository(world, 'acme', 'api', { visibility: 'internal' }),
    [],
  ],
  ['deleted', (world) => deleteRepository(world, 'acme', 'api'), ['repository deleted']],
  [
    'given another role of a team',
    (world) => setTeamRole(world, 'acme', 'api', 'core', 'admin'),
    ['team edited'],
  ],
  ['given the same role of a team', (world) => setTeamRole(world, 'acme', 'api', 'core', 'write'), []],
  [
    'taken from a team',
    (world) => setTeamRole(world, 'acme', 'api', 'core', undefined),
    ['team removed_from_repository'],
  ],
  [
    'given another role of a person',
    (world) => setCollaborator(world, 'acme', 'api', 'direct', 'read'),
    ['member edited'],
  ],
  [
    'taken from a person',
    (world) => setCollaborator(world, 'acme', 'api', 'direct', undefined),
    ['member removed'],
  ],
])('webhooks hear of a repository that is %s, and the receiver understands it', async (_, change, sent) => {
  const { world } = await acme();
  const hook = addHook(world, 'acme', { url: NOWHERE });
  change(world);
  await deliveriesSettled(world);
  const deliveries = deliveriesOf(world, hook);
  expect(deliveries.map(({ event, action }) => `${event} ${action}`).sort()).toEqual([...sent].sort());
  for (const { event, payload } of deliveries) {
    const delivery = { id: 'one', event, payload: JSON.parse(payload), at: '2026-01-01T00:00:00Z' };
    expect(judgeDelivery(delivery, ['acme'], MIRRORED)).toMatchObject({
      kind: 'queue',
      entries: [{ org: 'acme', orgId: orgOf(world, 'acme').id, repository: delivery.payload.repository.id }],
    });
  }
});

test('both organizations hear of a transferred repository', async () => {
  const { world } = await acme();
  addOrg(world, 'labs');
  const hooks = ['acme', 'labs'].map((org) => addHook(world, org, { url: NOWHERE }));
  transferRepository(world, 'acme', 'api', 'labs');
  await deliveriesSettled(world);
  for (const hook of hooks) {
    const [sent, ...others] = deliveriesOf(world, hook);
    expect(others).toEqual([]);
    const delivery = { id: 'one', event: 'repository', payload: JSON.parse(sent?.payload ?? ''), at: '' };
    expect(judgeDelivery(delivery, ['acme', 'labs'], MIRRORED)).toMatchObject({
      entries: [{ org: 'labs' }, { org: 'acme', orgId: orgOf(world, 'acme').id }],
    });
  }
});
