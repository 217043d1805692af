import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addOutsideCollaborator,
  addToken,
  addUser,
  deleteUser,
  githubWorld,
  OWNER_TOKEN,
  orgOf,
  removeMember,
  renameOrg,
  renameUser,
  userOf,
} from '../../../src/demo/github/github.ts';
import { github, logins, runGitHub, send } from './running.ts';

/** `acme` with an owner, five concealed members, one public one, one invitation, and tokens of all sorts. */
function acme() {
  const world = githubWorld();
  for (const login of ['ann', 'ben', 'cat', 'dan', 'eve']) addMember(world, 'acme', { login });
  addMember(world, 'acme', { login: 'pub', public: true });
  addMember(world, 'acme', { login: 'invited', state: 'pending' });
  const { id: outsider } = addUser(world, 'outsider');
  addToken(world, 'ghp_outsider', { kind: 'pat', userId: outsider, scopes: ['read:org'] });
  addToken(world, 'ghp_member', { kind: 'pat', userId: userOf(world, 'ann').id, scopes: ['read:org'] });
  addToken(world, 'ghp_narrow', { kind: 'pat', userId: userOf(world, 'owner').id, scopes: ['repo'] });
  addToken(world, 'ghs_actions', { kind: 'actions' });
  const orgId = orgOf(world, 'acme').id;
  addToken(world, 'ghs_app', { kind: 'installation', orgId, permissions: { members: 'read' } });
  addToken(world, 'ghs_blind', { kind: 'installation', orgId, permissions: { metadata: 'read' } });
  return world;
}

describe('GET /orgs/{org}/members', () => {
  test('shows a member everybody but the invited, without the role, by id', async () => {
    const { status, body } = await github(await runGitHub(acme()), '/orgs/ACME/members');
    expect(status).toBe(200);
    expect(logins(body)).toEqual(['owner', 'ann', 'ben', 'cat', 'dan', 'eve', 'pub']);
    expect(body[0]).toMatchObject({ type: 'User', site_admin: false });
    expect(body[0]).not.toHaveProperty('role');
  });

  test.each([
    ['admin', ['owner']],
    ['member', ['ann', 'ben', 'cat', 'dan', 'eve', 'pub']],
    ['all', ['owner', 'ann', 'ben', 'cat', 'dan', 'eve', 'pub']],
  ])('filters by role=%s', async (role, expected) => {
    const { body } = await github(await runGitHub(acme()), `/orgs/acme/members?role=${role}`);
    expect(logins(body)).toEqual(expected);
  });

  test('refuses a role that there is not', async () => {
    expect((await github(await runGitHub(acme()), '/orgs/acme/members?role=owner')).status).toBe(422);
  });

  test.each([['ghp_outsider'], ['ghp_narrow'], [null]])(
    'shows %s the public members only, with 200',
    async (token) => {
      const { status, body } = await github(await runGitHub(acme()), '/orgs/acme/members', token);
      expect(status).toBe(200);
      expect(logins(body)).toEqual(['pub']);
    },
  );

  test.each(['ghs_actions', 'ghs_blind'])(
    'is closed to %s, or shows the public, as the switch says',
    async (token) => {
      const emulator = await runGitHub(acme());
      expect(await github(emulator, '/orgs/acme/members', token)).toMatchObject({
        status: 403,
        body: { message: 'Resource not accessible by integration' },
      });
      emulator.switches.withoutPermission = 'publicOnly';
      expect(logins((await github(emulator, '/orgs/acme/members', token)).body)).toEqual(['pub']);
    },
  );

  test('shows everybody to an App that may read members, and to one of another organization the public', async () => {
    const world = acme();
    const other = addOrg(world, 'other');
    addToken(world, 'ghs_other', { kind: 'installation', orgId: other.id, permissions: { members: 'read' } });
    const emulator = await runGitHub(world);
    expect((await github(emulator, '/orgs/acme/members', 'ghs_app')).body).toHaveLength(7);
    expect((await github(emulator, '/orgs/acme/members', 'ghs_other')).body).toHaveLength(1);
  });

  test('keeps suspended people in the list', async () => {
    const world = acme();
    world.users.set(userOf(world, 'ann').id, { ...userOf(world, 'ann'), suspended: true });
    const emulator = await runGitHub(world);
    expect(logins((await github(emulator, '/orgs/acme/members')).body)).toContain('ann');
    expect((await github(emulator, '/users/ann')).body.suspended_at).toBeTypeOf('string');
  });

  test('follows changes of the world', async () => {
    const world = acme();
    const emulator = await runGitHub(world);
    const list = async () => logins((await github(emulator, '/orgs/acme/members?role=member')).body);
    expect(await list()).toContain('ann');
    removeMember(world, 'acme', 'ann');
    addMember(world, 'acme', { login: 'ben', role: 'admin' });
    renameUser(world, 'cat', 'catherine');
    deleteUser(world, 'dan');
    expect(await list()).toEqual(['catherine', 'eve', 'pub']);
  });
});

describe('pages', () => {
  function crowd() {
    const world = githubWorld();
    for (let index = 1; index < 250; index += 1) addMember(world, 'acme', { login: `m${index}` });
    return world;
  }

  test('hold 30 by default and 100 at most', async () => {
    const emulator = await runGitHub(crowd());
    const length = async (query: string) =>
      (await github(emulator, `/orgs/acme/members${query}`)).body.length;
    expect(await length('')).toBe(30);
    expect(await length('?per_page=7')).toBe(7);
    expect(await length('?per_page=1000')).toBe(100);
    expect(await length('?per_page=100&page=3')).toBe(50);
    expect(await length('?per_page=100&page=4')).toBe(0);
    expect(await length('?per_page=none&page=-1')).toBe(30);
  });

  test('lead on by the Link header, to the paths by id', async () => {
    const world = crowd();
    const emulator = await runGitHub(world);
    const { id } = orgOf(world, 'acme');
    const links = async (query: string) =>
      (await github(emulator, `/orgs/acme/members${query}`)).headers.get('link')?.split(', ') ?? [];
    const link = (page: number, relation: string) =>
      `<${emulator.url}/organizations/${id}/members?role=all&per_page=100&page=${page}>; rel="${relation}"`;
    expect(await links('?role=all&per_page=100')).toEqual([link(2, 'next'), link(3, 'last')]);
    expect(await links('?role=all&per_page=100&page=2')).toEqual([
      link(1, 'prev'),
      link(3, 'next'),
      link(3, 'last'),
      link(1, 'first'),
    ]);
    expect(await links('?role=all&per_page=100&page=3')).toEqual([link(2, 'prev'), link(1, 'first')]);
    expect(await links('?role=admin')).toEqual([]);
    expect((await github(emulator, `/organizations/${id}/members?per_page=100&page=3`)).body).toHaveLength(
      50,
    );
    emulator.switches.linkPaths = 'asRequested';
    expect((await links('?page=2'))[0]).toContain('/orgs/acme/members?page=1');
  });
});

describe('GET /orgs/{org}/memberships/{login}', () => {
  test('tells the state and the role, without regard to case', async () => {
    const emulator = await runGitHub(acme());
    expect(await github(emulator, '/orgs/acme/memberships/OWNER', 'ghp_member')).toMatchObject({
      status: 200,
      body: { state: 'active', role: 'admin', user: { login: 'owner' }, organization: { login: 'acme' } },
    });
    expect((await github(emulator, '/orgs/acme/memberships/invited')).body.state).toBe('pending');
    expect((await github(emulator, '/orgs/acme/memberships/ann', 'ghs_app')).body.role).toBe('member');
  });

  test('answers 404 for whom is no member, and for nobody at all', async () => {
    const emulator = await runGitHub(acme());
    expect((await github(emulator, '/orgs/acme/memberships/outsider')).status).toBe(404);
    expect((await github(emulator, '/orgs/acme/memberships/nobody')).status).toBe(404);
  });

  test.each(['ghp_outsider', 'ghp_narrow', 'ghs_actions', 'ghs_blind', null])(
    'answers %s with 403',
    async (token) => {
      expect((await github(await runGitHub(acme()), '/orgs/acme/memberships/owner', token)).status).toBe(403);
    },
  );
});

describe('GET /orgs/{org}/members/{login}', () => {
  test('answers 204 and 404 to a member, and sends others to the public members', async () => {
    const emulator = await runGitHub(acme());
    const status = async (login: string, token?: string) =>
      (await github(emulator, `/orgs/acme/members/${login}`, token)).status;
    expect(await status('ann')).toBe(204);
    expect(await status('invited')).toBe(404);
    expect(await status('outsider')).toBe(404);
    expect(await status('ann', 'ghs_actions')).toBe(403);
    const away = await github(emulator, '/orgs/acme/members/ann', 'ghp_outsider');
    expect(away.status).toBe(302);
    expect(away.headers.get('location')).toBe(`${emulator.url}/orgs/acme/public_members/ann`);
    const follow = async (login: string) =>
      (await send(emulator, 'GET', `/orgs/acme/members/${login}`, { redirect: 'follow' })).status;
    expect(await follow('ann')).toBe(404);
    expect(await follow('pub')).toBe(204);
  });
});

describe('people', () => {
  test('are found by id under the login they have today', async () => {
    const world = acme();
    const emulator = await runGitHub(world);
    const { id } = userOf(world, 'ann');
    expect((await github(emulator, `/user/${id}`)).body.login).toBe('ann');
    renameUser(world, 'ann', 'anna');
    const claimer = addUser(world, 'ann');
    expect((await github(emulator, `/user/${id}`)).body.login).toBe('anna');
    expect((await github(emulator, '/users/ANN')).body.id).toBe(claimer.id);
    expect((await github(emulator, '/user/1')).status).toBe(404);
    expect((await github(emulator, '/users/nobody')).status).toBe(404);
    expect(() => renameUser(world, 'anna', 'Ann')).toThrow('taken');
  });

  test('know themselves, by a PAT only', async () => {
    const emulator = await runGitHub(acme());
    expect((await github(emulator, '/user')).body.login).toBe('owner');
    expect((await github(emulator, '/user')).headers.get('x-oauth-scopes')).toBe('read:org');
    expect((await github(emulator, '/user', 'ghs_app')).status).toBe(403);
    expect((await github(emulator, '/user', null)).status).toBe(401);
  });

  test('outside the organization are listed to owners and Apps', async () => {
    const world = acme();
    addOutsideCollaborator(world, 'acme', 'helper');
    const emulator = await runGitHub(world);
    const get = (token?: string) => github(emulator, '/orgs/acme/outside_collaborators', token);
    expect(logins((await get()).body)).toEqual(['helper']);
    expect(logins((await get('ghs_app')).body)).toEqual(['helper']);
    expect((await get('ghp_member')).status).toBe(403);
    expect((await get('ghp_outsider')).status).toBe(404);
    expect((await get('ghs_blind')).status).toBe(403);
  });
});

describe('organizations', () => {
  test('keep their id when they are renamed, and their name may be taken by an impostor', async () => {
    const world = acme();
    const emulator = await runGitHub(world);
    const { id } = (await github(emulator, '/orgs/Acme')).body;
    renameOrg(world, 'acme', 'acme-corp');
    expect((await github(emulator, '/orgs/acme')).status).toBe(404);
    expect((await github(emulator, '/orgs/acme-corp')).body.id).toBe(id);
    const impostor = addOrg(world, 'acme');
    expect((await github(emulator, '/orgs/acme')).body.id).toBe(impostor.id);
    expect(impostor.id).not.toBe(id);
  });

  test('with single sign-on want a PAT that is authorised', async () => {
    const world = acme();
    orgOf(world, 'acme').samlSsoUrl = 'https://github.com/orgs/acme/sso?authorization_request=A';
    const emulator = await runGitHub(world);
    const refused = await github(emulator, '/orgs/acme/members');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('x-github-sso')).toBe(
      'required; url=https://github.com/orgs/acme/sso?authorization_request=A',
    );
    const { id: userId } = userOf(world, 'owner');
    addToken(world, OWNER_TOKEN, { kind: 'pat', userId, scopes: ['read:org'], ssoAuthorized: true });
    expect((await github(emulator, '/orgs/acme/members')).body).toHaveLength(7);
    expect((await github(emulator, '/orgs/acme/members', 'ghs_app')).body).toHaveLength(7);
  });
});

describe('requests', () => {
  test('with a wrong token, or a token that is none, are refused wherever they go', async () => {
    const emulator = await runGitHub();
    for (const authorization of ['Bearer wrong', 'Basic abc', 'token']) {
      const { status, body } = await github(emulator, '/orgs/acme', null, { authorization });
      expect([status, body.message]).toEqual([401, 'Bad credentials']);
    }
    expect(
      (await github(emulator, '/orgs/acme', null, { authorization: `token ${OWNER_TOKEN}` })).status,
    ).toBe(200);
  });

  test('need a user agent', async () => {
    const emulator = await runGitHub();
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(`${emulator.url}/orgs/acme`, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(403);
  });

  test('with a wrong method or to an unknown path get 404', async () => {
    const emulator = await runGitHub();
    expect((await send(emulator, 'POST', '/orgs/acme/members', { token: OWNER_TOKEN })).status).toBe(404);
    expect((await github(emulator, '/orgs/acme/')).status).toBe(404);
    expect((await github(emulator, '/users/%E0%A4%A')).status).toBe(404);
    expect((await github(emulator, '/orgs/nothing')).body.message).toBe('Not Found');
    expect((await github(emulator, '/')).status).toBe(200);
    expect((await github(emulator, '/meta')).status).toBe(200);
  });
});
