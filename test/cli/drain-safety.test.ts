import { expect, test } from 'vitest';
import { addMember, addOrg, orgOf, removeMember, renameUser } from '../../src/demo/github/github.ts';
import { addPermitUser, addRole, addTenant } from '../../src/demo/permit/permit.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { type DrainStage, drain, idOf, openDrainStage, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();
const synced = (members?: number, config?: string) => syncedStage(redis, members, config);

/** A run died right after it had created the new user of someone who was renamed. */
function dieMoving(stage: DrainStage, from: string, to: string): void {
  const { world } = stage.permit;
  addPermitUser(world, {
    key: to,
    attributes: {
      ...(world.users.get(from)?.attributes ?? {}),
      github_login: to,
      managed_move: { from, email: 'x@example.com' },
    },
    grants: ['default/member'],
  });
}

const names = (first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `person-${String(first + i).padStart(4, '0')}`);

test('a move that was cut off is finished by a drain that heard of the new login alone', async () => {
  const stage = await synced(150);
  const { id } = renameUser(stage.github.world, 'person-0003', 'renamed');
  dieMoving(stage, 'person-0003', 'renamed');
  await stage.hear('renamed', id, { action: 'member_added' });
  const { code, json } = await drain(stage);
  expect({ code, queue: json.queue }).toEqual({ code: 0, queue: { settled: 1, failed: 0, waiting: 0 } });
  expect(stage.held()['person-0003']).toBeUndefined();
  expect(stage.held().renamed?.attributes?.managed_move).toBeUndefined();
  expect((await stage.report('reconcile', '--dry-run')).json.status).toBe('in-sync');
});

test('someone removed in the middle of a move keeps access under neither key', async () => {
  const stage = await synced(150);
  const { id } = renameUser(stage.github.world, 'person-0003', 'renamed');
  dieMoving(stage, 'person-0003', 'renamed');
  removeMember(stage.github.world, 'acme', 'renamed');
  await stage.hear('renamed', id);
  expect((await drain(stage)).code).toBe(0);
  expect([stage.held()['person-0003'], stage.held().renamed]).toEqual([undefined, undefined]);
});

test('two users of one person, which a full run has seen, are left alone by a drain too', async () => {
  const stage = await synced(150);
  const id = idOf(stage, 'person-0003');
  const attributes = { ...stage.permit.world.users.get('person-0003')?.attributes };
  addPermitUser(stage.permit.world, { key: 'copy', attributes, grants: ['default/member'] });
  expect((await stage.run(['reconcile'])).code).toBe(4);
  removeMember(stage.github.world, 'acme', 'person-0003');
  await stage.hear('person-0003', id);
  const { code, json } = await drain(stage);
  expect(code).toBe(4);
  expect(json.warnings.map((warning) => warning.code)).toContain('DUPLICATE_ID');
  expect(Object.keys(stage.held())).toEqual(expect.arrayContaining(['copy', 'person-0003']));
});

test('an organization under a freed name gives nothing by a drain, and is not believed after it', async () => {
  const stage = await openDrainStage(redis, 'github: { orgs: [acme, labs] }\npermit: { tenant: "{org}" }\n');
  const env = { GITHUB_ORG: '' };
  const { world } = stage.github;
  for (const login of names(1, 150)) addMember(world, 'acme', { login });
  addOrg(world, 'labs');
  for (const login of ['owner', 'person-0050']) addMember(world, 'labs', { login, role: 'admin' });
  for (const tenant of ['acme', 'labs']) addTenant(stage.permit.world, tenant);
  expect((await stage.run(['reconcile'], { env })).code).toBe(0);

  world.orgs.delete('labs');
  addOrg(world, 'labs', 987_654);
  for (const login of ['owner', 'person-0007']) addMember(world, 'labs', { login, role: 'admin' });
  await stage.hear('person-0007', idOf(stage, 'person-0007'), { action: 'member_added' });
  const { code } = await stage.run(['drain', '--settle', '0'], { env });
  expect(code).toBe(4);
  expect(stage.held()['person-0007']?.grants).toEqual(['acme/member']);
  const full = await stage.run(['reconcile', '--dry-run', '-o', 'json'], { env });
  const { warnings } = JSON.parse(full.stdout);
  expect(warnings).toContainEqual(expect.objectContaining({ code: 'GITHUB_INCOMPLETE' }));
});

test('who was removed once today is not removed again beyond the limit', async () => {
  const stage = await synced(40);
  const people = names(5, 34);
  const ids = people.map((login) => idOf(stage, login));
  for (const login of people) removeMember(stage.github.world, 'acme', login);
  expect((await stage.run(['reconcile', '--allow-removals', '30'])).code).toBe(0);
  const { members } = orgOf(stage.github.world, 'acme');
  for (const id of ids) members.set(id, { role: 'member', state: 'active', public: false });
  expect((await stage.run(['reconcile'])).code).toBe(0);
  for (const login of people) removeMember(stage.github.world, 'acme', login);
  const { code, json } = await stage.report('reconcile');
  expect(code).toBe(3);
  expect(json.guard.violations).toMatchObject([{ limit: 'removals', planned: 30, allowed: 10 }]);
  expect(Object.keys(stage.held())).toHaveLength(40);
});

test('Redis never overrides what Permit says about everyone', async () => {
  const stage = await synced(140, 'limits: { removals: [10%], floors: {} }\n');
  const lie = { at: new Date().toISOString(), members: { acme: 1e12 }, managed: 1e12, plain: true };
  await redis.raw.set(`{${stage.prefix}}:last-run`, JSON.stringify(lie));
  for (const login of names(5, 34)) {
    const id = idOf(stage, login);
    removeMember(stage.github.world, 'acme', login);
    await stage.hear(login, id);
  }
  const { code, json } = await drain(stage);
  expect(code).toBe(3);
  expect(json.guard.violations).toMatchObject([{ limit: 'removals', allowed: 14, planned: 30 }]);
  expect(Object.keys(stage.held())).toHaveLength(140 - 14);
});

test('a login that GitHub fails on blocks nobody else', async () => {
  const stage = await synced();
  const id = idOf(stage, 'person-0003');
  removeMember(stage.github.world, 'acme', 'person-0003');
  await stage.hear('poison', 0, { id: undefined });
  await stage.hear('person-0003', id);
  stage.github.faults.push({
    match: ({ path }) => path === '/users/poison',
    do: { kind: 'answer', status: 451, body: { message: 'blocked' } },
  });
  const { code, json } = await drain(stage);
  expect({ code, queue: json.queue }).toEqual({ code: 4, queue: { settled: 1, failed: 0, waiting: 1 } });
  expect(stage.held()['person-0003']).toBeUndefined();
});

test('an organization that the environment names is not forgotten by a drain that --org narrows', async () => {
  const stage = await openDrainStage(redis, 'permit: { tenant: "{org}" }\n');
  const { world } = stage.github;
  addOrg(world, 'labs');
  addMember(world, 'labs', { login: 'owner', role: 'admin' });
  addMember(world, 'labs', { login: 'bob' });
  for (const tenant of ['acme', 'labs']) addTenant(stage.permit.world, tenant);
  await stage.hear('bob', idOf(stage, 'bob'), { org: 'labs', action: 'member_added' });
  const narrowed = await stage.run(['drain', '--settle', '0', '--org', 'acme', '-o', 'json'], {
    env: { GITHUB_ORG: 'acme,labs' },
  });
  expect(JSON.parse(narrowed.stdout).queue).toEqual({ settled: 0, failed: 0, waiting: 1 });
  const whole = await stage.run(['drain', '--settle', '0', '-o', 'json'], {
    env: { GITHUB_ORG: 'acme,labs' },
  });
  expect(JSON.parse(whole.stdout).queue).toEqual({ settled: 1, failed: 0, waiting: 0 });
  expect(stage.held().bob?.grants).toEqual(['labs/member']);
});

test('an entry about an organization that is not configured is reported, and leaves the queue', async () => {
  const stage = await synced();
  await stage.hear('person-0003', idOf(stage, 'person-0003'), { org: 'elsewhere' });
  const { code, json } = await drain(stage);
  expect({ code, queue: json.queue }).toEqual({ code: 4, queue: { settled: 1, failed: 0, waiting: 0 } });
  expect(json.warnings).toMatchObject([
    { code: 'QUEUE_STRANGER', message: expect.stringContaining('elsewhere') },
  ]);
});

test('a drain never says in-sync while entries wait, even where another drain holds them', async () => {
  const stage = await synced();
  await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'member_added' });
  await openQueue(redis.connection, { prefix: stage.prefix }).take({ most: 9, retry: 'now' });
  const { code, json } = await drain(stage);
  expect({ code, json }).toMatchObject({ code: 0, json: { status: 'pending', queue: { waiting: 1 } } });
  expect((await stage.run(['drain'])).stdout).toContain('1 entry waits');
});

test('an entry behind a moved cursor is processed, and the cursor reported', async () => {
  const stage = await synced();
  expect((await drain(stage)).json.status).toBe('in-sync');
  const id = idOf(stage, 'person-0003');
  removeMember(stage.github.world, 'acme', 'person-0003');
  await stage.hear('person-0004', idOf(stage, 'person-0004'), { action: 'member_added' });
  await drain(stage);
  await stage.hear('person-0003', id);
  await redis.raw.xgroup('SETID', keysOf(stage.prefix).stream, 'drain', '9999999999999-0');
  const { code, json } = await drain(stage);
  expect({ code, json }).toMatchObject({
    code: 4,
    json: { queue: { settled: 1, waiting: 0 }, warnings: [{ code: 'QUEUE_REPAIRED' }] },
  });
  expect(stage.held()['person-0003']).toBeUndefined();
  expect(await drain(stage)).toMatchObject({ code: 0, json: { status: 'in-sync' } });
});

test('a drain whose newcomer waits for a missing role removes the leaver, and keeps the entry without an attempt', async () => {
  const stage = await synced(
    10,
    [
      'users: { key: "{login}" }',
      'grants:',
      '  - { subject: "github:*:role:admin", roles: [admin] }',
      '  - { subject: "github:*:role:member", unless: "github:*:user:new-*", roles: [member] }',
      '  - { subject: "github:*:user:new-*", roles: [fresh] }',
    ].join('\n'),
  );
  const gone = idOf(stage, 'person-0003');
  removeMember(stage.github.world, 'acme', 'person-0003');
  addMember(stage.github.world, 'acme', { login: 'new-one' });
  await stage.hear('person-0003', gone);
  await stage.hear('new-one', idOf(stage, 'new-one'), { action: 'member_added' });
  for (let round = 0; round < 2; round++) {
    const { code, json } = await drain(stage);
    expect({ code, waiting: json.queue.waiting, failed: json.queue.failed }).toEqual({
      code: 4,
      waiting: 1,
      failed: 0,
    });
    expect(json.warnings).toContainEqual(
      expect.objectContaining({
        code: 'PERMIT_MISSING_ROLE',
        message: expect.stringMatching(/fresh, and 1 grant waits/),
      }),
    );
  }
  expect(stage.held()['person-0003']).toBeUndefined();
  expect(stage.held()['new-one']).toBeUndefined();
  addRole(stage.permit.world, 'fresh');
  expect((await drain(stage)).json.queue).toMatchObject({ settled: 1, waiting: 0 });
  expect(stage.held()['new-one']?.grants).toEqual(['default/fresh']);
});
