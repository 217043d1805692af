import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addApp,
  addHook,
  addMember,
  addOrg,
  addToken,
  deliver,
  deliveriesOf,
  deliveriesSettled,
  type GitHubEmulator,
  type GitHubHook,
  githubWorld,
  installApp,
  OWNER_TOKEN,
  startGitHubEmulator,
  userOf,
} from '../../src/demo/github/github.ts';
import { runInThisProcess } from '../support/in-process.ts';
import type { Ran } from '../support/program.ts';
import { writes } from '../support/stage.ts';
import { startTestReceiver, type TestReceiver } from '../support/webhook-receiver.ts';

type Stage = {
  readonly github: GitHubEmulator;
  readonly receiver: TestReceiver;
  readonly hook: GitHubHook;
  readonly env: Readonly<Record<string, string>>;
};

/** GitHub with `acme`, its webhook, and the receiver that the webhook leads to. No Permit, no Redis. */
async function openStage(hook: Partial<GitHubHook> = {}): Promise<Stage> {
  const receiver = await startTestReceiver();
  const world = githubWorld();
  addToken(world, OWNER_TOKEN, {
    kind: 'pat',
    userId: userOf(world, 'owner').id,
    scopes: ['admin:org_hook'],
  });
  const github = await startGitHubEmulator(world);
  onTestFinished(() => github.close());
  const url = `${receiver.url}/github-membership?token=s3cr3t-in-query`;
  return {
    github,
    receiver,
    hook: addHook(world, 'acme', { url, ...hook }),
    env: { GITHUB_API_URL: github.url, GH_TOKEN: OWNER_TOKEN, GITHUB_ORG: 'acme' },
  };
}

type Env = Readonly<Record<string, string>>;
const redeliver = (stage: Stage, args: readonly string[] = [], env: Env = {}): Promise<Ran> =>
  runInThisProcess(['redeliver', ...args], { env: { ...stage.env, ...env } });

async function asJson(stage: Stage, args: readonly string[] = [], env: Env = {}) {
  const { code, stdout, stderr } = await redeliver(stage, [...args, '--output', 'json'], env);
  return { code, stderr, report: JSON.parse(stdout) };
}

/** The error of a run that ends with one. */
async function refused(stage: Stage, args: readonly string[] = [], env: Env = {}) {
  const { code, report } = await asJson(stage, args, env);
  expect([code, report.status]).toEqual([1, 'error']);
  return report.error;
}

const joined = (login: string) => ({ action: 'member_added', membership: { user: { login } } });
const HOUR = 3_600_000;

/** So many deliveries that got lost, the first one the longest ago. */
async function lose({ github }: Stage, count: number, org = 'acme'): Promise<readonly string[]> {
  const guids = Array.from({ length: count }, (_, i) => `guid-${org}-${String(i).padStart(4, '0')}`);
  for (const [i, guid] of guids.entries()) {
    const now = Date.now() - 2 * HOUR + i * 1000;
    await deliver(github.world, org, 'organization', joined(`p-${i}`), { fate: 'lost', guid, now });
  }
  return guids;
}

const arrived = ({ receiver }: Stage) => receiver.received.map(({ headers }) => headers['x-github-delivery']);

describe('redeliver', () => {
  test('what the receiver refused arrives, once, and a second run has nothing to do', async () => {
    const stage = await openStage({ secret: 'k' });
    const { world } = stage.github;
    stage.receiver.status = 503;
    await deliver(world, 'acme', 'organization', joined('ann'), { guid: 'refused' });
    stage.receiver.status = 202;
    await deliver(world, 'acme', 'organization', joined('ben'), { guid: 'taken' });
    stage.receiver.received.length = 0;

    const first = await asJson(stage);
    expect(first).toMatchObject({
      code: 0,
      report: {
        version: 1,
        command: 'redeliver',
        dryRun: false,
        status: 'applied',
        orgs: ['acme'],
        hooks: [{ org: 'acme', id: stage.hook.id }],
        summary: { deliveries: 2, lost: 1, requested: 1, failed: 0, skipped: 0, ignored: 0, underWay: 0 },
        deliveries: [
          {
            guid: 'refused',
            org: 'acme',
            hook: stage.hook.id,
            event: 'organization',
            action: 'member_added',
            attempts: 1,
            last: { status: 'Invalid HTTP Response: 503', statusCode: 503 },
            outcome: 'requested',
          },
        ],
        warnings: [],
        requests: { permit: 0 },
      },
    });
    await deliveriesSettled(world);
    expect(arrived(stage)).toEqual(['refused']);

    const second = await asJson(stage);
    expect(second).toMatchObject({ code: 0, report: { status: 'in-sync', deliveries: [] } });
    expect(writes(stage.github)).toBe(1);
  });

  test('of several pages every lost one, the oldest first; the failed repetition counts as one', async () => {
    const stage = await openStage();
    const guids = await lose(stage, 130);
    for (let i = 0; i < 130; i++) {
      await deliver(stage.github.world, 'acme', 'organization', joined('x'), { guid: `fine-${i}` });
    }
    stage.receiver.received.length = 0;
    stage.receiver.status = undefined;
    const failedAgain = await asJson(stage);
    await deliveriesSettled(stage.github.world);
    expect(failedAgain.report.summary).toMatchObject({ deliveries: 260, lost: 130, requested: 130 });
    expect(stage.github.requests.filter(({ path }) => path.endsWith('/deliveries'))).toHaveLength(3);

    stage.receiver.status = 202;
    stage.receiver.received.length = 0;
    const { report } = await asJson(stage);
    await deliveriesSettled(stage.github.world);
    expect(report.deliveries.map(({ guid }: { guid: string }) => guid)).toEqual(guids);
    expect(report.deliveries[0]).toMatchObject({ attempts: 2, last: { statusCode: 502 } });
    expect([...arrived(stage)].sort()).toEqual(guids);
    expect(new Set(deliveriesOf(stage.github.world, stage.hook).map(({ guid }) => guid)).size).toBe(260);
  });

  test('a dry run lists, and writes nothing', async () => {
    const stage = await openStage();
    await lose(stage, 3);
    const { code, report } = await asJson(stage, ['--dry-run']);
    expect({ code, status: report.status }).toEqual({ code: 0, status: 'pending' });
    expect(report.deliveries.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
      Array(3).fill('planned'),
    );
    await deliveriesSettled(stage.github.world);
    expect(writes(stage.github)).toBe(0);
    expect(stage.receiver.received).toEqual([]);
  });

  test('--since leaves out what is older', async () => {
    const stage = await openStage();
    await lose(stage, 1);
    await deliver(stage.github.world, 'acme', 'team', { action: 'created' }, { fate: 'lost', guid: 'young' });
    expect((await asJson(stage, ['--since', '1h'])).report.deliveries).toMatchObject([{ guid: 'young' }]);
  });

  test('reports what GitHub no longer has, the others go on, exit 4', async () => {
    const stage = await openStage();
    const guids = await lose(stage, 3);
    const id = deliveriesOf(stage.github.world, stage.hook)[1]?.id;
    stage.github.faults.push({
      match: ({ path }) => path.includes(`/${id}/attempts`),
      do: { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    });
    const { code, report } = await asJson(stage);
    await deliveriesSettled(stage.github.world);
    expect({ code, status: report.status, summary: report.summary }).toMatchObject({
      code: 4,
      status: 'partial',
      summary: { requested: 2, failed: 1 },
    });
    expect(report.deliveries[1]).toMatchObject({ outcome: 'failed', error: { code: 'GITHUB_NOT_FOUND' } });
    expect([...arrived(stage)].sort()).toEqual([guids[0], guids[2]]);
  });

  test('a page that breaks off every time: an error, and nothing is redelivered', async () => {
    const stage = await openStage();
    await lose(stage, 130);
    stage.github.faults.push({
      match: ({ query }) => query.cursor !== undefined,
      do: { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    });
    expect(await refused(stage)).toMatchObject({ code: 'GITHUB_NOT_FOUND' });
    expect(writes(stage.github)).toBe(0);
  });

  test('a page that breaks off once is read again, digits and all', async () => {
    const stage = await openStage();
    await lose(stage, 2);
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/deliveries'),
      times: 1,
      do: { kind: 'truncate' },
    });
    expect((await asJson(stage)).report.summary).toMatchObject({ requested: 2 });
    await deliveriesSettled(stage.github.world);
  });

  test('a POST whose answer is lost is not sent twice', async () => {
    const stage = await openStage();
    await lose(stage, 1);
    stage.github.faults.push({
      match: ({ method }) => method === 'POST',
      do: { kind: 'reset', when: 'after' },
    });
    const { code, report } = await asJson(stage);
    await deliveriesSettled(stage.github.world);
    expect(code).toBe(4);
    expect(report.deliveries[0].error.message).toMatch(/may have been delivered again/);
    expect(arrived(stage)).toHaveLength(1);
  });
});

test('the built program, ended half-way: what is under way ends, the report is printed, exit 4', async () => {
  const stage = await openStage();
  await lose(stage, 5);
  let end: (signal: NodeJS.Signals) => void = () => undefined;
  let posts = 0;
  stage.github.latencyMs = 50;
  stage.github.onRequest = ({ method }) => {
    if (method === 'POST' && ++posts === 2) end('SIGTERM');
  };
  const { code, stdout, stderr } = await runInThisProcess(['redeliver', '--output', 'json'], {
    env: stage.env,
    started: (kill) => {
      end = kill;
    },
  });
  await deliveriesSettled(stage.github.world);
  const { status, summary, error } = JSON.parse(stdout);
  expect({ code, status, summary, error }).toMatchObject({
    code: 4,
    status: 'partial',
    summary: { lost: 5, requested: 2, failed: 0, skipped: 3 },
    error: { code: 'INTERRUPTED' },
  });
  expect(stderr).toMatch(/SIGTERM/);
  expect(arrived(stage)).toHaveLength(2);
});

describe('which webhook', () => {
  test('--hook takes one regardless of its address and organization', async () => {
    const stage = await openStage();
    addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'owner', role: 'admin' });
    const other = addHook(stage.github.world, 'labs', { url: `${stage.receiver.url}/elsewhere` });
    await lose(stage, 1);
    const guids = await lose(stage, 2, 'labs');
    const { code, report } = await asJson(stage, ['--org', 'acme,labs', '--hook', String(other.id)]);
    await deliveriesSettled(stage.github.world);
    expect({ code, hooks: report.hooks.length }).toEqual({ code: 0, hooks: 1 });
    expect([...arrived(stage)].sort()).toEqual(guids);
  });

  test('an organization that can not be read keeps no other from it, exit 4', async () => {
    const stage = await openStage();
    addOrg(stage.github.world, 'closed');
    await lose(stage, 1);
    const { code, report } = await asJson(stage, ['--org', 'acme', 'closed']);
    await deliveriesSettled(stage.github.world);
    expect(code).toBe(4);
    expect(report.warnings).toMatchObject([{ code: 'GITHUB_AUTH' }]);
    expect(arrived(stage)).toHaveLength(1);
  });

  test('an inactive one causes a warning', async () => {
    const stage = await openStage({ active: false });
    const { code, report } = await asJson(stage);
    expect({ code, status: report.status }).toEqual({ code: 0, status: 'in-sync' });
    expect(report.warnings).toMatchObject([{ code: 'HOOK_INACTIVE' }]);
  });

  test('none: an error that names the existing ones', async () => {
    const stage = await openStage();
    const error = await refused(stage, ['--path', '/other']);
    expect(error).toMatchObject({
      code: 'GITHUB_NOT_FOUND',
      message: expect.stringContaining('/github-membership'),
    });
    expect(JSON.stringify(error)).not.toContain('s3cr3t');
  });
});

describe('credentials', () => {
  test.each([
    ['a token without the scope', 'ghp_plain', 'GITHUB_AUTH'],
    ["a member's token", 'ghp_member', 'GITHUB_AUTH'],
    ["the workflow's own token", 'ghs_actions', 'GITHUB_AUTH'],
    ['a wrong token', 'ghp_wrong', 'GITHUB_AUTH'],
  ])('%s: an error with what is needed', async (_, token, code) => {
    const stage = await openStage();
    const { world } = stage.github;
    const member = addMember(world, 'acme', { login: 'ann' }).id;
    addToken(world, 'ghp_plain', { kind: 'pat', userId: userOf(world, 'owner').id, scopes: ['admin:org'] });
    addToken(world, 'ghp_member', { kind: 'pat', userId: member, scopes: ['admin:org_hook'] });
    addToken(world, 'ghs_actions', { kind: 'actions' });
    const error = await refused(stage, [], { GH_TOKEN: token, GITHUB_ACTIONS: 'true' });
    expect(error).toMatchObject({ code });
    expect(error).toMatchObject({ hint: expect.stringMatching(/admin:org_hook|GH_TOKEN/) });
    expect(writes(stage.github)).toBe(0);
  });

  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const asApp = { GH_TOKEN: '', GITHUB_APP_ID: '77', GITHUB_APP_PRIVATE_KEY: privateKey };

  test('a GitHub App that may write webhooks, with one token for all requests', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    installApp(world, addApp(world, 77, publicKey), 'acme', { organization_hooks: 'write' });
    await lose(stage, 2);
    expect(await asJson(stage, [], asApp)).toMatchObject({ code: 0, report: { summary: { requested: 2 } } });
    await deliveriesSettled(world);
    expect(stage.github.requests.filter(({ path }) => path.endsWith('/access_tokens'))).toHaveLength(1);
  });

  test('a GitHub App that may only read them: an error, nothing done', async () => {
    const stage = await openStage();
    const { world } = stage.github;
    installApp(world, addApp(world, 77, publicKey), 'acme', { organization_hooks: 'read' });
    await lose(stage, 2);
    expect(await refused(stage, [], asApp)).toMatchObject({
      code: 'GITHUB_AUTH',
      hint: expect.stringContaining('Webhooks: write'),
    });
    expect((await asJson(stage, ['--dry-run'], asApp)).report.summary.lost).toBe(2);
  });
});

describe('flags', () => {
  test.each([
    [['--since', '3'], /no unit/],
    [['--since', 'yesterday'], /not a duration/],
    [['--since', '0s'], /is too short/],
    [['--since', '400d'], /too long/],
    [['--since', ''], /empty/],
    [['--hook', 'abc'], /not a webhook ID/],
    [['--hook', '-1'], /not a webhook ID/],
    [['--path', 'https://x.example.com/a'], /not a path/],
  ])('%j is refused before any request', async (args, says) => {
    const stage = await openStage();
    expect(await refused(stage, args)).toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(says),
    });
    expect(stage.github.requests).toEqual([]);
  });
});

describe('the report for people', () => {
  test.each(['text', 'markdown'])(
    'as %s: when, what, where, how it failed, what was done; no secret',
    async (format) => {
      const stage = await openStage();
      await lose(stage, 1);
      const hostile = { action: 'x\u001b[31m::error::owned', membership: {} };
      await deliver(stage.github.world, 'acme', 'team', hostile, { fate: 'lost' });
      const { code, stdout, stderr } = await redeliver(stage, ['--output', format]);
      await deliveriesSettled(stage.github.world);
      expect(code).toBe(0);
      for (const part of [
        /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/,
        /organization\.member_added/,
        /acme/,
        /127\.0\.0\.1:\d+\/github-membership/,
        /failed to connect to host|502/,
        /being delivered again/,
      ]) {
        expect(stdout).toMatch(part);
      }
      expect(stdout).not.toContain('\u001b');
      expect(stdout + stderr).not.toMatch(new RegExp(`s3cr3t|${OWNER_TOKEN}`));
    },
  );

  test('--quiet says nothing when nothing was lost', async () => {
    const stage = await openStage();
    expect(await redeliver(stage, ['--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
