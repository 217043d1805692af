// Whoever may create teams, or cause webhooks in other ways, could have whole organizations listed again and again.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { addTeam, addTeamMember, removeMember, removeTeamMember } from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { BIN } from '../support/program.ts';
import { type DrainStage, drain, idOf, openDrainStage } from '../support/queue-stage.ts';
import { startReceiving } from '../support/receiving.ts';
import { useRedis } from '../support/redis.ts';
import { populate } from '../support/stage.ts';
import { post, SECRET } from '../unit/receiver/support.ts';

const redis = useRedis();
const CONFIG = [
  'grants:',
  '  - { subject: "github:acme:role:*", roles: [member] }',
  '  - { subject: "github:acme:team:platform:*", roles: [deployer] }',
].join('\n');

/** `acme` with 250 people, synced; person-0003 is in the team `platform`. */
async function open() {
  const stage = await openDrainStage(redis, CONFIG);
  populate(stage, 250, 2);
  addRole(stage.permit.world, 'deployer');
  const platform = addTeam(stage.github.world, 'acme', { slug: 'platform' });
  addTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
  expect((await stage.run(['reconcile'])).code).toBe(0);
  stage.github.requests.length = 0;
  return {
    ...stage,
    aboutPlatform: { login: undefined, id: undefined, event: 'team', team: platform.id } as const,
  };
}

/** How often the members of the organization were listed. */
const listings = ({ github }: DrainStage): number =>
  github.requests.filter(
    ({ path, query }) => path === '/orgs/acme/members' && query.role === 'member' && query.page === '1',
  ).length;

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(20);
};

function watch(stage: DrainStage): void {
  const child = spawn(process.execPath, [BIN, 'drain', '--watch', '--settle', '0'], {
    cwd: stage.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env, REDIS_URL: redis.url },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
}

test('a member creates, renames and deletes teams that no rule names: nothing is listed', async () => {
  const stage = await open();
  const env = { ...stage.env, REDIS_URL: redis.url, GITHUB_WEBHOOK_SECRET: SECRET };
  const { url } = await startReceiving(['--drain', '--settle', '0'], { cwd: stage.cwd, env });
  const organization = { login: 'acme', id: 100 };
  const send = (action: string, n: number, more: object = {}) =>
    post(url, {
      event: 'team',
      body: JSON.stringify({ action, organization, team: { id: 900 + n, slug: `chess-${n}` }, ...more }),
    });
  for (let n = 1; n <= 5; n++) {
    for (const action of ['created', 'deleted']) expect((await send(action, n)).status).toBe(200);
    expect((await send('edited', n, { changes: { name: { from: 'Chess' } } })).status).toBe(200);
  }
  // Whatever was queued would be worked off before this.
  removeMember(stage.github.world, 'acme', 'person-0007');
  await stage.hear('person-0007', 8, { action: 'renamed' });
  await until(async () => (await stage.queue.status()).pending === 0);
  expect(listings(stage)).toBe(0);
});

test('many hints about a team cause one listing in five minutes; people are looked up meanwhile', async () => {
  const stage = await open();
  const { aboutPlatform } = stage;
  watch(stage);
  await stage.hear('', 0, { ...aboutPlatform, action: 'edited' });
  await until(async () => (await stage.queue.status()).pending === 0);
  expect(listings(stage)).toBe(1);

  for (let i = 0; i < 5; i++) await stage.hear('', 0, { ...aboutPlatform, action: 'edited' });
  const leaver = idOf(stage, 'person-0009');
  removeMember(stage.github.world, 'acme', 'person-0009');
  await stage.hear('person-0009', leaver);
  await until(async () => stage.held()['person-0009'] === undefined);
  // Those about the team wait, without an attempt.
  await until(async () => (await stage.queue.list()).every(({ state }) => state === 'waiting'));
  expect(await stage.queue.list()).toMatchObject(
    Array.from({ length: 5 }, () => ({ entry: { event: 'team' }, attempts: 0 })),
  );
  expect(listings(stage)).toBe(1);

  // Another drain that keeps running shares the bound; one that runs once may list, and settles them.
  removeTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
  expect((await drain(stage)).json).toMatchObject({ queue: { settled: 5, waiting: 0 } });
  expect(stage.held()['person-0003']?.grants).toEqual(['default/member']);
  expect(listings(stage)).toBe(2);
});

test('after the five minutes, waiting entries cause a listing', async () => {
  const stage = await open();
  const { listings: key } = keysOf(stage.prefix);
  await redis.raw.hset(key, 'acme', String(Date.now() - 299_000));
  await stage.hear('', 0, { ...stage.aboutPlatform, action: 'deleted' });
  watch(stage);
  await until(async () => (await stage.queue.status()).pending === 0);
  expect(listings(stage)).toBe(1);
});

test('a forged time blocks nobody', async () => {
  const stage = await open();
  watch(stage);
  const forged = ['99999999999999', 'never', '-1', ''];
  for (const [index, time] of forged.entries()) {
    await redis.raw.hset(keysOf(stage.prefix).listings, 'acme', time);
    await stage.hear('', 0, { ...stage.aboutPlatform, action: 'edited' });
    await until(async () => (await stage.queue.status()).pending === 0);
    expect(listings(stage), time).toBe(index + 1);
  }
});

test('while nobody is managed yet, webhooks about people cause one listing in five minutes', async () => {
  const stage = await openDrainStage(
    redis,
    'grants:\n  - { subject: "github:acme:team:platform:*", roles: [member] }',
  );
  populate(stage, 250, 2);
  addTeam(stage.github.world, 'acme', { slug: 'platform' });
  expect((await stage.run(['reconcile'])).code).toBe(0);
  stage.github.requests.length = 0;
  watch(stage);
  const renamed = (login: string) => stage.hear(login, idOf(stage, login), { action: 'renamed' });
  await renamed('person-0001');
  await until(async () => (await stage.queue.status()).pending === 0);
  for (const login of ['person-0002', 'person-0003', 'person-0004']) {
    await renamed(login);
    // Long enough for a round, which is begun at once.
    await sleep(1_500);
  }
  expect(listings(stage)).toBe(1);
  expect((await drain(stage)).json).toMatchObject({ queue: { settled: 3, waiting: 0 } });
});

test('waiting entries are looked up again after their own delay, not with each new event', async () => {
  // Nobody is an outside collaborator, and an empty list proves nothing: leavers keep everything, and the entry waits.
  const stage = await openDrainStage(
    redis,
    'grants:\n  - { subject: ["github:acme:role:*", "github:acme:collaborator"], roles: [member] }',
  );
  populate(stage, 250, 2);
  expect((await stage.run(['reconcile'])).code).toBe(0);
  stage.github.requests.length = 0;
  watch(stage);
  const asked: number[] = [];
  for (let n = 10; n < 18; n++) {
    const login = `person-00${n}`;
    const id = idOf(stage, login);
    removeMember(stage.github.world, 'acme', login);
    await stage.hear(login, id, { action: 'renamed' });
    const before = stage.github.requests.length;
    const isAsked = () => stage.github.requests.some(({ path }) => path === `/user/${id}`);
    await until(
      async () => isAsked() && (await stage.queue.list()).every(({ state }) => state === 'waiting'),
    );
    asked.push(stage.github.requests.length - before);
  }
  expect((await stage.queue.status()).pending).toBe(8);
  // The delays of the first entries may end while the later ones arrive.
  expect(Math.min(...asked.slice(4))).toBeLessThanOrEqual(asked[0] ?? 0);
  const lookups = stage.github.requests.filter(({ path }) => path.startsWith('/user/')).length;
  expect(lookups).toBeLessThan(8 + 5);
  // They are not forgotten, and a drain that runs once takes them all.
  await until(
    async () => stage.github.requests.filter(({ path }) => path.startsWith('/user/')).length > lookups,
  );
  expect((await drain(stage)).json).toMatchObject({ queue: { settled: 0, waiting: 8 } });
});

test('a drain that finds roles missing in Permit lists once', async () => {
  const stage = await openDrainStage(redis, CONFIG);
  populate(stage, 12, 2);
  const { id: team } = addTeam(stage.github.world, 'acme', { slug: 'platform' });
  addTeamMember(stage.github.world, 'acme', 'platform', 'person-0003');
  expect((await stage.run(['reconcile'])).code).toBe(4);
  stage.github.requests.length = 0;
  await stage.hear('', 0, { login: undefined, id: undefined, event: 'team', team, action: 'edited' });
  expect((await drain(stage)).json.warnings).toContainEqual(
    expect.objectContaining({ code: 'PERMIT_MISSING_ROLE' }),
  );
  expect(listings(stage)).toBe(1);
});
