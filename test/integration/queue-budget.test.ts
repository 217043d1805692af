import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GitHubId } from '../../src/model/identity.ts';
import type { LimitName } from '../../src/model/limits.ts';
import type { Budget, Spending } from '../../src/model/webhooks/queue.ts';
import { bind } from '../../src/queue/binding.ts';
import { openBudget } from '../../src/queue/budget.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openRunRecord } from '../../src/queue/run-memory.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

const people = (
  removals: readonly number[],
  demotions: readonly number[] = [],
  moves: readonly number[] = [],
): Spending => ({
  removals: removals as readonly GitHubId[],
  demotions: demotions as readonly GitHubId[],
  moves: moves as readonly GitHubId[],
});
/** How many may count; nobody where a limit is not named. */
const most = (limits: Partial<Record<LimitName, number>> = {}) => ({
  removals: 0,
  demotions: 0,
  moves: 0,
  ...limits,
});
const open = (windowMs?: number) => {
  const prefix = redis.prefix();
  return { budget: openBudget(redis.connection, prefix, { windowMs }), keys: keysOf(prefix) };
};
const spentOn = async (budget: Budget) => {
  const spent = await budget.spent();
  return Object.fromEntries(
    Object.entries(spent)
      .filter(([, ids]) => ids.size > 0)
      .map(([name, ids]) => [name, [...ids].toSorted()]),
  );
};

describe('the budget', () => {
  test('reserves everyone or no one, and counts a person once', async () => {
    const { budget } = open();
    const allowed = most({ removals: 3, demotions: 1 });
    expect(await budget.reserve(people([]), most())).toBe('reserved');
    expect(await budget.reserve(people([1, 2, 2], [9]), allowed)).toBe('reserved');
    expect(await budget.reserve(people([2, 1], [9]), allowed)).toBe('reserved');
    expect(await budget.reserve(people([3, 4]), allowed)).toBe('over budget');
    expect(await budget.reserve(people([3], [8]), allowed)).toBe('over budget');
    expect(await spentOn(budget)).toEqual({ removals: [1, 2], demotions: [9] });
    expect(await budget.reserve(people([3]), allowed)).toBe('reserved');
    // Who counts already may be tried again, even where an override has raised the number beyond what is allowed now.
    expect(await budget.reserve(people([1, 2, 3]), most())).toBe('reserved');
    expect(await budget.reserve(people([4]), most())).toBe('over budget');
    expect(await spentOn(budget)).toEqual({ removals: [1, 2, 3], demotions: [9] });
  });

  test('a limit of zero lets nobody through', async () => {
    const { budget } = open();
    expect(await budget.reserve(people([1]), most({ demotions: 5 }))).toBe('over budget');
    expect(await budget.reserve(people([], [1]), most({ removals: 5 }))).toBe('over budget');
    expect(await spentOn(budget)).toEqual({});
  });

  test('rolls: a reservation older than the window does not count', async () => {
    const { budget } = open(300);
    const allowed = most({ removals: 1 });
    expect(await budget.reserve(people([1]), allowed)).toBe('reserved');
    expect(await budget.reserve(people([2]), allowed)).toBe('over budget');
    await sleep(350);
    expect(await spentOn(budget)).toEqual({});
    expect(await budget.reserve(people([2]), allowed)).toBe('reserved');
    expect(await spentOn(budget)).toEqual({ removals: [2] });
  });

  test('a retried person counts from then on', async () => {
    const { budget, keys } = open(60_000);
    await budget.reserve(people([1]), most({ removals: 1 }));
    const before = Number(await redis.raw.zscore(keys.removals, '1'));
    await sleep(5);
    await budget.reserve(people([1]), most({ removals: 1 }));
    expect(Number(await redis.raw.zscore(keys.removals, '1'))).toBeGreaterThan(before);
  });

  test('never more distinct people than allowed, whatever the interleaving', async () => {
    const ids = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 });
    const attempts = fc.array(fc.record({ removals: ids, demotions: ids, moves: ids }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(
        attempts,
        fc.record({ removals: fc.nat(12), demotions: fc.nat(12), moves: fc.nat(12) }),
        async (tries, allowed) => {
          const { budget } = open();
          const answers = await Promise.all(
            tries.map((one) => budget.reserve(people(one.removals, one.demotions, one.moves), allowed)),
          );
          const letThrough = tries.filter((_, i) => answers[i] === 'reserved');
          const spent = await budget.spent();
          for (const name of ['removals', 'demotions', 'moves'] as const) {
            expect(spent[name]).toEqual(new Set(letThrough.flatMap((one) => one[name])));
            expect(spent[name].size).toBeLessThanOrEqual(allowed[name]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('reservations of an earlier version, without moves, still count', async () => {
    const { budget, keys } = open();
    await redis.raw.zadd(keys.removals, Date.now(), '1');
    expect(await spentOn(budget)).toEqual({ removals: [1] });
    expect(await budget.reserve(people([2]), most({ removals: 1 }))).toBe('over budget');
    expect(await budget.reserve(people([1], [], [2, 3]), most({ removals: 1, moves: 2 }))).toBe('reserved');
    expect(await budget.reserve(people([], [], [4]), most({ moves: 2 }))).toBe('over budget');
    expect(await spentOn(budget)).toEqual({ removals: [1], moves: [2, 3] });
  });

  test('entries that none of our runs wrote do not count', async () => {
    const { budget, keys } = open();
    await redis.raw.zadd(keys.removals, '+inf', '__proto__', '+inf', '1.5');
    expect(await spentOn(budget)).toEqual({});
    expect(await budget.reserve(people([1]), most())).toBe('over budget');
    expect(await budget.reserve(people([1]), most({ removals: 1 }))).toBe('reserved');
  });
});

describe('the prefix belongs to one owner and one Permit environment', () => {
  test('the first one that knows them decides', async () => {
    const prefix = redis.prefix();
    const to = (owner: string, environment?: string, mode?: 'check') =>
      bind(redis.connection, prefix, { owner, environment }, mode);
    await to('acme', 'env-1', 'check');
    await to('somebody', undefined, 'check');
    await to('acme');
    await to('acme', 'env-1');
    await to('acme', 'env-1');
    await to('acme');
    for (const [owner, environment] of [['other'], ['other', 'env-1'], ['acme', 'env-2']] as const) {
      for (const mode of [undefined, 'check'] as const) {
        await expect(to(owner, environment, mode)).rejects.toMatchObject({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining(`"${prefix}"`),
          hint: expect.stringContaining('redis.prefix'),
        });
      }
    }
    expect(await redis.raw.hgetall(keysOf(prefix).binding)).toEqual({ owner: 'acme', environment: 'env-1' });
  });

  test('sanitizes what someone else has recorded', async () => {
    const prefix = redis.prefix();
    await redis.raw.hset(keysOf(prefix).binding, 'owner', `\u001b[31m${'x'.repeat(100_000)}`);
    const error = await bind(redis.connection, prefix, { owner: 'acme' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((error as Error).message).not.toMatch(/\p{Cc}/u);
    expect((error as Error).message.length).toBeLessThan(500);
  });
});

describe('the record of the last full run', () => {
  test.each([
    ['without a mirror', {}],
    ['with one', { graph: { repositories: 12, links: 340 } }],
  ])('comes out as it went in, %s', async (_, mirrored) => {
    const record = openRunRecord(redis.connection, redis.prefix());
    expect(await record.read()).toBeUndefined();
    const run = {
      at: '2026-01-02T03:04:05.678Z',
      members: { acme: 412, 'acme-labs': 0 },
      managed: 400,
      plain: true,
      ...mirrored,
    };
    await record.write(run);
    expect(await record.read()).toEqual(run);
  });

  test.each([
    'null',
    '[]',
    '{"at":5,"members":{},"managed":1}',
    '{"at":"2026-01-02T03:04:05Z","members":{},"managed":-1}',
    '{"at":"2026-01-02T03:04:05Z","members":{}}',
    '{"at":"never","members":{},"managed":1}',
    '{"at":"2026-01-02T03:04:05Z","members":{"acme":-1},"managed":1}',
    '{"at":"2026-01-02T03:04:05Z","members":{"acme":"412"},"managed":1}',
    '{"at":"2026-01-02T03:04:05Z"}',
    '\u0000',
    `{"at":"2026-01-02T03:04:05Z","members":{},"x":"${'x'.repeat(2_000_000)}"}`,
  ])('and counts as never written if it is invalid: %.60s', async (text) => {
    const prefix = redis.prefix();
    await redis.raw.set(keysOf(prefix).lastRun, text);
    expect(await openRunRecord(redis.connection, prefix).read()).toBeUndefined();
  });

  test('an organization may have any name', async () => {
    const prefix = redis.prefix();
    await redis.raw.set(
      keysOf(prefix).lastRun,
      '{"at":"2026-01-02T03:04:05Z","members":{"__proto__":7},"managed":0,"plain":true}',
    );
    const { members } = (await openRunRecord(redis.connection, prefix).read()) ?? { members: {} };
    expect(Object.entries(members)).toEqual([['__proto__', 7]]);
    expect(members.constructor).toBeUndefined();
  });
});
