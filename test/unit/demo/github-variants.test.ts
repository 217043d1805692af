import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addTeam,
  addToken,
  githubWorld,
  OWNER_TOKEN,
  orgOf,
  renameOrg,
  teamOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import { github, logins, runGitHub, send } from './running.ts';

const slugs = (body: readonly { readonly slug: string }[]): string[] => body.map(({ slug }) => slug);

test('a gateway that drops the Link header leaves the pages as they are', async () => {
  const emulator = await runGitHub();
  for (let index = 0; index < 3; index += 1) addMember(emulator.world, 'acme', { login: `m${index}` });
  const first = '/orgs/acme/members?per_page=2';
  expect((await github(emulator, first)).headers.get('link')).toContain('rel="next"');
  emulator.switches.linkHeader = 'dropped';
  const { headers, body } = await github(emulator, first);
  expect(headers.get('link')).toBeNull();
  expect(body).toHaveLength(2);
  expect((await github(emulator, `${first}&page=2`)).body).toHaveLength(2);
});

test('a membership answers 404 for a while, then a gateway answers 404 with HTML', async () => {
  const emulator = await runGitHub();
  const isMembership = ({ path }: { readonly path: string }) => path.includes('/memberships/');
  const body = { message: 'Not Found', status: '404' };
  emulator.faults.push({ match: isMembership, times: 2, do: { kind: 'answer', status: 404, body } });
  const own = '/orgs/acme/memberships/owner';
  expect((await github(emulator, own)).body).toEqual(body);
  expect((await github(emulator, own)).status).toBe(404);
  expect((await github(emulator, own)).status).toBe(200);
  const gateway = {
    match: () => true,
    do: { kind: 'answer', status: 404, body: '<html>Not here</html>' },
  } as const;
  emulator.faults.push(gateway);
  const answer = await github(emulator, own);
  expect(answer.headers.get('content-type')).toContain('text/html');
  expect(answer.status).toBe(404);
  emulator.faults.splice(emulator.faults.indexOf(gateway), 1);
  expect((await github(emulator, own)).status).toBe(200);
});

describe('a renamed organization', () => {
  test('answers 404 under its old name, or 301 to its id, until a stranger registers that name', async () => {
    const world = githubWorld();
    const { id } = orgOf(world, 'acme');
    const emulator = await runGitHub(world);
    renameOrg(world, 'acme', 'acme-inc');
    expect((await github(emulator, '/orgs/acme/members')).status).toBe(404);
    emulator.switches.renamedOrgs = 'moved';
    const moved = await github(emulator, '/orgs/acme/members?role=admin');
    expect(moved.status).toBe(301);
    expect(moved.headers.get('location')).toBe(`${emulator.url}/organizations/${id}/members?role=admin`);

    addOrg(world, 'acme');
    addMember(world, 'acme', { login: 'stranger', role: 'admin', public: true });
    expect((await github(emulator, '/orgs/acme')).body.id).not.toBe(id);
    expect(logins((await github(emulator, '/orgs/acme/members')).body)).toEqual(['stranger']);
    expect((await github(emulator, '/orgs/acme-inc')).body.id).toBe(id);
  });

  test('can be renamed while a client reads it', async () => {
    const emulator = await runGitHub();
    let arrived = 0;
    emulator.onRequest = () => {
      arrived += 1;
      if (arrived === 2) renameOrg(emulator.world, 'acme', 'acme-inc');
    };
    expect((await github(emulator, '/orgs/acme')).status).toBe(200);
    expect((await github(emulator, '/orgs/acme/members')).status).toBe(404);
  });
});

describe('a managed user', () => {
  test('is visible alone to those who may see its organization; in listings to all who see these', async () => {
    const world = githubWorld();
    const { id } = addMember(world, 'acme', { login: 'mona_acme', id: 4000 });
    const setVisibleTo = (visibleTo: readonly number[]) =>
      world.users.set(id, { id, login: 'mona_acme', visibleTo });
    setVisibleTo([orgOf(world, 'acme').id]);
    addOrg(world, 'other');
    const foreigner = addMember(world, 'other', { login: 'foreigner', role: 'admin' });
    addToken(world, 'ghp_foreign', { kind: 'pat', userId: foreigner.id, scopes: ['read:org'] });
    const emulator = await runGitHub(world);
    for (const path of ['/user/4000', '/users/mona_acme']) {
      expect((await github(emulator, path)).status).toBe(200);
      expect((await github(emulator, path, 'ghp_foreign')).status).toBe(404);
      expect((await github(emulator, path, null)).status).toBe(404);
    }
    setVisibleTo([]);
    expect((await github(emulator, '/user/4000')).status).toBe(404);
    expect(logins((await github(emulator, '/orgs/acme/members')).body)).toContain('mona_acme');
    expect((await github(emulator, '/orgs/acme/memberships/mona_acme')).body.user.id).toBe(id);
  });
});

describe('enterprise teams', () => {
  function world() {
    const made = githubWorld();
    addMember(made, 'acme', { login: 'direct' });
    addMember(made, 'acme', { login: 'indirect', through: ['ent:contractors'] });
    addTeam(made, 'acme', { slug: 'platform', members: ['direct'] });
    addTeam(made, 'acme', { slug: 'ent:contractors', members: ['indirect'] });
    return made;
  }

  test('are listed with their type, which filters, and are found by slug and mostly by id', async () => {
    const emulator = await runGitHub(world());
    const list = async (query = '') => (await github(emulator, `/orgs/acme/teams${query}`)).body;
    expect(slugs(await list())).toEqual(['platform', 'ent:contractors']);
    expect(slugs(await list('?team_type=enterprise'))).toEqual(['ent:contractors']);
    expect(slugs(await list('?team_type=organization'))).toEqual(['platform']);
    expect((await github(emulator, '/orgs/acme/teams?team_type=some')).status).toBe(422);
    expect((await github(emulator, '/orgs/acme/teams/ent%3Acontractors')).body).toMatchObject({
      type: 'enterprise',
      members_count: 1,
      organization: { login: 'acme' },
    });
    const { id } = teamOf(emulator.world, 'acme', 'ent:contractors');
    const byId = `/organizations/${orgOf(emulator.world, 'acme').id}/team/${id}`;
    expect((await github(emulator, byId)).body.slug).toBe('ent:contractors');
    emulator.switches.enterpriseTeamById = 'notFound';
    expect((await github(emulator, `${byId}/members`)).status).toBe(404);
  });

  test('make indirect members, whom a listing may leave out and a membership never does', async () => {
    const emulator = await runGitHub(world());
    const members = async () => logins((await github(emulator, '/orgs/acme/members')).body);
    expect(await members()).toEqual(['owner', 'direct', 'indirect']);
    emulator.switches.indirectMembers = 'unlisted';
    expect(await members()).toEqual(['owner', 'direct']);
    expect((await github(emulator, '/orgs/acme/memberships/indirect')).body).toMatchObject({
      state: 'active',
      direct_membership: false,
      enterprise_teams_providing_indirect_membership: ['ent:contractors'],
    });
    expect((await github(emulator, '/orgs/acme/memberships/direct')).body.direct_membership).toBe(true);
  });
});

test('members of a team carry their role where the feature is enabled', async () => {
  const world = githubWorld();
  for (const login of ['lead', 'child']) addMember(world, 'acme', { login });
  addTeam(world, 'acme', { slug: 'platform', maintainers: ['lead'] });
  addTeam(world, 'acme', { slug: 'core', parent: 'platform', maintainers: ['child'] });
  const emulator = await runGitHub(world);
  const members = async () => (await github(emulator, '/orgs/acme/teams/platform/members')).body;
  expect(await members()).not.toContainEqual(expect.objectContaining({ inherited: expect.anything() }));
  emulator.switches.teamMemberRoles = true;
  expect(await members()).toMatchObject([
    { login: 'lead', role: 'maintainer', inherited: false },
    { login: 'child', role: 'member', inherited: true },
  ]);
});

test('a billing manager has a membership, and is no member', async () => {
  const world = githubWorld();
  addMember(world, 'acme', { login: 'payer', role: 'billing_manager', public: true });
  const emulator = await runGitHub(world);
  expect((await github(emulator, '/orgs/acme/memberships/payer')).body.role).toBe('billing_manager');
  expect((await github(emulator, '/orgs/acme/members/payer')).status).toBe(404);
  for (const query of ['', '?role=member', '?role=admin']) {
    expect(logins((await github(emulator, `/orgs/acme/members${query}`)).body)).not.toContain('payer');
  }
});

test('one asks for the own membership without knowing the own login; an App has none', async () => {
  const world = githubWorld();
  addToken(world, 'ghs_app', {
    kind: 'installation',
    orgId: orgOf(world, 'acme').id,
    permissions: { members: 'read' },
  });
  const emulator = await runGitHub(world);
  const own = '/user/memberships/orgs/acme';
  expect((await github(emulator, own)).body).toMatchObject({
    role: 'admin',
    user: { login: 'owner', id: userOf(world, 'owner').id },
    organization: { login: 'acme', id: orgOf(world, 'acme').id },
  });
  expect((await github(emulator, own, 'ghs_app')).status).toBe(403);
  expect((await github(emulator, own, null)).status).toBe(401);
});

test('a version of the API that does not exist is refused; the one in use is named', async () => {
  const emulator = await runGitHub();
  const ask = (version?: string) =>
    send(emulator, 'GET', '/orgs/acme', {
      token: OWNER_TOKEN,
      headers: version === undefined ? {} : { 'x-github-api-version': version },
    });
  expect((await ask('2022-11-28')).headers.get('x-github-api-version-selected')).toBe('2022-11-28');
  expect((await ask()).status).toBe(200);
  expect((await ask('1999-01-01')).status).toBe(400);
  emulator.switches.apiVersions = ['2026-03-10'];
  expect((await ask('2022-11-28')).status).toBe(410);
  expect(emulator.requests.map(({ headers }) => headers['x-github-api-version'])).toEqual([
    '2022-11-28',
    undefined,
    '1999-01-01',
    '2022-11-28',
  ]);
});

test('an IP allow list, and a missing permission, are named in the refusal', async () => {
  const world = githubWorld();
  const acme = orgOf(world, 'acme');
  addToken(world, 'ghs_blind', { kind: 'installation', orgId: acme.id, permissions: {} });
  const emulator = await runGitHub(world);
  const blind = await github(emulator, '/orgs/acme/members', 'ghs_blind');
  expect(blind.headers.get('x-accepted-github-permissions')).toBe('members=read');
  acme.ipAllowList = true;
  const refused = await github(emulator, '/orgs/acme/members');
  expect(refused.status).toBe(403);
  expect(refused.body.message).toContain('the `acme` organization has an IP allow list enabled');
});
