import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  addApp,
  addHook,
  addOrg,
  deliver,
  deliveriesSettled,
  type GitHubHook,
  installApp,
  setAppHook,
} from '../../src/demo/github/github.ts';
import { runInThisProcess } from '../support/in-process.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { startTestReceiver } from '../support/webhook-receiver.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const AS_APP = { GH_TOKEN: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };
const RECEIVER = { GITHUB_WEBHOOK_SECRET: 'a-secret-that-nobody-guesses', REDIS_URL: 'redis://127.0.0.1:1' };

/** GitHub with an App that may read members and no webhooks of organizations, as most Apps. */
async function openAppStage(hook: Partial<GitHubHook> = {}) {
  const stage = await openStage();
  const { world } = stage.github;
  const receiver = await startTestReceiver();
  const app = addApp(world, 77, publicKey);
  installApp(world, app, 'acme', { members: 'read' });
  setAppHook(world, app, { url: `${receiver.url}/github-membership?key=s3cr3t`, secret: 's', ...hook });
  const lose = (guid: string, org = 'acme', event = 'organization') =>
    deliver(world, org, event, { action: 'member_added' }, { fate: 'lost', guid });
  const arrived = async () => {
    await deliveriesSettled(world);
    return receiver.received.map(({ headers }) => headers['x-github-delivery']);
  };
  return { stage, world, app, lose, arrived };
}

async function redeliver({ env }: Stage, ...args: string[]) {
  const ran = await runInThisProcess(['redeliver', ...args, '--output', 'json'], {
    env: { ...env, ...AS_APP },
  });
  return { code: ran.code, report: JSON.parse(ran.stdout) };
}

async function doctor({ env }: Stage, args: readonly string[] = [], more: Record<string, string> = {}) {
  const { stdout } = await runInThisProcess(['doctor', ...args, '--output', 'json'], {
    env: { ...env, ...more },
  });
  const checks: { id: string; status: string; message: string }[] = JSON.parse(stdout).checks;
  return checks.filter(({ id }) => /^webhook\.(?:app|hook)/.test(id));
}

test('what the webhook of an App lost is delivered again, page by page, without access to webhooks of organizations', async () => {
  const { stage, lose, arrived } = await openAppStage();
  const guids = Array.from({ length: 120 }, (_, i) => `lost-${i}`);
  for (const guid of guids) await lose(guid);
  const { code, report } = await redeliver(stage);
  expect({ code, status: report.status, warnings: report.warnings }).toEqual({
    code: 0,
    status: 'applied',
    warnings: [],
  });
  expect(report.hooks).toEqual([{ app: '77', place: expect.stringMatching(/^127.*\/github-membership$/) }]);
  expect(report.deliveries[0]).toMatchObject({ guid: 'lost-0', app: '77', outcome: 'requested' });
  expect(JSON.stringify(report)).not.toContain('s3cr3t');
  expect([...(await arrived())].sort()).toEqual([...guids].sort());
  expect((await redeliver(stage)).report.status).toBe('in-sync');
}, 60_000);

test('a dry run lists them and writes nothing', async () => {
  const { stage, lose, arrived } = await openAppStage();
  await lose('lost');
  const { code, report } = await redeliver(stage, '--dry-run');
  expect({ code, status: report.status, lost: report.summary.lost }).toEqual({
    code: 0,
    status: 'pending',
    lost: 1,
  });
  expect(await arrived()).toEqual([]);
  expect(stage.github.requests.filter(({ path }) => path.endsWith('/attempts'))).toEqual([]);
});

test('what happened in organizations that are not configured is left alone', async () => {
  const { stage, world, app, lose, arrived } = await openAppStage();
  addOrg(world, 'elsewhere');
  installApp(world, app, 'elsewhere', {});
  await lose('theirs', 'elsewhere');
  await lose('ours');
  await redeliver(stage);
  expect(await arrived()).toEqual(['ours']);
});

test('an App whose webhook points elsewhere falls back to webhooks of organizations', async () => {
  const { stage, world, app, lose, arrived } = await openAppStage({ url: 'https://ci.example.com/build' });
  await lose('of the App');
  expect((await redeliver(stage)).report.error.message).toContain('ci.example.com/build');
  const receiver = await startTestReceiver();
  app.installations.clear();
  installApp(world, app, 'acme', { members: 'read', organization_hooks: 'write' });
  addHook(world, 'acme', { url: `${receiver.url}/github-membership` });
  await lose('of acme');
  expect(await redeliver(stage)).toMatchObject({ code: 0, report: { summary: { requested: 1 } } });
  await arrived();
  expect(receiver.received.map(({ headers }) => headers['x-github-delivery'])).toEqual(['of acme']);
});

test('doctor accepts the webhook of an App, and says what it lacks', async () => {
  const { stage, world, app } = await openAppStage();
  const url = 'https://x.example.com/github-membership';
  const well = await doctor(stage, [], { ...AS_APP, ...RECEIVER });
  expect(well.map(({ id }) => id)).toEqual(['webhook.app', 'webhook.hook:acme']);
  expect(well.map(({ status }) => status)).toEqual(['ok', 'skipped']);
  setAppHook(world, app, { url, insecureSsl: true });
  const flawed = await doctor(stage, [], { ...AS_APP, ...RECEIVER });
  expect(flawed.map(({ message }) => message).join('\n')).toMatch(/no secret\n.*certificate/);
  setAppHook(world, app, { url: 'https://ci.example.com/build' });
  const none = await doctor(stage, [], { ...AS_APP, ...RECEIVER });
  expect(none.map(({ id, status }) => `${id} ${status}`)).toEqual(['webhook.hook:acme warning']);
});

test('doctor and redeliver agree on which webhook points to the path /', async () => {
  const { stage, lose } = await openAppStage({ url: 'https://x.example.com/another' });
  await lose('lost');
  expect((await redeliver(stage, '--path', '/')).report.error.message).toContain('x.example.com/another');
  expect((await doctor(stage, ['--path', '/'], { ...AS_APP, ...RECEIVER })).map(({ id }) => id)).toEqual([
    'webhook.hook:acme',
  ]);
});
