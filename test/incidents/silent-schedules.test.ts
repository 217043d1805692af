// koala73/worldmonitor#6203: a schedule that did nothing for want of a secret, and reported success every time.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addApp, addOrg, addToken, installApp, userOf } from '../../src/demo/github/github.ts';
import { agreedStage, reconcileJson, told } from '../support/agreement.ts';
import { emptyFolder } from '../support/program.ts';
import { type Stage, writes } from '../support/stage.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** As a step of a workflow: it is red, it says why where people look, and nothing was written. */
async function expectRed(
  stage: Stage,
  env: Readonly<Record<string, string>>,
  code: string,
  args: readonly string[] = reconcileJson(),
): Promise<string> {
  const before = stage.held();
  const folder = emptyFolder();
  const [GITHUB_OUTPUT, GITHUB_STEP_SUMMARY] = [join(folder, 'output'), join(folder, 'summary')];
  for (const file of [GITHUB_OUTPUT, GITHUB_STEP_SUMMARY]) writeFileSync(file, '');
  const ran = await stage.run(args, {
    env: { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, ...env },
  });
  expect({ code: ran.code, error: told(ran).error?.code }, ran.stderr).toEqual({ code: 1, error: code });
  expect(told(ran).error?.hint).toBeTruthy();
  expect(readFileSync(GITHUB_OUTPUT, 'utf8')).toContain('status=error');
  expect(readFileSync(GITHUB_STEP_SUMMARY, 'utf8')).toContain(code);
  expect(ran.stderr).toMatch(/^::error /m);
  expect(writes(stage.permit)).toBe(0);
  expect(stage.held()).toEqual(before);
  return ran.stderr;
}

describe('koala73/worldmonitor#6203: a schedule did nothing and reported success', () => {
  test.each([
    ['GH_TOKEN', { GH_TOKEN: '' }, 'GITHUB_AUTH'],
    ['GH_TOKEN and GITHUB_TOKEN', { GH_TOKEN: '', GITHUB_TOKEN: '' }, 'GITHUB_AUTH'],
    ['GH_TOKEN, as a blank,', { GH_TOKEN: ' \n' }, 'GITHUB_AUTH'],
    ['PERMIT_API_KEY', { PERMIT_API_KEY: '' }, 'PERMIT_AUTH'],
    ['GITHUB_APP_PRIVATE_KEY', { GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: '' }, 'GITHUB_AUTH'],
    ['GITHUB_APP_ID', { GITHUB_APP_ID: '', GITHUB_APP_PRIVATE_KEY: privateKey }, 'GITHUB_AUTH'],
  ])('worldmonitor#6203: the secret %s arrives empty', async (name, env, code) => {
    const stage = await agreedStage(10);
    const stderr = await expectRed(stage, env, code);
    for (const variable of name.match(/[A-Z_]{4,}/g) ?? []) expect(stderr).toContain(variable);
    expect(stage.github.requests.length).toBe(0);
  });

  test.each([
    ['empty', ''],
    ['a blank', ' '],
    ['a comma', ','],
  ])('worldmonitor#6203: GITHUB_ORG is %s', async (_, org) => {
    const stage = await agreedStage(10);
    const ran = await stage.run(reconcileJson(), { env: { GITHUB_ORG: org } });
    expect(ran.code, ran.stdout).toBe(1);
    expect(ran.stderr).toContain('GITHUB_ORG');
    expect(stage.github.requests.length).toBe(0);
  });

  test('worldmonitor#6203: an organization that lists nobody', async () => {
    const stage = await agreedStage(10);
    stage.github.faults.push({
      match: ({ path }) => path === '/orgs/acme/members',
      do: { kind: 'answer', status: 200, body: [] },
    });
    await expectRed(stage, {}, 'GITHUB_INCOMPLETE');
  });

  test('worldmonitor#6203: an empty organization, and an empty Permit', async () => {
    const stage = await agreedStage(1);
    stage.permit.world.users.clear();
    addOrg(stage.github.world, 'empty');
    await expectRed(stage, { GITHUB_ORG: 'empty' }, 'GITHUB_INCOMPLETE');
  });

  test('worldmonitor#6203: an organization that does not exist', async () => {
    await expectRed(await agreedStage(10), { GITHUB_ORG: 'amce' }, 'GITHUB_NOT_FOUND');
  });

  test('worldmonitor#6203: an App that is not installed', async () => {
    const stage = await agreedStage(10);
    addApp(stage.github.world, 77, publicKey);
    const env = { GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
    expect(await expectRed(stage, env, 'GITHUB_NOT_FOUND')).toContain('not installed');
  });

  test('worldmonitor#6203: an App that is installed elsewhere, or suspended', async () => {
    const stage = await agreedStage(10);
    const app = addApp(stage.github.world, 77, publicKey);
    addOrg(stage.github.world, 'elsewhere');
    installApp(stage.github.world, app, 'elsewhere');
    const env = { GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
    await expectRed(stage, env, 'GITHUB_NOT_FOUND');
    const installed = installApp(stage.github.world, app, 'acme');
    app.installations.set(installed.id, { ...installed, suspended: true });
    await expectRed(stage, env, 'GITHUB_AUTH');
  });

  test('worldmonitor#6203: a token that was revoked, and a Permit key that was', async () => {
    const stage = await agreedStage(10);
    await expectRed(stage, { GH_TOKEN: 'ghp_revoked' }, 'GITHUB_AUTH');
    await expectRed(stage, { PERMIT_API_KEY: 'permit_key_revoked' }, 'PERMIT_AUTH');
  });

  test('worldmonitor#6203: --user with a login that nobody has', async () => {
    await expectRed(await agreedStage(10), {}, 'USAGE', reconcileJson('--user', 'persom-0001'));
  });

  test('worldmonitor#6203: --config names a file that does not exist', async () => {
    await expectRed(await agreedStage(10), { GH_PERMIT_SYNC_CONFIG: 'gone.yaml' }, 'CONFIG_INVALID');
  });

  test('worldmonitor#6203: redeliver that finds no webhook is not a success either', async () => {
    const stage = await agreedStage(3);
    const { id } = userOf(stage.github.world, 'owner');
    addToken(stage.github.world, 'ghp_hooks', { kind: 'pat', userId: id, scopes: ['admin:org_hook'] });
    const { code, stderr } = await stage.run(['redeliver'], { env: { GH_TOKEN: 'ghp_hooks' } });
    expect(code).not.toBe(0);
    expect(stderr).not.toBe('');
  });
});
