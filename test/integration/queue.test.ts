import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_ATTEMPTS, type QueueEntry, type TakenEntry } from '../../src/model/webhooks/queue.ts';
import { hearArrivals } from '../../src/queue/arrivals.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openQueue, type Queue, type QueueOptions } from '../../src/queue/queue.ts';
import { useRedis } from '../support/redis.ts';
import { entry } from '../unit/queue/entries.ts';

const redis = useRedis();

/** A separate queue; `another` adds more drains on it. */
function open(options: Omit<QueueOptions, 'prefix'> = {}) {
  const prefix = redis.prefix();
  const another = (): Queue => openQueue(redis.connection, { prefix, ...options });
  return { queue: another(), another, keys: keysOf(prefix) };
}

const ALL = { most: 100, retry: 'now' } as const;
const logins = (taken: readonly TakenEntry[]): readonly (string | undefined)[] =>
  taken.map((one) => one.entry?.login);
const ids = (taken: readonly TakenEntry[]): readonly string[] => taken.map(({ id }) => id);

async function fill(queue: Queue, ...names: readonly string[]): Promise<void> {
  for (const name of names) expect(await queue.append(entry(name))).toBe('queued');
}

/** Fails one entry until it is dead. */
async function bury(queue: Queue, reason = 'Permit said no'): Promise<void> {
  for (let i = 0; i < MAX_ATTEMPTS; i++) {
    const taken = await queue.take({ most: 1, retry: 'now' });
    await queue.fail(taken.map(({ id }) => ({ id, reason })));
  }
}

describe('what was appended is taken, once and in order', () => {
  test('an entry comes out as it went in', async () => {
    const { queue } = open();
    const entries: readonly QueueEntry[] = [
      entry('octocat'),
      entry('x', { login: undefined, id: undefined, event: 'team', team: 4242, orgId: undefined }),
      entry('x', { login: undefined, id: undefined, event: 'repository', action: 'renamed', repository: 77 }),
      entry('renovate[bot]', { org: 'Acme_Labs-', event: 'membership', action: 'removed' }),
    ];
    for (const one of entries) await queue.append(one);
    const taken = await queue.take(ALL);
    expect(taken.map((one) => one.entry)).toEqual(entries);
    expect(taken.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
  });

  test('a taken entry is nobody else’s until it is released', async () => {
    const { queue, another } = open();
    await fill(queue, 'a', 'b', 'c');
    const other = another();
    expect(logins(await queue.take({ most: 2, retry: 'now' }))).toEqual(['a', 'b']);
    expect(logins(await other.take(ALL))).toEqual(['c']);
    expect(await other.take(ALL)).toEqual([]);
  });

  test('no more than asked for, and none that arrived after the mark', async () => {
    const { queue } = open();
    expect(await queue.end()).toBeUndefined();
    await fill(queue, 'a', 'b', 'c');
    const mark = await queue.end();
    await fill(queue, 'd');
    const [first] = await queue.take({ most: 1, retry: 'now', upTo: mark });
    expect(first?.entry?.login).toBe('a');
    expect(logins(await queue.take({ ...ALL, upTo: mark }))).toEqual(['b', 'c']);
    expect(await queue.take({ ...ALL, upTo: mark })).toEqual([]);
    await queue.release(first ? [first.id] : []);
    expect(logins(await queue.take(ALL))).toEqual(['a', 'd']);
    expect(await queue.take({ ...ALL, upTo: 'nonsense' })).toEqual([]);
  });

  test('the end of the queue stays known after everything is settled', async () => {
    const { queue } = open();
    await fill(queue, 'a');
    const end = await queue.end();
    await queue.settle(ids(await queue.take(ALL)));
    expect(await queue.end()).toBe(end);
    expect(await queue.status()).toEqual({ pending: 0, dead: 0, oldestSeconds: null });
  });

  test('a thousand entries, several drains at once: each entry goes to one of them', async () => {
    const { queue, another } = open();
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => queue.append(entry(`p-${i}`))));
    const drains = [queue, another(), another(), another()];
    const taken = await Promise.all(
      drains.map(async (drain) => {
        const mine: TakenEntry[] = [];
        for (let page = await drain.take({ most: 37, retry: 'now' }); page.length > 0; ) {
          mine.push(...page);
          page = await drain.take({ most: 37, retry: 'now' });
        }
        return mine;
      }),
    );
    const all = ids(taken.flat());
    expect(all).toHaveLength(1_000);
    expect(new Set(all).size).toBe(1_000);
    await queue.settle(all);
    expect((await queue.status()).pending).toBe(0);
  });
});

describe('what GitHub contradicts', () => {
  const DUE_LATER = { most: 9, retry: 'when due' } as const;

  test('waits longer after each lookup, without an attempt', async () => {
    const { queue, another, keys } = open();
    await fill(queue, 'a');
    for (const [i, waitMs] of [10_000, 30_000, 180_000].entries()) {
      const [one] = await queue.take(ALL);
      expect(one).toMatchObject({ lookup: i + 1, attempts: 0 });
      await queue.lookAgain([{ id: one?.id ?? '', lookup: i + 1 }]);
      expect(await another().take(DUE_LATER)).toEqual([]);
      expect(await queue.list()).toMatchObject([{ state: 'waiting', lookup: i + 1, attempts: 0 }]);
      const dueMs = await queue.nextDueMs();
      expect(dueMs).toBeLessThanOrEqual(waitMs);
      expect(dueMs).toBeGreaterThan(waitMs / 2);
      await redis.raw.hset(keys.lookups, one?.id ?? '', `${i + 1} 1`);
      await redis.raw.zadd(keys.due, 1, one?.id ?? '');
    }
    const [last] = await another().take(DUE_LATER);
    expect(last).toMatchObject({ lookup: 4, attempts: 0 });
    await queue.settle([last?.id ?? '']);
    expect(await redis.raw.exists(keys.lookups, keys.due)).toBe(0);
  });

  test('a lookup that comes too early keeps the count, and does not delay the next one', async () => {
    const { queue } = open();
    await fill(queue, 'a');
    const [one] = await queue.take(ALL);
    await queue.lookAgain([{ id: one?.id ?? '', lookup: 1 }]);
    const before = await queue.nextDueMs();
    for (let i = 0; i < 3; i++) {
      const [early] = await queue.take(ALL);
      expect(early?.lookup).toBe(1);
      await queue.lookAgain([{ id: early?.id ?? '', lookup: 1 }]);
    }
    expect(await queue.nextDueMs()).toBeLessThanOrEqual(before ?? 0);
  });

  test('an entry that another drain holds stays with it; for one that nobody holds only the lookup is recorded', async () => {
    const { queue, another } = open();
    await fill(queue, 'a', 'b');
    const [a] = await queue.take({ most: 1, retry: 'now' });
    const b = await queue.end();
    await another().lookAgain([
      { id: a?.id ?? '', lookup: 1 },
      { id: b ?? '', lookup: 1 },
    ]);
    expect((await queue.list()).map(({ state, lookup }) => [state, lookup])).toEqual([
      ['taken', 1],
      ['waiting', 1],
    ]);
    expect(logins(await another().take(ALL))).toEqual(['b']);
  });

  test.each(['', '9', '0 5', '1 99999999999999', 'x 1', '1 1 1', '-1 1'])(
    'ignores what someone else wrote (%j)',
    async (forged) => {
      const { queue, keys } = open();
      await fill(queue, 'a');
      await redis.raw.hset(keys.lookups, (await queue.end()) ?? '', forged);
      expect(await queue.take(ALL)).toMatchObject([{ lookup: 1 }]);
    },
  );
});

describe('what was given back', () => {
  test('released ones are for the next drain at once, and count no attempt', async () => {
    const { queue, another } = open();
    await fill(queue, 'a', 'b');
    for (let i = 0; i < 2 * MAX_ATTEMPTS; i++) await queue.release(ids(await queue.take(ALL)));
    await queue.leave();
    const taken = await another().take({ most: 9, retry: 'when due' });
    expect(taken.map(({ entry: one, attempts }) => [one?.login, attempts])).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
  });

  test('failed ones wait for their backoff, but not for a one-shot drain', async () => {
    const { queue, another } = open();
    await fill(queue, 'a', 'b');
    const [a, b] = await queue.take(ALL);
    if (!a || !b) throw new Error('nothing taken');
    await queue.fail([{ id: a.id, reason: 'Permit said no' }]);
    await queue.release([b.id]);
    expect(logins(await queue.take({ most: 9, retry: 'when due' }))).toEqual(['b']);
    expect(await queue.nextDueMs()).toBeGreaterThan(0);
    expect(await queue.nextDueMs()).toBeLessThanOrEqual(5_000);
    expect(await another().take(ALL)).toEqual([{ id: a.id, entry: a.entry, attempts: 1, lookup: 1 }]);
    expect(await queue.nextDueMs()).toBeUndefined();
  });

  test('a failed one is taken again when its backoff is over', async () => {
    const { queue } = open({ backoff: { firstMs: 20, longestMs: 40 } });
    await fill(queue, 'a');
    await queue.fail(ids(await queue.take(ALL)).map((id) => ({ id, reason: 'no' })));
    await sleep(30);
    expect(await queue.nextDueMs()).toBe(0);
    expect(logins(await queue.take({ most: 9, retry: 'when due' }))).toEqual(['a']);
  });

  test('the backoff doubles up to its longest', async () => {
    const { queue } = open({ backoff: { firstMs: 100_000, longestMs: 300_000 } });
    await fill(queue, 'a');
    for (const expected of [100_000, 200_000, 300_000, 300_000]) {
      await queue.fail(ids(await queue.take(ALL)).map((id) => ({ id, reason: 'no' })));
      const wait = (await queue.nextDueMs()) ?? 0;
      expect(wait).toBeLessThanOrEqual(expected);
      expect(wait).toBeGreaterThan(expected - 5_000);
    }
  });

  test('a failed one without a known due time is not forgotten', async () => {
    const { queue, keys } = open();
    await fill(queue, 'a');
    await queue.fail(ids(await queue.take(ALL)).map((id) => ({ id, reason: 'no' })));
    await redis.raw.del(keys.due);
    expect(logins(await queue.take({ most: 9, retry: 'when due' }))).toEqual(['a']);
  });
});

describe('a drain that died', () => {
  test('its entries are claimed once it has been silent for long enough', async () => {
    const { queue, another } = open({ claimAfterMs: 60 });
    await fill(queue, 'a', 'b');
    const dead = await queue.take(ALL);
    const other = another();
    expect(await other.take(ALL)).toEqual([]);
    await sleep(90);
    expect(await other.take(ALL)).toEqual(dead);
    // It was only paused: it no longer owns its entries.
    await queue.fail(ids(dead).map((id) => ({ id, reason: 'late' })));
    await queue.release(ids(dead));
    await queue.keep(ids(dead));
    expect(await queue.take(ALL)).toEqual([]);
    expect((await queue.list()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['taken', 0],
      ['taken', 0],
    ]);
  });

  test('one that reports that it is alive keeps its entries', async () => {
    const { queue, another } = open({ claimAfterMs: 150 });
    await fill(queue, 'a');
    const mine = ids(await queue.take(ALL));
    const other = another();
    for (let i = 0; i < 8; i++) {
      await sleep(40);
      await queue.keep(mine);
      expect(await other.take(ALL)).toEqual([]);
    }
  });

  test('names of drains that have left do not pile up', async () => {
    const { queue, another, keys } = open();
    await fill(queue, 'a');
    for (let i = 0; i < 5; i++) {
      const drain = another();
      await drain.release(ids(await drain.take(ALL)));
      await drain.leave();
    }
    const consumers = (await redis.raw.xinfo('CONSUMERS', keys.stream, 'drain')) as unknown[];
    expect(consumers).toHaveLength(1);
  });
});

describe('dead letters', () => {
  test('ten failures of its own make one, with its reason; nothing is left of it in the stream', async () => {
    const { queue, keys } = open();
    await fill(queue, 'a', 'b');
    await bury(queue, 'Permit said no\u001b[31m');
    expect(await queue.status()).toMatchObject({ pending: 1, dead: 1 });
    const listed = await queue.list();
    expect(
      listed.map(({ state, entry: one, attempts, reason }) => [state, one?.login, attempts, reason]),
    ).toEqual([
      ['waiting', 'b', 0, undefined],
      ['dead', 'a', MAX_ATTEMPTS, 'Permit said no[31m'],
    ]);
    expect(listed.at(-1)?.entry).toEqual(entry('a'));
    expect(await redis.raw.hlen(keys.attempts)).toBe(0);
    expect(await redis.raw.zcard(keys.due)).toBe(0);
    expect(logins(await queue.take(ALL))).toEqual(['b']);
  });

  test('retry puts them back at the end, without attempts', async () => {
    const { queue } = open();
    await fill(queue, 'a');
    await bury(queue);
    await fill(queue, 'b');
    const dead = (await queue.list()).filter(({ state }) => state === 'dead');
    expect(await queue.retry(['1-1'])).toBe(0);
    expect(await queue.retry(ids(dead))).toBe(1);
    const taken = await queue.take(ALL);
    expect(taken.map(({ entry: one, attempts }) => [one?.login, attempts])).toEqual([
      ['b', 0],
      ['a', 0],
    ]);
    expect(taken[1]?.entry).toEqual(entry('a'));
    expect((await queue.status()).dead).toBe(0);
    expect(await queue.retry('all')).toBe(0);
  });

  test('discard drops entries, dead letters, or all dead letters', async () => {
    const { queue, another } = open();
    await fill(queue, 'a', 'b', 'c');
    await bury(queue);
    await bury(queue);
    await fill(queue, 'd');
    const listed = await queue.list();
    expect(logins(listed)).toEqual(['c', 'd', 'a', 'b']);
    const [c, d, a] = ids(listed);
    const taken = await queue.take(ALL);
    expect(ids(taken)).toEqual([c, d]);
    expect(await another().discard([d ?? '', a ?? '', '1-1'])).toBe(2);
    expect(await queue.discard('all dead')).toBe(1);
    await queue.release(ids(taken));
    expect(logins(await queue.take(ALL))).toEqual(['c']);
    expect(await queue.status()).toMatchObject({ pending: 1, dead: 0 });
  });

  test('lists entries and dead letters up to the mark, whichever drain has taken them', async () => {
    const { queue, another } = open();
    await fill(queue, 'dead', 'taken', 'waiting');
    await bury(queue);
    const mark = (await queue.end()) ?? '';
    await another().take({ most: 1, retry: 'now' });
    await fill(queue, 'later');
    const { entries, dead } = await queue.listUpTo(mark);
    expect([logins(entries), logins(dead)]).toEqual([['taken', 'waiting'], ['dead']]);
    await queue.settle(ids(entries));
    await queue.settleDead(ids(dead));
    expect(logins(await queue.list())).toEqual(['later']);
    expect(await queue.listUpTo('nonsense')).toEqual({ entries: [], dead: [] });
  });

  test('many pages of both are read completely', async () => {
    const { queue, keys } = open();
    await Promise.all(Array.from({ length: 1_201 }, (_, i) => queue.append(entry(`p-${i}`))));
    const letters = Array.from({ length: 1_201 }, (_, i) => [`${i + 1}-0`, '["10","no","1"]']).flat();
    await redis.raw.hset(keys.dead, ...letters);
    const listed = await queue.list();
    expect(new Set(ids(listed)).size).toBe(2_402);
    expect((await queue.take({ most: 5_000, retry: 'now' })).length).toBe(1_201);
  });
});

describe('the size limit of the queue', () => {
  test('holds no matter how many append at once', async () => {
    const { queue, another } = open({ maxEntries: 50 });
    const receivers = [queue, another(), another()];
    const answers = await Promise.all(
      Array.from({ length: 150 }, (_, i) => receivers[i % 3]?.append(entry(`p-${i}`))),
    );
    expect(answers.filter((answer) => answer === 'queued')).toHaveLength(50);
    expect((await queue.status()).pending).toBe(50);
    await queue.settle(ids(await queue.take({ most: 1, retry: 'now' })));
    expect(await queue.append(entry('one-more'))).toBe('queued');
    expect(await queue.append(entry('too-many'))).toBe('full');
  });

  test('entries that arrive together are appended by one call, and each is answered for itself', async () => {
    const { queue } = open({ maxEntries: 5 });
    await fill(queue, 'first');
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.raw.info('commandstats'))?.[1]);
    const before = await calls();
    const together = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(together.map((name) => queue.append(entry(name))));
    expect((await calls()) - before).toBe(1);
    expect(answers).toEqual(['queued', 'queued', 'queued', 'queued', 'full', 'full']);
    expect(logins(await queue.take(ALL))).toEqual(['first', 'a', 'b', 'c', 'd']);
  });

  test('an entry is a few hundred bytes', async () => {
    const { queue, keys } = open();
    await queue.append(entry('x'.repeat(39)));
    const [message] = await redis.raw.xrange(keys.stream, '-', '+');
    expect(message?.[1].join('').length).toBeLessThan(300);
  });
});

describe('what someone else wrote to Redis', () => {
  const hostile = fc.array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          'delivery',
          'event',
          'action',
          'org',
          'orgId',
          'login',
          'id',
          'team',
          'at',
          '__proto__',
        ),
        fc.string({ unit: 'binary' }),
      ),
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom(
          'organization',
          'acme',
          '-1',
          '1e9',
          '9007199254740993',
          '../..',
          '\u0000',
          'x'.repeat(5_000),
        ),
      ),
    ),
    { minLength: 1, maxLength: 12 },
  );

  test('is treated as unreadable or as a valid entry, and ends where it belongs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 4 }), async (messages) => {
        const { queue, keys } = open();
        for (const fields of messages) await redis.raw.xadd(keys.stream, '*', ...fields.flat());
        await fill(queue, 'octocat');
        const taken = await queue.take(ALL);
        expect(taken).toHaveLength(messages.length + 1);
        expect(taken.at(-1)?.entry).toEqual(entry('octocat'));
        const junk = taken.filter((one) => one.entry === undefined);
        await queue.fail(junk.map(({ id }) => ({ id, reason: 'unreadable' })));
        await queue.settle(ids(taken.filter((one) => one.entry !== undefined)));
        expect(await queue.status()).toMatchObject({ pending: 0, dead: junk.length });
        expect(await queue.list()).toHaveLength(junk.length);
        expect(await queue.discard('all dead')).toBe(junk.length);
      }),
      { numRuns: 40 },
    );
  });

  test('of any size is truncated before it gets here', async () => {
    const { queue, keys } = open();
    await redis.raw.xadd(keys.stream, '*', 'login', 'x'.repeat(4_000_000), 'delivery', 'd');
    const [one] = await queue.take(ALL);
    expect(one).toMatchObject({ entry: undefined, attempts: 0 });
    await queue.fail([{ id: one?.id ?? '', reason: 'r'.repeat(100_000) }]);
    expect(await redis.raw.hstrlen(keys.dead, one?.id ?? '')).toBeLessThan(1_500);
    await redis.raw.hset(keys.dead, 'x'.repeat(1_000_000), 'y'.repeat(1_000_000));
    expect(JSON.stringify(await queue.list()).length).toBeLessThan(10_000);
    expect(await queue.discard('all dead')).toBe(2);
  });

  test('next to the entries breaks nothing', async () => {
    const { queue, keys } = open();
    await fill(queue, 'a');
    const [a] = await queue.take(ALL);
    await queue.fail([{ id: a?.id ?? '', reason: 'no' }]);
    await redis.raw.hset(keys.attempts, a?.id ?? '', 'x'.repeat(100_000));
    await redis.raw.zadd(keys.due, '-inf', 'no id', 1, '99999999999999999999999-1', 1, '7-7');
    await redis.raw.hset(keys.dead, 'no id', 'no json', '5-5', '{"__proto__":[]}', '6-6', '[1,[],{}]');
    expect(await queue.take({ most: 9, retry: 'when due' })).toEqual([]);
    expect(await queue.nextDueMs()).toBeGreaterThan(0);
    expect((await queue.list()).map(({ id, state }) => [id, state])).toEqual([
      [a?.id, 'failed'],
      ['no id', 'dead'],
      ['5-5', 'dead'],
      ['6-6', 'dead'],
    ]);
    expect(await queue.retry('all')).toBe(0);
    expect(await queue.take(ALL)).toEqual([{ ...a, attempts: 0 }]);
    await queue.settle(['99999999999999999999999-1', 'no id', a?.id ?? '']);
    expect((await queue.status()).pending).toBe(0);
  });

  test('and was deleted behind our back does not get stuck', async () => {
    const { queue, another, keys } = open({ claimAfterMs: 0 });
    await fill(queue, 'a', 'b', 'c', 'd');
    const [a, b, c] = await queue.take({ most: 3, retry: 'now' });
    await queue.fail([{ id: a?.id ?? '', reason: 'no' }]);
    await queue.release([b?.id ?? '']);
    await redis.raw.xdel(keys.stream, a?.id ?? '', b?.id ?? '', c?.id ?? '');
    expect(logins(await another().take({ most: 1, retry: 'now' }))).toEqual(['d']);
    const [pending] = (await redis.raw.xpending(keys.stream, 'drain')) as [number];
    expect(pending).toBe(1);
    expect([await redis.raw.hlen(keys.attempts), await redis.raw.zcard(keys.due)]).toEqual([0, 0]);
  });

  test('of another type under our keys is reported as someone else’s', async () => {
    const { queue, keys } = open();
    await redis.raw.set(keys.stream, 'a string');
    for (const call of [() => queue.append(entry('a')), () => queue.take(ALL), () => queue.end()]) {
      await expect(call()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        hint: expect.stringContaining('redis.prefix'),
      });
    }
  });
});

test('a separate connection sees the same queue', async () => {
  const { openRedis } = await import('../../src/queue/redis.ts');
  const { queue, keys } = open();
  await fill(queue, 'a');
  const other = await openRedis({ url: redis.url });
  onTestFinished(() => other.close());
  const prefix = keys.stream.slice(1, keys.stream.indexOf('}'));
  expect(logins(await openQueue(other, { prefix }).take(ALL))).toEqual(['a']);
});

test('a due time that outlived its entry is ignored: a watch would spin on it', async () => {
  const prefix = redis.prefix();
  const queue = openQueue(redis.connection, { prefix });
  // Somebody has deleted the stream to start anew.
  await redis.raw.zadd(keysOf(prefix).due, 1, '1-1');
  expect(await queue.nextDueMs()).toBe(0);
  await queue.take({ most: 10, retry: 'when due' });
  expect(await queue.nextDueMs()).toBeUndefined();
});

test('a waiting drain is notified of entries, until it is stopped', async () => {
  const prefix = redis.prefix();
  const queue = openQueue(redis.connection, { prefix });
  const over = new AbortController();
  let heard = 0;
  const hearing = hearArrivals({ url: redis.url, prefix }, () => heard++, over.signal);
  // Only what arrives while it waits is heard of.
  while (heard === 0) {
    await fill(queue, 'octocat');
    await sleep(10);
  }
  over.abort();
  await hearing;
});
