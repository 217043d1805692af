import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addMember,
  addTeam,
  addTeamMember,
  orgOf,
  removeMember,
  removeTeamMember,
  renameUser,
  teamOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser, addRole } from '../../src/demo/permit/permit.ts';
import { openLock } from '../../src/queue/lock.ts';
import {
  type DrainStage,
  drain,
  idOf,
  openDrainStage as openStageWith,
  syncedStage,
} from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { populate, type Stage, writes } from '../support/stage.ts';

const redis = useRedis();
const openDrainStage = (config?: string) => openStageWith(redis, config);
const synced = (members?: number, config?: string) => syncedStage(redis, members, config);

describe('drain', () => {
  test('says so when nothing waits', async () => {
    const stage = await synced();
    const { code, stdout } = await stage.run(['drain']);
    expect(stdout).toContain('Drained: nothing to change, the queue is empty');
    expect(code).toBe(0);
  });

  test('people who were removed lose everything, people who were added get it, by lookups alone', async () => {
    const stage = await synced(250);
    const gone = idOf(stage, 'person-0007');
    removeMember(stage.github.world, 'acme', 'person-0007');
    addMember(stage.github.world, 'acme', { login: 'newbie', role: 'admin' });
    await stage.hear('person-0007', gone);
    await stage.hear('newbie', idOf(stage, 'newbie'), { action: 'member_added' });
    const { json, code } = await drain(stage);
    expect(json).toMatchObject({
      command: 'drain',
      status: 'applied',
      queue: { settled: 2, failed: 0, waiting: 0 },
      summary: { changes: { createUser: 1, assignRole: 1, deleteUser: 1 } },
    });
    expect(code).toBe(0);
    expect(stage.held()['person-0007']).toBeUndefined();
    expect(stage.held().newbie?.grants).toEqual(['default/admin']);
    // The organization, account and membership of each, and two that prove the absence.
    expect(json.requests.github).toBe(1 + 2 * 2 + 2);
    // A newcomer is planned with all users: three pages, after two that were not enough.
    expect(
      stage.permit.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/users')).length,
    ).toBeGreaterThanOrEqual(3);
    expect(await stage.queue.status()).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
    expect((await stage.report('reconcile', '--dry-run')).json.status).toBe('in-sync');
  });

  test('reads only the one user of a known person', async () => {
    const stage = await synced(350);
    const [left, promoted] = ['person-0007', 'person-0008'].map(
      (login) => [login, idOf(stage, login)] as const,
    );
    removeMember(stage.github.world, 'acme', 'person-0007');
    orgOf(stage.github.world, 'acme').members.set(promoted?.[1] ?? 0, {
      role: 'admin',
      state: 'active',
      public: false,
    });
    await stage.hear('person-0007', left?.[1] ?? 0);
    await stage.hear('person-0008', promoted?.[1] ?? 0, { action: 'role_changed' });
    const { json, code } = await drain(stage);
    expect({ code, queue: json.queue }).toEqual({ code: 0, queue: { settled: 2, failed: 0, waiting: 0 } });
    const listed = stage.permit.requests.filter(
      ({ method, path }) => method === 'GET' && path.endsWith('/users'),
    );
    // One that asks for no one: the number of users, to compute percentages.
    expect(listed).toHaveLength(1);
    // The scope, where it writes (2), two users and the role assignments of each, a role that may be missing, three writes.
    expect(json.requests.permit).toBeLessThanOrEqual(12);
    expect(json.summary).toMatchObject({ managed: 350 });
    expect(stage.held()['person-0007']).toBeUndefined();
    expect(stage.held()['person-0008']?.grants).toEqual(['default/admin']);
    expect((await stage.report('reconcile', '--dry-run')).json.status).toBe('in-sync');
  });

  test('the percentage of a limit is of everyone, although only a few are read', async () => {
    const stage = await synced(350, 'limits: { removals: [1%], floors: {} }\n');
    for (const login of ['person-0007', 'person-0008', 'person-0009']) {
      const id = idOf(stage, login);
      removeMember(stage.github.world, 'acme', login);
      await stage.hear(login, id);
    }
    const { json, code } = await drain(stage);
    expect({ code, queue: json.queue }).toEqual({ code: 0, queue: { settled: 3, failed: 0, waiting: 0 } });
  });

  test('the login of someone whose move is blocked is claimed: the claimant inherits nothing', async () => {
    const stage = await synced();
    addMember(stage.github.world, 'acme', { login: 'person-0003', role: 'admin' });
    await stage.report('reconcile');
    addPermitUser(stage.permit.world, { key: 'renamed' });
    renameUser(stage.github.world, 'person-0003', 'renamed');
    const { id } = addMember(stage.github.world, 'acme', { login: 'person-0003' });
    await stage.hear('person-0003', id, { action: 'member_added' });
    const { json, code } = await drain(stage);
    expect(code).toBe(4);
    expect(JSON.stringify(json)).toContain('KEY_CLAIMED');
    expect(stage.held()['person-0003']?.grants).toEqual([]);
  });

  test('an event is only a hint: what GitHub answers decides', async () => {
    const stage = await synced();
    await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'member_removed' });
    await stage.hear('stranger', 424_242, { action: 'member_added' });
    const before = stage.held();
    for (let lookups = 1; lookups <= 3; lookups++) {
      const { json, code } = await drain(stage);
      expect({ code, json }).toMatchObject({
        code: 4,
        json: { status: 'partial', queue: { settled: 0, waiting: 2 }, warnings: [{ code: 'QUEUE_WAITING' }] },
      });
      await stage.letThemBeDue();
    }
    const { json } = await drain(stage);
    expect(json).toMatchObject({ status: 'in-sync', queue: { settled: 2, waiting: 0 } });
    expect(stage.held()).toEqual(before);
    expect(writes(stage.permit)).toBe(0);
  });

  test('people without an event are left alone', async () => {
    const stage = await synced();
    const one = idOf(stage, 'person-0003');
    for (const login of ['person-0003', 'person-0004']) removeMember(stage.github.world, 'acme', login);
    await stage.hear('person-0003', one);
    await drain(stage);
    expect(stage.held()['person-0003']).toBeUndefined();
    expect(stage.held()['person-0004']).toBeDefined();
  });

  test('events of one person, whatever their order and number, are one lookup', async () => {
    const stage = await synced();
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    for (const action of [
      'member_removed',
      'member_added',
      'member_added',
      'member_removed',
      'member_removed',
    ]) {
      await stage.hear('person-0003', id, { action });
    }
    const { json } = await drain(stage);
    expect(json.queue).toEqual({ settled: 5, failed: 0, waiting: 0 });
    expect(json.requests.github).toBe(5);
    expect(stage.held()['person-0003']).toBeUndefined();
  });

  test('without a full run before it the organization is listed, and only the person is touched', async () => {
    const stage = await openDrainStage();
    populate(stage, 5, 1);
    await stage.hear('person-0002', idOf(stage, 'person-0002'), { action: 'member_added' });
    const { json } = await drain(stage);
    expect(stage.github.requests.some(({ path }) => /\/members$/.test(path))).toBe(true);
    expect(json.queue.settled).toBe(1);
    expect(Object.keys(stage.held())).toEqual(['person-0002']);
  });

  test('many people are cheaper to list than to look up', async () => {
    const stage = await synced(60);
    for (let i = 1; i < 40; i++) {
      const login = `person-${String(i).padStart(4, '0')}`;
      await stage.hear(login, idOf(stage, login), { action: 'member_added' });
    }
    const { json } = await drain(stage);
    expect(json.queue.settled).toBe(39);
    expect(json.requests.github).toBeLessThanOrEqual(4);
  });

  test('an entry that names a login alone is about who has it now, and who had it', async () => {
    const stage = await synced();
    const { id: gone } = renameUser(stage.github.world, 'person-0003', 'renamed');
    addMember(stage.github.world, 'acme', { login: 'person-0003' });
    await stage.hear('person-0003', 0, { id: undefined });
    await drain(stage);
    expect(stage.held().renamed?.attributes).toMatchObject({ github_id: gone });
    expect(stage.held()['person-0003']?.attributes).toMatchObject({ github_id: idOf(stage, 'person-0003') });
  });

  test('someone who claims a freed login never inherits: its former holder is looked up too', async () => {
    const stage = await synced();
    renameUser(stage.github.world, 'person-0003', 'renamed');
    addRole(stage.permit.world, 'billing');
    const { id } = addMember(stage.github.world, 'acme', { login: 'person-0003', role: 'member' });
    await stage.hear('person-0003', id, { action: 'member_added' });
    const { code, json } = await drain(stage);
    expect({ code, settled: json.queue.settled }).toEqual({ code: 0, settled: 1 });
    expect(stage.held().renamed?.grants).toEqual(['default/member']);
    expect(stage.held()['person-0003']?.attributes).toMatchObject({ github_id: id });
  });

  test('an entry that nobody of ours wrote becomes a dead letter at once', async () => {
    const stage = await synced();
    await redis.raw.xadd(`{${stage.prefix}}:stream`, '*', 'event', 'rm -rf', 'login', '../../admin');
    const { code, json } = await drain(stage);
    expect(code).toBe(4);
    expect(json.queue).toEqual({ settled: 0, failed: 1, waiting: 0 });
    expect(await stage.queue.status()).toMatchObject({ pending: 0, dead: 1 });
    expect(writes(stage.permit)).toBe(0);
  });
});

describe('teams', () => {
  const CONFIG = [
    'grants:',
    '  - { subject: "github:acme:role:member", roles: [member] }',
    '  - { subject: "github:acme:team:platform:*", roles: [deployer] }',
  ].join('\n');

  async function teams(): Promise<DrainStage> {
    const stage = await openDrainStage(CONFIG);
    populate(stage, 12, 2);
    addRole(stage.permit.world, 'deployer');
    addTeam(stage.github.world, 'acme', { slug: 'platform' });
    addTeamMember(stage.github.world, 'acme', 'platform', 'person-0004');
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(stage.held()['person-0004']?.grants).toContain('default/deployer');
    return stage;
  }

  test('who joins one and who leaves it', async () => {
    const stage = await teams();
    const { id: team } = teamOf(stage.github.world, 'acme', 'platform');
    addTeamMember(stage.github.world, 'acme', 'platform', 'person-0005');
    removeTeamMember(stage.github.world, 'acme', 'platform', 'person-0004');
    for (const login of ['person-0004', 'person-0005']) {
      const action = login === 'person-0004' ? 'removed' : 'added';
      await stage.hear(login, idOf(stage, login), { event: 'membership', action, team });
    }
    expect((await drain(stage)).json.queue).toEqual({ settled: 2, failed: 0, waiting: 0 });
    expect(stage.held()['person-0004']?.grants).toEqual(['default/member']);
    expect(stage.held()['person-0005']?.grants).toEqual(['default/deployer', 'default/member']);
  });

  test('a team that is deleted freezes what hangs on it, and the entry waits', async () => {
    const stage = await teams();
    const { id: team } = teamOf(stage.github.world, 'acme', 'platform');
    orgOf(stage.github.world, 'acme').teams.delete(team);
    await stage.hear('person-0004', idOf(stage, 'person-0004'), {
      event: 'membership',
      action: 'removed',
      team,
    });
    const { code, json } = await drain(stage);
    expect(code).toBe(4);
    expect(json.warnings.map((warning) => warning.code)).toContain('TEAM_UNREADABLE');
    expect(json.queue).toEqual({ settled: 0, failed: 0, waiting: 1 });
    expect(stage.held()['person-0004']?.grants).toContain('default/deployer');
  });

  test('an event about a team itself is about everyone, unless no rule names teams', async () => {
    const stage = await teams();
    const { id: team } = teamOf(stage.github.world, 'acme', 'platform');
    addTeamMember(stage.github.world, 'acme', 'platform', 'person-0006');
    const about = { event: 'team', action: 'edited', login: undefined, id: undefined, team } as const;
    await stage.hear('', 0, about);
    expect((await drain(stage)).json.queue.settled).toBe(1);
    expect(stage.held()['person-0006']?.grants).toContain('default/deployer');

    const plain = await synced();
    await plain.hear('', 0, about);
    expect((await drain(plain)).json).toMatchObject({ queue: { settled: 1 }, requests: { github: 0 } });
  });
});

describe('limits', () => {
  const LIMITED = 'limits: { removals: [3], floors: {} }\n';
  const names = Array.from({ length: 8 }, (_, i) => `person-${String(i + 3).padStart(4, '0')}`);

  async function left(): Promise<DrainStage> {
    const stage = await synced(20, LIMITED);
    for (const login of names) {
      const id = idOf(stage, login);
      removeMember(stage.github.world, 'acme', login);
      await stage.hear(login, id);
    }
    return stage;
  }

  const stillThere = (stage: Stage): number => names.filter((name) => stage.held()[name]).length;

  test('the first three go, the others wait in the queue, today and in the next drain', async () => {
    const stage = await left();
    const first = await drain(stage);
    expect(first.code).toBe(3);
    expect(first.stderr).toContain('some people wait in the queue');
    expect(first.json).toMatchObject({
      status: 'refused',
      queue: { settled: 3, failed: 0, waiting: 5 },
      guard: { violations: [{ limit: 'removals', allowed: 3, planned: 8, override: '--allow-removals 8' }] },
    });
    expect(stillThere(stage)).toBe(5);

    const second = await drain(stage);
    expect(second.code).toBe(3);
    expect(second.json.guard.violations).toEqual([
      { limit: 'removals', allowed: 3, planned: 8, earlier: 3, override: '--allow-removals 8' },
    ]);
    expect(stillThere(stage)).toBe(5);
    // A limit does not count as an attempt.
    expect((await stage.queue.list()).map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0, 0]);

    const third = await drain(stage, '--allow-removals', '8');
    expect(third.code).toBe(0);
    expect(stillThere(stage)).toBe(0);
    expect(await stage.queue.status()).toMatchObject({ pending: 0, dead: 0 });
  });

  test('a full run shares the budget, and its dry run says the same', async () => {
    const stage = await left();
    await drain(stage);
    for (const args of [['--dry-run'], []]) {
      const { code, json } = await stage.report('reconcile', ...args);
      expect(code).toBe(3);
      expect(json.guard.violations).toMatchObject([{ limit: 'removals', planned: 8, earlier: 3 }]);
    }
    expect((await stage.run(['reconcile', '--allow-removals', '8'])).code).toBe(0);
    expect(stillThere(stage)).toBe(0);
  });
});

describe('what can’t be done', () => {
  test('an outage of GitHub does not count as an attempt', async () => {
    const stage = await synced();
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', 2);
    const { code, json } = await stage.report(
      'drain',
      '--settle',
      '0',
      '--timeout',
      '2s',
      '--org',
      'nowhere',
    );
    expect({ code, error: json.error?.code }).toEqual({ code: 1, error: 'GITHUB_NOT_FOUND' });
    expect(await stage.queue.list()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
  });

  test('someone whose key is taken fails ten times and becomes a dead letter; a full run settles it', async () => {
    const stage = await synced();
    addPermitUser(stage.permit.world, { key: 'taken', grants: ['default/admin'] });
    addMember(stage.github.world, 'acme', { login: 'taken' });
    await stage.hear('taken', idOf(stage, 'taken'), { action: 'member_added' });
    const first = await drain(stage);
    expect(first.code).toBe(4);
    expect(first.json.queue).toEqual({ settled: 0, failed: 1, waiting: 1 });
    expect(await stage.queue.list()).toMatchObject([
      { state: 'failed', attempts: 1, reason: expect.stringMatching(/^KEY_TAKEN: taken/) },
    ]);
    for (let i = 1; i < 10; i++) await drain(stage);
    expect(await stage.queue.list()).toMatchObject([{ state: 'dead', attempts: 10 }]);

    // As long as the key is taken, the letter stays.
    expect((await stage.report('reconcile', '--drain')).json.queue).toMatchObject({ settled: 0 });
    expect(await stage.queue.status()).toMatchObject({ dead: 1 });
    const settled = await stage.report('reconcile', '--drain', '--adopt', 'all');
    expect(settled.json.queue).toEqual({ settled: 1, failed: 0, waiting: 0 });
    expect(await stage.queue.status()).toMatchObject({ pending: 0, dead: 0 });
  }, 60_000);

  test('a queue of another environment or owner is refused before any write', async () => {
    const stage = await synced();
    await stage.hear('person-0003', 3);
    await redis.raw.hset(`{${stage.prefix}}:binding`, 'environment', 'somebody/else');
    for (const args of [['drain'], ['reconcile'], ['reconcile', '--dry-run']]) {
      const { code, stderr } = await stage.run(args);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('belongs to') });
    }
    expect(writes(stage.permit)).toBe(0);
  });

  test.each([{ args: ['drain'] }, { args: ['reconcile'] }, { args: ['reconcile', '--drain'] }])(
    '$args waits for the lock, and gives up',
    async ({ args }) => {
      const stage = await synced();
      removeMember(stage.github.world, 'acme', 'person-0003');
      await stage.hear('person-0003', 3);
      const lease = await openLock(redis.connection, stage.prefix, { command: 'a test' }).acquire(
        0,
        new AbortController().signal,
      );
      onTestFinished(() => lease.release());
      const { code, stderr } = await stage.run([...args, '--lock-wait', '300ms']);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('(LOCKED)') });
      expect(stderr).toContain('a test');
      expect(writes(stage.permit)).toBe(0);
      expect(await stage.queue.list()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    },
  );

  test('Redis away: nothing is written, and a dry run says so too', async () => {
    const stage = await synced();
    removeMember(stage.github.world, 'acme', 'person-0003');
    const env = { REDIS_URL: 'redis://:hunter22@127.0.0.1:1' };
    for (const args of [['drain'], ['reconcile'], ['reconcile', '--dry-run']]) {
      const { code, stdout, stderr } = await stage.run(args, { env });
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('QUEUE_UNAVAILABLE'),
      });
      expect(stdout + stderr).not.toContain('hunter22');
    }
    expect(writes(stage.permit)).toBe(0);
  });
});

describe('reconcile --drain', () => {
  test('settles what it has covered, whichever drain has taken it', async () => {
    const stage = await synced();
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id);
    await stage.hear('person-0004', idOf(stage, 'person-0004'), { action: 'member_added' });
    await stage.queue.take({ most: 1, retry: 'now' });
    const { json, code } = await stage.report('reconcile', '--drain');
    expect(code).toBe(0);
    expect(json.queue).toEqual({ settled: 2, failed: 0, waiting: 0 });
    expect(stage.held()['person-0003']).toBeUndefined();
  });

  test('a refused run settles nothing', async () => {
    const stage = await synced(12, 'limits: { removals: [0] }\n');
    const id = idOf(stage, 'person-0003');
    removeMember(stage.github.world, 'acme', 'person-0003');
    await stage.hear('person-0003', id);
    await stage.hear('person-0004', idOf(stage, 'person-0004'));
    const { json, code } = await stage.report('reconcile', '--drain');
    expect(code).toBe(3);
    expect(json.queue).toEqual({ settled: 0, failed: 0, waiting: 2 });
  });

  test('an organization that was left out of the run keeps its entries', async () => {
    const stage = await openDrainStage('github: { orgs: [acme, labs] }\npermit: { tenant: "{org}" }\n');
    const { run } = stage;
    const { addOrg } = await import('../../src/demo/github/github.ts');
    const { addTenant } = await import('../../src/demo/permit/permit.ts');
    addOrg(stage.github.world, 'labs');
    addMember(stage.github.world, 'labs', { login: 'owner', role: 'admin' });
    addMember(stage.github.world, 'acme', { login: 'ann' });
    for (const tenant of ['acme', 'labs']) addTenant(stage.permit.world, tenant);
    const env = { GITHUB_ORG: '' };
    expect((await run(['reconcile'], { env })).code).toBe(0);
    await stage.hear('ann', idOf(stage, 'ann'), { org: 'labs', orgId: undefined });
    await stage.hear('ann', idOf(stage, 'ann'), { action: 'member_added' });
    const ran = await run(['reconcile', '--drain', '--org', 'acme', '-o', 'json'], { env });
    expect(JSON.parse(ran.stdout).queue).toEqual({ settled: 1, failed: 0, waiting: 1 });
    const whole = await run(['reconcile', '--drain', '-o', 'json'], { env });
    expect(JSON.parse(whole.stdout).queue).toEqual({ settled: 1, failed: 0, waiting: 0 });
  });

  test.each([
    [['--user', 'ann'], /--drain needs a run over everyone/],
    [['--dry-run'], /--drain settles the queue, and a --dry-run changes nothing/],
  ])('makes no sense with %s', async (args, words) => {
    const stage = await openDrainStage();
    const { code, stderr } = await stage.run(['reconcile', '--drain', ...args]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
  });

  test('needs Redis', async () => {
    const stage = await openDrainStage();
    const { code, stderr } = await stage.run(['reconcile', '--drain'], { env: { REDIS_URL: '' } });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('REDIS_URL') });
  });
});
