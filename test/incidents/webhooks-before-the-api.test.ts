// octokit.js#900, knights-who-say-ni#86: a webhook arrives before GitHub's API knows of what it tells.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addMember,
  addTeam,
  addTeamMember,
  orgOf,
  removeMember,
  removeTeamMember,
  teamOf,
} from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { BIN } from '../support/program.ts';
import { type DrainStage, drain, idOf, openDrainStage, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { populate } from '../support/stage.ts';

const redis = useRedis();
const WAITING = { code: 4, json: { status: 'partial', queue: { settled: 0, failed: 0, waiting: 1 } } };
const SETTLED = { code: 0, json: { queue: { settled: 1, failed: 0, waiting: 0 } } };

describe.each([
  ['the person is looked up', 250],
  ['the organization is listed', 5],
])('octokit.js#900, where %s', (_, members) => {
  test('a leaver that the API still shows loses everything in the next drain', async () => {
    const stage = await syncedStage(redis, members);
    await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'member_removed' });
    expect(await drain(stage)).toMatchObject(WAITING);
    expect(stage.held()['person-0003']).toBeDefined();

    removeMember(stage.github.world, 'acme', 'person-0003');
    expect(await drain(stage)).toMatchObject(SETTLED);
    expect(stage.held()['person-0003']).toBeUndefined();
  });

  test('a newcomer that the API does not show yet gets everything in the next drain', async () => {
    const stage = await syncedStage(redis, members);
    await stage.hear('newcomer', 424_242, { action: 'member_added' });
    expect(await drain(stage)).toMatchObject(WAITING);

    addMember(stage.github.world, 'acme', { login: 'newcomer', id: 424_242 });
    expect(await drain(stage)).toMatchObject(SETTLED);
    expect(stage.held().newcomer?.grants).toEqual(['default/member']);
  });

  test('who was added, and is not shown yet, loses nothing on the first lookup, nor on one that comes too early', async () => {
    const stage = await syncedStage(redis, members);
    const before = stage.held()['person-0003'];
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id, { action: 'member_added' });
    for (let early = 1; early <= 5; early++) {
      expect(await drain(stage)).toMatchObject(WAITING);
      expect(stage.held()['person-0003']).toEqual(before);
    }
    await stage.letThemBeDue();
    expect((await drain(stage)).json.queue.waiting).toBe(1);
    expect(stage.held()['person-0003']).toBeUndefined();
  });

  test('a webhook that stays wrong counts as converged after four lookups, and is never a dead letter', async () => {
    const stage = await syncedStage(redis, members);
    const before = stage.held();
    await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'member_removed' });
    for (let lookup = 1; lookup <= 3; lookup++) {
      expect(await drain(stage)).toMatchObject(WAITING);
      expect(await stage.queue.list()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
      await stage.letThemBeDue();
    }
    expect(await drain(stage)).toMatchObject({ ...SETTLED, json: { ...SETTLED.json, status: 'in-sync' } });
    expect(await stage.queue.status()).toMatchObject({ pending: 0, dead: 0 });
    expect(stage.held()).toEqual(before);
  });
});

describe('knights-who-say-ni#86: teams', () => {
  const CONFIG = [
    'grants:',
    '  - { subject: "github:acme:role:*", roles: [member] }',
    '  - { subject: "github:acme:team:platform:*", roles: [deployer] }',
  ].join('\n');

  test.each([
    ['looked up', 250],
    ['listed', 5],
  ])('who left a team, and is %s, keeps nothing from it', async (_, members) => {
    const stage = await openDrainStage(redis, CONFIG);
    populate(stage, members, 2);
    addRole(stage.permit.world, 'deployer');
    addTeam(stage.github.world, 'acme', { slug: 'platform' });
    addTeam(stage.github.world, 'acme', { slug: 'chess' });
    addTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
    expect((await stage.run(['reconcile'])).code).toBe(0);
    const tell = (slug: string, action: string) =>
      stage.hear('person-0003', idOf(stage, 'person-0003'), {
        ...{ event: 'membership', action },
        team: teamOf(stage.github.world, 'acme', slug).id,
      });

    // A team that no rule names is nothing to wait for.
    await tell('chess', 'added');
    expect(await drain(stage)).toMatchObject(SETTLED);

    await tell('platform', 'removed');
    expect(await drain(stage)).toMatchObject(WAITING);
    expect(stage.held()['person-0003']?.grants).toContain('default/deployer');
    removeTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
    expect(await drain(stage)).toMatchObject(SETTLED);
    expect(stage.held()['person-0003']?.grants).toEqual(['default/member']);
  });
});

describe('several webhooks about one person', () => {
  test('someone who was removed and added again, before the API knows, loses nothing', async () => {
    const stage = await syncedStage(redis, 250);
    const id = idOf(stage, 'person-0003');
    const { members } = orgOf(stage.github.world, 'acme');
    const membership = members.get(id);
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id, { action: 'member_removed' });
    await stage.hear('person-0003', id, { action: 'member_added' });
    await drain(stage);
    expect(stage.held()['person-0003']?.grants).toEqual(['default/member']);
    if (membership) members.set(id, membership);
    await stage.letThemBeDue();
    expect(await drain(stage)).toMatchObject({ code: 0, json: { queue: { waiting: 0 } } });
    expect(stage.held()['person-0003']?.grants).toEqual(['default/member']);
  });

  test('two that arrived out of order end as GitHub says, one lookup later', async () => {
    const stage = await syncedStage(redis, 250);
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id, { action: 'member_removed' });
    await stage.hear('person-0003', id, { action: 'member_added' });
    await drain(stage);
    await stage.letThemBeDue();
    await drain(stage);
    expect(stage.held()['person-0003']).toBeUndefined();
  });

  test('the older ones leave the queue with what GitHub says now', async () => {
    const stage = await syncedStage(redis, 250);
    const id = idOf(stage, 'person-0003');
    for (const action of ['member_removed', 'member_added', 'member_removed', 'member_added'])
      await stage.hear('person-0003', id, { action });
    expect(await drain(stage)).toMatchObject({ code: 0, json: { queue: { settled: 4, waiting: 0 } } });
    expect(stage.held()['person-0003']).toBeDefined();
  });
});

describe('a full run', () => {
  test('leaves what its listing contradicts for the next drain, and counts as a lookup', async () => {
    const stage = await syncedStage(redis);
    await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'member_removed' });
    const full = () => stage.report('reconcile', '--drain');
    expect(await full()).toMatchObject({
      code: 0,
      json: {
        queue: { settled: 0, failed: 0, waiting: 1 },
        warnings: [{ code: 'QUEUE_WAITING', message: expect.stringMatching(/^1 entry waits in the queue/) }],
      },
    });
    const { stdout } = await stage.run(['reconcile', '--drain']);
    expect(stdout).toMatch(/In sync.*0 queue entries settled, 1 waits/);
    removeMember(stage.github.world, 'acme', 'person-0003');
    expect(await drain(stage)).toMatchObject(SETTLED);
    expect(stage.held()['person-0003']).toBeUndefined();

    await stage.hear('person-0004', idOf(stage, 'person-0004'), { action: 'member_removed' });
    for (let lookup = 1; lookup <= 3; lookup++) {
      expect((await full()).json.queue.waiting).toBe(1);
      await stage.letThemBeDue();
    }
    expect((await full()).json).toMatchObject({ queue: { settled: 1, failed: 0, waiting: 0 }, warnings: [] });
  });
});

describe('drain --watch', () => {
  test('comes back when the entry is due, and removes what should be removed', async () => {
    const stage = await syncedStage(redis, 250);
    const id = idOf(stage, 'person-0003');
    await stage.hear('person-0003', id, { action: 'member_removed' });
    const watching = watch(stage);
    await until(async () => (await stage.queue.nextDueMs()) !== undefined);
    expect(await stage.queue.nextDueMs()).toBeGreaterThan(0);
    expect(await stage.queue.nextDueMs()).toBeLessThanOrEqual(10_000);
    expect(stage.held()['person-0003']).toBeDefined();

    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.letThemBeDue();
    await until(async () => stage.held()['person-0003'] === undefined);
    await until(async () => (await stage.queue.status()).pending === 0);
    watching.end();
  });
});

/** The built program, watching the queue until the test ends. */
function watch(stage: DrainStage): { readonly end: () => void } {
  const child = spawn(process.execPath, [BIN, 'drain', '--watch', '--settle', '0'], {
    cwd: stage.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env, REDIS_URL: redis.url },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { end: () => void child.kill('SIGTERM') };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
