import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keysOf } from '../../src/queue/keys.ts';
import { openLock } from '../../src/queue/lock.ts';
import { openQueue, type Queue } from '../../src/queue/queue.ts';
import { openRedis } from '../../src/queue/redis.ts';
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
  test.each([HIGHEST, '9999999999999-0', '$'])('that somebody moved to %s hides no entry', async (cursor) => {
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
  });

  test('an entry that somebody acknowledged without doing it is taken again', async () => {
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

describe('a lock that never lapses', () => {
  test.each([undefined, 10 * 60_000])(
    'by itself (lifetime %j) lapses as that of a dead run does',
    async (ttl) => {
      const { prefix, keys } = open();
      await redis.raw.set(keys.lock, 'forged {}');
      if (ttl !== undefined) await redis.raw.pexpire(keys.lock, ttl);
      const lock = openLock(redis.connection, prefix, { command: 'test', lapseMs: 300 });
      const lease = await lock.acquire(60_000, new AbortController().signal);
      await lease.prove();
      await lease.release();
    },
  );
});

test('a full Redis takes nothing new, and can be drained', async () => {
  const server = await startRedis();
  onTestFinished(server.remove);
  const connection = await openRedis({ url: server.url });
  onTestFinished(connection.close);
  const queue = openQueue(connection, { prefix: 'full' });
  for (const name of ['a', 'b', 'c', 'd']) await queue.append(entry(name));
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  await admin.config('SET', 'maxmemory', '1mb');
  await expect(queue.append(entry('e'))).rejects.toThrow(/has no memory left/);

  const lock = openLock(connection, 'full', { command: 'test' });
  const lease = await lock.acquire(0, new AbortController().signal);
  const [a, b, c, d] = await openQueue(connection, { prefix: 'full' }).take(ALL);
  await lease.prove();
  expect(d).toBeDefined();
  await queue.settle([a?.id ?? '', b?.id ?? '']);
  await queue.settle([c?.id ?? '', d?.id ?? '']);
  await lease.release();
  expect((await queue.status()).pending).toBe(0);
});
