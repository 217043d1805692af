import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import { MAX_ATTEMPTS } from '../../src/model/webhooks/queue.ts';
import { bind } from '../../src/queue/binding.ts';
import { openBudget, openListingBudget } from '../../src/queue/budget.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openLock } from '../../src/queue/lock.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { openRunRecord, openTeamMemory } from '../../src/queue/run-memory.ts';
import { startRedis, useRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const redis = useRedis();
const ALL = { most: 1_000, retry: 'now' } as const;

function open() {
  const prefix = redis.prefix();
  let repairs = 0;
  const onRepair = (): void => {
    repairs++;
  };
  const another = (): Queue => openQueue(redis.connection, { prefix, onRepair });
  return { queue: another(), another, prefix, keys: keysOf(prefix), repairs: () => repairs };
}

const logins = async (queue: Queue): Promise<readonly (string | undefined)[]> =>
  (await queue.take(ALL)).map((one) => one.entry?.login);

const HIGHEST = '18446744073709551615-18446744073709551615';
const FIELDS = ['delivery', 'd', 'event', 'organization', 'action', 'member_added', 'org', 'acme'];
const JUNK = [...FIELDS, 'login', 'forged', 'at', '2026-01-01T00:00:00Z'];

describe('the cursor of the group', () => {
  test.each([HIGHEST, '9999999999999-0', '$'])(
    'moved to %s by someone else hides no entry',
    async (cursor) => {
      const { queue, another, keys, repairs } = open();
      await queue.append(entry('a'));
      expect(await logins(queue)).toEqual(['a']);
      await queue.append(entry('b'));
      await queue.append(entry('c'));
      await redis.raw.xgroup('SETID', keys.stream, 'drain', cursor);
      expect(await logins(another())).toEqual(['b', 'c']);
      expect(repairs()).toBe(1);
      await queue.append(entry('d'));
      expect(await logins(another())).toEqual(['d']);
      expect(repairs()).toBe(1);
    },
  );

  test('an entry that someone else acknowledged is taken again', async () => {
    const { queue, another, keys } = open();
    await queue.append(entry('a'));
    const [a] = await queue.take(ALL);
    await redis.raw.xack(keys.stream, 'drain', a?.id ?? '');
    expect(await logins(another())).toEqual(['a']);
  });
});

describe('ids from the future', () => {
  test.each([HIGHEST, '18446744073709551615-0', '99999999999999-7'])(
    'after %s entries are still queued, taken and dated',
    async (id) => {
      const { queue, another, keys } = open();
      await queue.append(entry('a'));
      await redis.raw.xadd(keys.stream, id, ...JUNK);
      expect(await queue.append(entry('b'))).toBe('queued');
      expect(await logins(queue)).toEqual(['a', 'forged', 'b']);
      expect(await queue.append(entry('c'))).toBe('queued');
      await sleep(1_100);
      const { pending, oldestSeconds } = await queue.status();
      expect(pending).toBe(4);
      expect(oldestSeconds).toBeGreaterThanOrEqual(1);
      expect(await logins(another())).toEqual(['c']);
    },
  );

  test('a drain repairs them before anything more arrives, and what failed keeps its attempts', async () => {
    const { queue, another, keys, repairs } = open();
    await queue.append(entry('a'));
    const [a] = await queue.take(ALL);
    await queue.fail([{ id: a?.id ?? '', reason: 'Permit said no' }]);
    await redis.raw.xadd(keys.stream, HIGHEST, ...JUNK);
    const taken = await another().take(ALL);
    expect(taken.map((one) => [one.entry?.login, one.attempts])).toEqual([
      ['a', 1],
      ['forged', 0],
    ]);
    expect(repairs()).toBe(1);
    await queue.settle(taken.map(({ id }) => id));
    expect(await queue.status()).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
  });
});

describe('a lock that never expires', () => {
  test.each([undefined, 10 * 60_000])(
    'by itself (lifetime %j) expires like that of a dead run',
    async (ttl) => {
      const { prefix, keys } = open();
      await redis.raw.set(keys.lock, 'forged {}');
      if (ttl !== undefined) await redis.raw.pexpire(keys.lock, ttl);
      const lock = openLock(redis.connection, prefix, { command: 'test', lapseMs: 300 });
      const lease = await lock.acquire(60_000, new AbortController().signal);
      await lease.assertHeld();
      await lease.release();
    },
  );
});

describe('a Redis at maxmemory with noeviction', () => {
  async function openFull() {
    const server = await startRedis();
    onTestFinished(server.remove);
    const connection = await openRedis({ url: server.url });
    onTestFinished(connection.close);
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    const another = (): Queue => openQueue(connection, { prefix: 'full' });
    const queue = another();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await queue.append(entry(name));
    await admin.config('SET', 'maxmemory', '100kb');
    return { connection, queue, another };
  }

  test('takes nothing new, and says so', async () => {
    const { another, queue } = await openFull();
    await expect(queue.append(entry('f'))).rejects.toThrow(/has no memory left/);
    await expect(another().append(entry('f'))).rejects.toThrow(/is nearly full/);
  });

  test('can be drained: each step of a drain works', async () => {
    const { connection, another } = await openFull();
    await bind(connection, 'full', { owner: 'default', environment: 'p/e' });
    const lock = openLock(connection, 'full', { command: 'test' });
    const lease = await lock.acquire(0, new AbortController().signal);
    const queue = another();
    const ids = (await queue.take(ALL)).map(({ id }) => id);
    const [a = '', b = '', c = '', d = '', e = ''] = ids;
    expect(e).not.toBe('');
    await queue.keep(ids);
    await lease.assertHeld();
    const budget = openBudget(connection, 'full');
    expect((await budget.spent()).removals).toEqual(new Set());
    const spend = { removals: [7 as GitHubId], demotions: [], moves: [] };
    expect(await budget.reserve(spend, { removals: 1, demotions: 0, moves: 0 })).toBe('reserved');
    expect(await openListingBudget(connection, 'full').take(['acme'], 'bounded')).toBe(0);
    const record = openRunRecord(connection, 'full');
    await record.clear();
    await record.write({ at: '2026-01-01T00:00:00Z', members: { acme: 2 }, managed: 1, plain: true });
    expect(await record.read()).toMatchObject({ managed: 1 });
    const teams = openTeamMemory(connection, 'full');
    await teams.write(100 as OrgId, new Map([['platform', 4242]]));
    expect(await teams.read(100 as OrgId, ['platform'])).toEqual(new Map([['platform', 4242]]));

    await queue.settle([a]);
    await queue.fail([{ id: b, reason: 'Permit said no' }]);
    await queue.release([c]);
    await queue.lookAgain([{ id: d, lookup: 1 }]);
    const states = new Map((await queue.list()).map(({ id, state }) => [id, state]));
    expect(states).toEqual(
      new Map([
        [b, 'failed'],
        [c, 'waiting'],
        [d, 'waiting'],
        [e, 'taken'],
      ]),
    );
    await queue.settle([b, c, d, e]);
    expect(await queue.status()).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
    await queue.leave();
    await lease.release();
  });

  test('dead letters can be dropped; putting one back is answered clearly', async () => {
    const { another } = await openFull();
    const queue = another();
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const taken = await queue.take(ALL);
      await queue.fail(taken.map(({ id }) => ({ id, reason: 'Permit said no' })));
    }
    expect(await queue.status()).toMatchObject({ pending: 0, dead: 5 });
    await expect(queue.retry('all')).rejects.toThrow(/has no memory left/);
    const [first, ...rest] = await queue.list();
    expect(await queue.discard([first?.id ?? ''])).toBe(1);
    await queue.settleDead([rest[0]?.id ?? '']);
    expect(await queue.discard('all dead')).toBe(3);
    expect(await queue.status()).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
  });
});

describe('a budget that someone else wrote', () => {
  const DAY_MS = 24 * 60 * 60_000;
  const person = [77 as GitHubId];
  const spend = { removals: person, demotions: [], moves: [] };
  const allowed = { removals: 2, demotions: 0, moves: 0 };
  const later = String(Date.now() + 400 * DAY_MS);
  test.each([
    ['in the future', [later, '1', later, '2', '+inf', '3']],
    [
      'that is no id',
      ['now', 'x', 'now', '-1', 'now', '007', 'now', '9'.repeat(16), 'now', 'y'.repeat(100_000)],
    ],
  ])('%s does not stop removals', async (_, forged) => {
    const { prefix, keys } = open();
    const now = String(Date.now());
    await redis.raw.zadd(keys.removals, ...forged.map((word) => (word === 'now' ? now : word)));
    const budget = openBudget(redis.connection, prefix);
    expect((await budget.spent()).removals).toEqual(new Set());
    expect(await budget.reserve(spend, allowed)).toBe('reserved');
    expect((await budget.spent()).removals).toEqual(new Set(person));
    // What counts still counts.
    await redis.raw.zadd(keys.removals, now, '5');
    expect(await budget.reserve({ ...spend, removals: [78 as GitHubId] }, allowed)).toBe('over budget');
  });
});

describe('failed entries that someone else delayed', () => {
  test.each(['99999999999999', '+inf'])('until %s is taken again in time', async (score) => {
    const { queue, another, keys } = open();
    await queue.append(entry('a'));
    const [a] = await queue.take(ALL);
    await queue.fail([{ id: a?.id ?? '', reason: 'Permit said no' }]);
    await redis.raw.zadd(keys.due, score, a?.id ?? '', score, 'junk', score, 'junk too');
    expect(await queue.nextDueMs()).toBe(0);
    const taken = await another().take({ most: 10, retry: 'when due' });
    expect(taken.map(({ id, attempts }) => [id, attempts])).toEqual([[a?.id, 1]]);
    expect(await redis.raw.zcard(keys.due)).toBe(0);
  });
});

test('a forged last id is not the end of what a full run covers', async () => {
  const { queue, keys, repairs } = open();
  await queue.append(entry('a'));
  await redis.raw.xadd(keys.stream, HIGHEST, ...JUNK);
  const end = (await queue.end()) ?? '';
  expect(repairs()).toBe(1);
  await sleep(5);
  await queue.append(entry('b'));
  const { entries } = await queue.listUpTo(end);
  expect(entries.map((one) => one.entry?.login)).toEqual(['a', 'forged']);
});

test('the status tells the age of an entry with an id from the future', async () => {
  const { queue, keys, repairs } = open();
  await redis.raw.xadd(keys.stream, '99999999999999-7', ...JUNK);
  await queue.status();
  expect(repairs()).toBe(1);
  await sleep(1_100);
  expect((await queue.status()).oldestSeconds).toBeGreaterThanOrEqual(1);
});

describe('a key of another type', () => {
  test.each(['attempts', 'due', 'lookups'] as const)('at %s is replaced: nothing stops', async (name) => {
    const { queue, another, keys } = open();
    await queue.append(entry('a'));
    await redis.raw.set(keys[name], 'forged');
    expect(await queue.nextDueMs()).toBeUndefined();
    const [a] = await queue.take(ALL);
    await queue.fail([{ id: a?.id ?? '', reason: 'Permit said no' }]);
    expect(await queue.list()).toMatchObject([{ state: 'failed', attempts: 1 }]);
    await queue.settle((await another().take(ALL)).map(({ id }) => id));
    expect((await queue.status()).pending).toBe(0);
  });

  test('at the last run or the listings is replaced', async () => {
    const { prefix, keys } = open();
    await redis.raw.rpush(keys.lastRun, 'forged');
    await redis.raw.rpush(keys.listings, 'forged');
    const record = openRunRecord(redis.connection, prefix);
    expect(await record.read()).toBeUndefined();
    await record.write({ at: '2026-01-01T00:00:00Z', members: {}, managed: 1, plain: true });
    expect(await record.read()).toMatchObject({ managed: 1 });
    expect(await openListingBudget(redis.connection, prefix).take(['acme'], 'bounded')).toBe(0);
  });

  test.each([
    ['stream', 'stream'],
    ['dead', 'hash'],
    ['lock', 'string'],
    ['removals', 'sorted set'],
    ['binding', 'hash'],
  ] as const)('at %s is named, with what repairs it', async (name, kind) => {
    const { queue, prefix, keys } = open();
    const key = keys[name];
    await redis.raw.del(key);
    await redis.raw.rpush(key, 'forged');
    const work = async () => {
      await bind(redis.connection, prefix, { owner: 'default' });
      await openLock(redis.connection, prefix, { command: 'test' }).acquire(0, new AbortController().signal);
      await openBudget(redis.connection, prefix).spent();
      await queue.status();
    };
    await expect(work()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`the key ${key} holds a list where the queue keeps a ${kind}`),
      hint: expect.stringContaining(`redis-cli DEL '${key}'`),
    });
  });
});

describe('entries that another drain holds', () => {
  const heldBy = (prefix: string, heldAfterMs: number): Queue =>
    openQueue(redis.connection, { prefix, heldAfterMs });

  test('are left to it while they are young', async () => {
    const { queue, another, prefix } = open();
    await queue.append(entry('a'));
    expect(await logins(another())).toEqual(['a']);
    const young = heldBy(prefix, 60_000);
    expect([await young.isHeldTooLong(), await young.takeHeld()]).toEqual([false, []]);
  });

  test('are taken once they are old, however many they are, and even if the holder renews its claim', async () => {
    const { queue, another, prefix } = open();
    const all = Array.from({ length: 450 }, (_, i) => `person-${i}`);
    for (const login of all) await queue.append(entry(login));
    const holder = another();
    const ids = (await holder.take(ALL)).map(({ id }) => id);
    await sleep(5);
    await holder.keep(ids);
    const old = heldBy(prefix, 1);
    expect(await old.isHeldTooLong()).toBe(true);
    expect((await old.takeHeld()).map((one) => one.entry?.login)).toEqual(all);
    await holder.fail(ids.map((id) => ({ id, reason: 'not mine anymore' })));
    await old.release(ids);
    expect(await old.isHeldTooLong()).toBe(false);
    expect(await logins(another())).toHaveLength(450);
  });
});
