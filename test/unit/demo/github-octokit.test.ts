import { createSign, generateKeyPairSync } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { describe, expect, test } from 'vitest';
import {
  addApp,
  addMember,
  addOrg,
  addTeam,
  appHookOf,
  deliver,
  deliveriesOf,
  deliveriesSettled,
  githubWorld,
  installApp,
  OWNER_TOKEN,
  orgOf,
  setAppHook,
} from '../../../src/demo/github/github.ts';
import { startTestReceiver } from '../../support/webhook-receiver.ts';
import { runGitHub, send } from './running.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
});
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function world() {
  const made = githubWorld();
  for (let index = 1; index < 150; index += 1) addMember(made, 'acme', { login: `m${index}` });
  addTeam(made, 'acme', { slug: 'platform', members: ['m1'] });
  return made;
}
function appWorld() {
  const made = world();
  const app = addApp(made, 4711, publicKey);
  return { made, app, installation: installApp(made, app, 'acme') };
}
const appOctokit = (baseUrl: string, installationId?: number, appId = 4711) =>
  new Octokit({
    baseUrl,
    log: silent,
    authStrategy: createAppAuth,
    auth: { appId, privateKey, ...(installationId === undefined ? {} : { installationId }) },
  });

describe('the real Octokit with a PAT', () => {
  test('pages through everything', async () => {
    const emulator = await runGitHub(world());
    const octokit = new Octokit({ baseUrl: emulator.url, auth: OWNER_TOKEN, log: silent });
    const members = await octokit.paginate(octokit.orgs.listMembers, {
      org: 'acme',
      role: 'member',
      per_page: 100,
    });
    expect(members).toHaveLength(149);
    const teams = await octokit.paginate(octokit.teams.list, { org: 'acme' });
    const people = await octokit.paginate(octokit.teams.listMembersInOrg, {
      org: 'acme',
      team_slug: 'platform',
    });
    expect([teams.length, people[0]?.login]).toEqual([1, 'm1']);
    expect(emulator.requests.map(({ path }) => path)).toContain(
      `/organizations/${orgOf(emulator.world, 'acme').id}/members`,
    );
  });

  test('reads a membership, an account by id, and errors', async () => {
    const emulator = await runGitHub(world());
    const octokit = new Octokit({ baseUrl: emulator.url, auth: OWNER_TOKEN, log: silent });
    const { data } = await octokit.orgs.getMembershipForUser({ org: 'acme', username: 'owner' });
    expect([data.role, data.state]).toEqual(['admin', 'active']);
    const { data: account } = await octokit.request('GET /user/{account_id}', {
      account_id: data.user?.id ?? 0,
    });
    expect(account.login).toBe('owner');
    await expect(octokit.orgs.get({ org: 'nothing' })).rejects.toMatchObject({ status: 404 });
    await expect(octokit.orgs.checkMembershipForUser({ org: 'acme', username: 'm1' })).resolves.toMatchObject(
      {
        status: 204,
      },
    );
  });
});

describe('the real Octokit as an App', () => {
  test('looks its installation up and lists with an installation token', async () => {
    const { made, installation } = appWorld();
    const emulator = await runGitHub(made);
    const { data } = await appOctokit(emulator.url).apps.getOrgInstallation({ org: 'acme' });
    expect(data.id).toBe(installation.id);
    const octokit = appOctokit(emulator.url, data.id);
    expect((await octokit.apps.getAuthenticated()).data?.id).toBe(4711);
    const members = await octokit.paginate(octokit.orgs.listMembers, { org: 'acme', per_page: 100 });
    expect(members).toHaveLength(150);
    const tokens = emulator.requests.filter(({ path }) => path.endsWith('/access_tokens'));
    expect(tokens.map(({ status }) => status)).toEqual([201]);
  });

  test('is refused where it is not installed, not known, or suspended', async () => {
    const { made, app, installation } = appWorld();
    const emulator = await runGitHub(made);
    await expect(appOctokit(emulator.url, 99).orgs.get({ org: 'acme' })).rejects.toMatchObject({
      status: 404,
    });
    const unknown = appOctokit(emulator.url, installation.id, 12);
    await expect(unknown.apps.getAuthenticated()).rejects.toMatchObject({ status: 404 });
    app.installations.set(installation.id, { ...installation, suspended: true });
    const suspended = appOctokit(emulator.url, installation.id);
    await expect(suspended.orgs.get({ org: 'acme' })).rejects.toMatchObject({ status: 403 });
    app.installations.clear();
    const lookup = appOctokit(emulator.url).apps.getOrgInstallation({ org: 'acme' });
    await expect(lookup).rejects.toMatchObject({ status: 404 });
  });

  test('gets a token with fewer permissions, never with more', async () => {
    const { made, installation } = appWorld();
    const emulator = await runGitHub(made);
    const path = `/app/installations/${installation.id}/access_tokens`;
    const make = (permissions: object) =>
      send(emulator, 'POST', path, { token: signed({}), body: { permissions } });
    expect((await make({ members: 'write' })).status).toBe(422);
    const { status, body } = await make({});
    expect([status, body.permissions]).toEqual([201, {}]);
    expect((await send(emulator, 'GET', '/orgs/acme/members', { token: body.token })).status).toBe(403);
  });

  test('has its token expire', async () => {
    const { made, installation } = appWorld();
    let now = Date.now();
    const emulator = await runGitHub(made, { tokenLifeMs: 1000, now: () => now });
    const path = `/app/installations/${installation.id}/access_tokens`;
    const { body } = await send(emulator, 'POST', path, { token: signed({}), body: {} });
    expect((await send(emulator, 'GET', '/orgs/acme/members', { token: body.token })).status).toBe(200);
    now += 1001;
    expect((await send(emulator, 'GET', '/orgs/acme/members', { token: body.token })).status).toBe(401);
  });
});

describe("an App's JSON web token", () => {
  const now = () => Math.floor(Date.now() / 1000);
  test.each([
    ['expired', { exp: now() - 1 }, 401, /numeric value/],
    ['too long', { exp: now() + 700 }, 401, /too far in the future/],
    ['from the future', { iat: now() + 120 }, 401, /'iat'/],
    ['without a time', { iat: undefined }, 401, /'iat'/],
    ['of nobody', { iss: 1 }, 404, /Integration not found/],
  ])('%s is refused', async (_name, claims, status, message) => {
    const { made } = appWorld();
    const got = await send(await runGitHub(made), 'GET', '/app', { token: signed(claims) });
    expect(got.status).toBe(status);
    expect(got.body.message).toMatch(message);
  });

  test('forged, unsigned or broken is refused; on other paths it is good for nothing', async () => {
    const { made } = appWorld();
    const emulator = await runGitHub(made);
    const get = async (token: string, path = '/app') => (await send(emulator, 'GET', path, { token })).status;
    expect(await get(signed({}))).toBe(200);
    expect(await get(signed({}, otherKey))).toBe(401);
    expect(await get(signed({}, privateKey, 'none'))).toBe(401);
    expect(await get('a.b.c')).toBe(401);
    expect(await get(signed({}), '/orgs/acme/members')).toBe(403);
    expect(await get(OWNER_TOKEN)).toBe(401);
  });
});

test('the webhook of an App hears of every organization, lists what failed, and sends it again', async () => {
  const { made, app, installation } = appWorld();
  const receiver = await startTestReceiver(503);
  setAppHook(made, app, { url: receiver.url, secret: 's' });
  const emulator = await runGitHub(made);
  addOrg(made, 'not-installed');
  expect(await deliver(made, 'not-installed', 'organization', { action: 'member_added' })).toEqual([]);
  await deliver(made, 'acme', 'organization', { action: 'member_added' }, { guid: 'g' });
  const token = signed({});
  const get = (path: string) => send(emulator, 'GET', path, { token });
  expect((await get('/app/hook/config')).body).toMatchObject({ url: receiver.url, secret: '********' });
  expect((await get('/app/hook/deliveries')).body).toMatchObject([
    { guid: 'g', status_code: 503, installation_id: installation.id },
  ]);
  receiver.status = 202;
  const [lost] = deliveriesOf(made, appHookOf(made, app) ?? { id: 0 });
  const attempts = `/app/hook/deliveries/${lost?.id}/attempts`;
  expect((await send(emulator, 'POST', attempts, { token })).status).toBe(202);
  await deliveriesSettled(made);
  expect((await get('/app/hook/deliveries?status=success')).body).toMatchObject([{ redelivery: true }]);
  expect((await get('/app/hook/deliveries?status=failure')).body).toHaveLength(1);
  expect((await get('/app/hook/deliveries?status=lost')).status).toBe(422);
  expect(receiver.received.map(({ headers }) => headers['x-github-hook-installation-target-type'])).toEqual([
    'integration',
    'integration',
  ]);
  expect((await send(emulator, 'GET', '/app/hook/deliveries', { token: OWNER_TOKEN })).status).toBe(401);
});

test('an App lists its installations, the suspended ones too', async () => {
  const { made, app, installation } = appWorld();
  addOrg(made, 'labs');
  const suspended = installApp(made, app, 'labs');
  app.installations.set(suspended.id, { ...suspended, suspended: true });
  const emulator = await runGitHub(made);
  expect((await send(emulator, 'GET', '/app/installations', { token: signed({}) })).body).toMatchObject([
    { id: installation.id, account: { login: 'acme', type: 'Organization' }, suspended_at: null },
    { id: suspended.id, account: { login: 'labs' }, suspended_at: expect.any(String) },
  ]);
});

const { privateKey: otherKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

function signed(claims: object, key = privateKey, alg = 'RS256'): string {
  const seconds = Math.floor(Date.now() / 1000);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { iss: '4711', iat: seconds - 30, exp: seconds + 500, ...claims };
  const head = `${encode({ alg, typ: 'JWT' })}.${encode(payload)}`;
  return `${head}.${createSign('RSA-SHA256').update(head).sign(key).toString('base64url')}`;
}
