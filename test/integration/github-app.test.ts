import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addApp,
  addMember,
  addOrg,
  addRepository,
  type GitHubApp,
  type GitHubEmulator,
  installApp,
  orgOf,
} from '../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY, permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { everyPrint, githubWithAcme, openSource, orgIdOf, thrownBy } from '../support/adapters.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { MIRRORED } from '../support/repositories.ts';

const newKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
const { publicKey, privateKey } = newKey();

type Stage = { readonly github: GitHubEmulator; readonly app: GitHubApp };

async function withApp(members = 250): Promise<Stage> {
  const github = await githubWithAcme({ owners: 2, members });
  return { github, app: addApp(github.world, 77, publicKey) };
}

const asApp = (
  { github }: Stage,
  more: { readonly installationId?: number; readonly privateKey?: string; readonly appId?: string } = {},
) =>
  openSource(github, {
    credentials: {
      kind: 'app',
      appId: more.appId ?? '77',
      privateKey: more.privateKey ?? privateKey,
      installationId: more.installationId,
    },
  }).source;

const asked = ({ github }: Stage): readonly string[] =>
  github.requests.map(({ method, path }) => `${method} ${path}`).filter((one) => /installation/.test(one));

describe('a GitHub App', () => {
  test('its installation is looked up, and one token is fetched for all requests', async () => {
    const stage = await withApp();
    const { id } = installApp(stage.github.world, stage.app, 'acme');
    const source = asApp(stage);
    const listing = await source.listOrg('acme');
    expect(listing.kind === 'complete' && listing.members.length).toBe(252);
    expect(asked(stage)).toEqual([
      'GET /orgs/acme/installation',
      `POST /app/installations/${id}/access_tokens`,
    ]);
    // After authentication the counts of CONTRACT §11 hold.
    expect(stage.github.requests.length - 2).toBe(1 + 3 + 2);

    const found = await source.lookUp([...orgOf(stage.github.world, 'acme').members.keys()][5] as GitHubId, [
      { org: 'acme', id: orgIdOf(stage.github.world) },
    ]);
    expect(found.kind).toBe('clear');
    expect(asked(stage)).toHaveLength(2);
  });

  test('a given installation id is not looked up', async () => {
    const stage = await withApp(3);
    const { id } = installApp(stage.github.world, stage.app, 'acme');
    expect((await asApp(stage, { installationId: id }).listOrg('acme')).kind).toBe('complete');
    expect(asked(stage)).toEqual([`POST /app/installations/${id}/access_tokens`]);
  });

  test('each organization has its own installation and token', async () => {
    const stage = await withApp(3);
    addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'lab-owner', role: 'admin' });
    const ids = ['acme', 'labs'].map((org) => installApp(stage.github.world, stage.app, org).id);
    const source = asApp(stage);
    const listings = await Promise.all(['acme', 'labs'].map((org) => source.listOrg(org)));
    expect(listings.map((one) => one.kind === 'complete' && one.members.length)).toEqual([5, 1]);
    expect(asked(stage).toSorted()).toEqual(
      [
        'GET /orgs/acme/installation',
        'GET /orgs/labs/installation',
        ...ids.map((id) => `POST /app/installations/${id}/access_tokens`),
      ].toSorted(),
    );
  });

  test('not installed in one organization of two: the other is read', async () => {
    const stage = await withApp(3);
    addOrg(stage.github.world, 'labs');
    installApp(stage.github.world, stage.app, 'acme');
    const source = asApp(stage);
    const [acme, labs] = await Promise.all(['acme', 'labs'].map((org) => source.listOrg(org)));
    expect(acme?.kind).toBe('complete');
    expect(labs).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_NOT_FOUND',
      message: expect.stringContaining('not installed in labs'),
    });
  });

  test.each([
    ['all repositories', undefined, []],
    ['selected repositories', ['api'], ['repositories']],
  ])('installed on %s, the repositories are read only if all are seen', async (_, names, unread) => {
    const stage = await withApp(3);
    const { world } = stage.github;
    addRepository(world, 'acme', { name: 'web', visibility: 'public' });
    const ids = names?.map((name) => addRepository(world, 'acme', { name, visibility: 'public' }).id);
    const permissions = { members: 'read', metadata: 'read', organization_custom_org_roles: 'read' };
    installApp(world, stage.app, 'acme', permissions, ids);
    expect(await asApp(stage).listOrg('acme', MIRRORED)).toMatchObject({
      kind: 'complete',
      unread: unread.map((kind) => ({ what: { kind }, message: expect.stringContaining('selected') })),
    });
  });

  test('an installation without the permission to read members', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme', { contents: 'read' });
    expect(await asApp(stage).listOrg('acme')).toMatchObject({
      kind: 'incomplete',
      hint: expect.stringContaining('Organization › Members: read'),
    });
  });

  test('an installation without the permission that is shown the public members', async () => {
    const stage = await withApp(3);
    stage.github.switches.withoutPermission = 'publicOnly';
    addMember(stage.github.world, 'acme', { login: 'owner', role: 'admin', public: true });
    installApp(stage.github.world, stage.app, 'acme', { contents: 'read' });
    expect(await asApp(stage).listOrg('acme')).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_INCOMPLETE',
    });
  });

  test('an installation id that does not exist names the setting', async () => {
    const stage = await withApp(3);
    const listing = await asApp(stage, { installationId: 4711 }).listOrg('acme');
    expect(listing).toMatchObject({ kind: 'incomplete', code: 'GITHUB_NOT_FOUND' });
    expect(JSON.stringify(listing)).toContain('GITHUB_APP_INSTALLATION_ID');
  });

  test('an App id that does not exist names the setting', async () => {
    const stage = await withApp(3);
    const error = await thrownBy(() => asApp(stage, { appId: '4711' }).listOrg('acme'));
    expect(error).toMatchObject({ code: 'GITHUB_AUTH', hint: expect.stringContaining('GITHUB_APP_ID') });
  });

  test('a key of another App is refused, and appears in no error', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    const other = newKey().privateKey;
    const error = await thrownBy(() => asApp(stage, { privateKey: other }).listOrg('acme'));
    expect(error).toMatchObject({
      code: 'GITHUB_AUTH',
      hint: expect.stringContaining('GITHUB_APP_PRIVATE_KEY'),
    });
    const body = other.split('\n')[3] ?? '';
    expect(body.length).toBeGreaterThan(20);
    expect(everyPrint(error)).not.toContain(body);
  });

  test('a text that is not a key is refused, and appears in no error', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    const privateKey = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0IHRleHQ=\n-----END PRIVATE KEY-----';
    const listing = await asApp(stage, { privateKey }).listOrg('acme');
    expect(listing.kind).toBe('incomplete');
    expect(everyPrint(listing)).not.toContain('c2VjcmV0');
    expect(stage.github.requests).toEqual([]);
  });

  test('the key format that GitHub generates (PKCS #1) is accepted', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    const pkcs1 = createPrivateKey(privateKey).export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(pkcs1).toContain('BEGIN RSA PRIVATE KEY');
    expect((await asApp(stage, { privateKey: pkcs1 }).listOrg('acme')).kind).toBe('complete');
  });

  test('a suspended installation', async () => {
    const stage = await withApp(3);
    const { id } = installApp(stage.github.world, stage.app, 'acme');
    const installation = stage.app.installations.get(id);
    if (installation) stage.app.installations.set(id, { ...installation, suspended: true });
    expect(await asApp(stage).listOrg('acme')).toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('suspended'),
    });
  });

  test('the token request that fails for a while is repeated; a reset of it loses nothing', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/access_tokens'),
      times: 2,
      do: { kind: 'answer', status: 503, body: '<html>' },
    });
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/access_tokens'),
      times: 1,
      do: { kind: 'reset', when: 'after' },
    });
    expect((await asApp(stage).listOrg('acme')).kind).toBe('complete');
  });

  test('the token appears in no error, even if GitHub repeats it', async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    const echo = { message: 'nothing here' };
    stage.github.faults.push({
      match: ({ path }) => path === '/orgs/acme',
      do: { kind: 'answer', status: 422, body: echo },
    });
    stage.github.onRequest = ({ headers }) => {
      if (/ghs_/.test(headers.authorization ?? '')) echo.message = `you sent ${headers.authorization}`;
    };
    const listing = await asApp(stage).listOrg('acme');
    const token = [...stage.github.world.tokens.keys()].find((one) => one.startsWith('ghs_')) ?? '?';
    expect(listing).toMatchObject({ kind: 'incomplete', message: expect.stringContaining('you sent') });
    expect(everyPrint(listing)).not.toContain(token);
  });

  test('the built program signs with the key that GitHub made, given as base64', {
    timeout: 30_000,
  }, async () => {
    const stage = await withApp(3);
    installApp(stage.github.world, stage.app, 'acme');
    const permit = await startPermitEmulator(permitWorld());
    onTestFinished(() => permit.close());
    const pkcs1 = createPrivateKey(privateKey).export({ type: 'pkcs1', format: 'pem' }).toString();
    const { code, stdout, stderr } = await runInThisProcess(['reconcile', '--output', 'json', '--verbose'], {
      env: {
        GITHUB_API_URL: stage.github.url,
        GITHUB_APP_ID: '77',
        GITHUB_APP_PRIVATE_KEY: Buffer.from(pkcs1).toString('base64'),
        GITHUB_ORG: 'acme',
        PERMIT_API_URL: permit.url,
        PERMIT_API_KEY: ENVIRONMENT_KEY,
      },
    });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(permit.world.users.size).toBe(5);
    const tokens = [...stage.github.world.tokens.keys()].filter((token) => token.startsWith('ghs_'));
    expect(tokens).toHaveLength(1);
    for (const secret of [...tokens, pkcs1.split('\n')[2] ?? '?', ENVIRONMENT_KEY])
      expect(stdout + stderr).not.toContain(secret);
  });
});
