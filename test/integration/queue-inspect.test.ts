import { describe, expect, test } from 'vitest';
import { inspectQueue } from '../../src/queue/inspect.ts';
import { keysOf, type QueueKeys } from '../../src/queue/keys.ts';
import { openQueue } from '../../src/queue/queue.ts';
import type { TestRedis } from '../support/redis.ts';
import { useRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const redis = useRedis();
const HIGHEST = '18446744073709551615-18446744073709551615';
const LATER = String(Date.now() + 400 * 24 * 60 * 60_000);

async function look(prefix: string): Promise<Record<string, string>> {
  const findings = await inspectQueue(redis.connection, prefix, { owner: 'default' });
  return Object.fromEntries(
    findings.map(({ id, status, message, hint }) => [id, `${status}: ${message}; ${hint ?? ''}`]),
  );
}

/** What is in Redis, as it is stored. */
const dump = async (keys: QueueKeys) =>
  Promise.all(Object.values(keys).map((key) => redis.raw.dumpBuffer(key)));

test('describes a queue in use, and changes nothing', async () => {
  const prefix = redis.prefix();
  expect(await look(prefix)).toEqual({ 'redis.queue': 'ok: 0 entries in the queue; 0 dead letters; ' });
  const queue = openQueue(redis.connection, { prefix });
  await queue.append(entry('a'));
  await queue.take({ most: 1, retry: 'now' });
  await queue.append(entry('b'));
  const keys = keysOf(prefix);
  await redis.raw.zadd(keys.removals, Date.now(), '7');
  const before = await dump(keys);
  expect(await look(prefix)).toEqual({
    'redis.queue': expect.stringMatching(/^ok: 2 entries in the queue, the oldest for \d s; 0 dead letters/),
    'redis.budget:removals': expect.stringMatching(/^ok: 1 person of the last 24 hours.*redis-cli DEL/),
  });
  expect(await dump(keys)).toEqual(before);
});

test('a budget counts people, repositories or links', async () => {
  const prefix = redis.prefix();
  const keys = keysOf(prefix);
  await redis.raw.zadd(keys.moves, Date.now(), '7', Date.now(), '8');
  await redis.raw.zadd(keys.repositories, Date.now(), '1', Date.now(), '2');
  await redis.raw.zadd(keys.links, Date.now(), '1');
  expect(await look(prefix)).toMatchObject({
    'redis.budget:moves': expect.stringMatching(/^ok: 2 people of the last 24 hours count against .* moves;/),
    'redis.budget:repositories': expect.stringMatching(/^ok: 2 repositories of .* count against/),
    'redis.budget:links': expect.stringMatching(/^ok: 1 link of .* counts against/),
  });
});

type Tampering = (keys: QueueKeys, raw: TestRedis['raw']) => Promise<unknown>;

describe('reports what no run wrote, and how to repair it', () => {
  const cases: readonly (readonly [string, Tampering, string, RegExp])[] = [
    [
      'a budget in the future',
      (keys, raw) => raw.zadd(keys.removals, LATER, '1', LATER, '2'),
      'redis.budget:removals',
      /^warning: .*2 values.*redis-cli DEL '/,
    ],
    [
      'a budget of no ids',
      (keys, raw) => raw.zadd(keys.moves, Date.now(), 'x'),
      'redis.budget:moves',
      /^warning: .*1 value .*redis-cli DEL '/,
    ],
    [
      'a lock that never expires',
      (keys, raw) => raw.set(keys.lock, 'x {}'),
      'redis.lock',
      /^warning: .*never expires/,
    ],
    [
      'a lock for a year',
      (keys, raw) => raw.set(keys.lock, 'x {}', 'EX', 31_000_000),
      'redis.lock',
      /^warning: .*much too late/,
    ],
    [
      'a cursor in the future',
      async (keys, raw) => {
        await raw.xgroup('CREATE', keys.stream, 'drain', '0', 'MKSTREAM');
        await raw.xadd(keys.stream, '*', 'a', 'b');
        await raw.xgroup('SETID', keys.stream, 'drain', HIGHEST);
      },
      'redis.cursor',
      /^warning: .*hides 1 entry/,
    ],
    [
      'an exhausted id',
      (keys, raw) => raw.xadd(keys.stream, HIGHEST, 'a', 'b'),
      'redis.ids',
      /^warning: .*18446744073709551615/,
    ],
    [
      'a far-future id',
      (keys, raw) => raw.xadd(keys.stream, `${LATER}-1`, 'a', 'b'),
      'redis.ids',
      /^warning: .*from the future/,
    ],
    [
      'a failed entry put off',
      (keys, raw) => raw.zadd(keys.due, LATER, '1-1'),
      'redis.due',
      /^warning: .*are retried/,
    ],
    [
      'a listing in the future',
      (keys, raw) => raw.hset(keys.listings, 'acme', LATER),
      'redis.listings',
      /^warning: .*are ignored/,
    ],
    [
      'a team that is no id',
      (keys, raw) => raw.hset(keys.teams, '1:platform', 'x'),
      'redis.teams',
      /^warning: .*frozen.*#ID/,
    ],
    [
      'an odd last run',
      (keys, raw) => raw.set(keys.lastRun, '{'),
      'redis.last-run',
      /^warning: .*can't be read/,
    ],
    [
      'another owner',
      (keys, raw) => raw.hset(keys.binding, 'owner', 'eve'),
      'redis.binding',
      /^failed: .*"eve".*delete the key/,
    ],
  ];
  test.each(cases)('%s', async (_, tamper, id, words) => {
    const prefix = redis.prefix();
    await tamper(keysOf(prefix), redis.raw);
    expect((await look(prefix))[id]).toMatch(words);
  });

  test.each(Object.keys(keysOf('x')) as (keyof QueueKeys)[])('%s of another type', async (name) => {
    const prefix = redis.prefix();
    const key = keysOf(prefix)[name];
    await redis.raw.sadd(key, 'forged');
    const found = await look(prefix);
    expect(found['redis.types']).toMatch(/^failed: .* holds a set where the queue keeps a /);
    expect(found['redis.types']).toContain(`redis-cli DEL '${key}'`);
  });
});
