// Whoever can write to Redis may cause lookups and delay work until it is found out, and never blocks removals silently.
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { removeMember } from '../../src/demo/github/github.ts';
import { keysOf, type QueueKeys } from '../../src/queue/keys.ts';
import { type DrainStage, drain, idOf, syncedStage } from '../support/queue-stage.ts';
import { type TestRedis, useRedis } from '../support/redis.ts';

const redis = useRedis();
const HIGHEST = '18446744073709551615-18446744073709551615';
const LATER = Date.now() + 400 * 24 * 60 * 60_000;

type Tampering = (keys: QueueKeys, raw: TestRedis['raw']) => Promise<unknown>;

const flood: Tampering = (keys, raw) =>
  raw.zadd(keys.removals, ...Array.from({ length: 2_000 }, (_, i) => [LATER, i + 1]).flat());
const junk: Tampering = (keys, raw) =>
  raw.zadd(keys.removals, ...Array.from({ length: 2_000 }, (_, i) => [Date.now(), `x${i}`]).flat());
const cursor: Tampering = (keys, raw) => raw.xgroup('SETID', keys.stream, 'drain', HIGHEST);
const exhausted: Tampering = (keys, raw) => raw.xadd(keys.stream, HIGHEST, 'forged', 'entry');
/** Someone else claims every entry, and would claim it again before a minute is over. */
const claimed: Tampering = async (keys, raw) => {
  await raw.xreadgroup('GROUP', 'drain', 'forged', 'COUNT', 100, 'STREAMS', keys.stream, '>');
};
/** The same under the name of a drain: only the age of the entries shows it. */
const claimedAsDrain: Tampering = async (keys, raw) => {
  const entries = await raw.xrange(keys.stream, '-', '+');
  await raw.del(keys.stream);
  await raw.xgroup('CREATE', keys.stream, 'drain', '0', 'MKSTREAM');
  for (const [i, [, pairs]] of entries.entries()) {
    await raw.xadd(keys.stream, `${Date.now() - 16 * 60_000}-${i}`, ...pairs);
  }
  const name = `drain-${randomUUID()}`;
  await raw.xreadgroup('GROUP', 'drain', name, 'COUNT', 100, 'STREAMS', keys.stream, '>');
};
const types: Tampering = async (keys, raw) => {
  for (const key of [keys.attempts, keys.due, keys.lookups, keys.listings, keys.lastRun]) {
    await raw.del(key);
    await raw.sadd(key, 'forged');
  }
};

/** The leaver is due to be looked up again, so that the next drain believes GitHub. */
async function leave(stage: DrainStage): Promise<void> {
  const id = idOf(stage, 'person-0007');
  await stage.hear('person-0003', idOf(stage, 'person-0003'), { action: 'renamed' });
  expect((await drain(stage)).code).toBe(0);
  removeMember(stage.github.world, 'acme', 'person-0007');
  await stage.hear('person-0007', id);
}

const isWarned = (json: { readonly warnings: readonly { readonly code: string }[] }): boolean =>
  json.warnings.some(({ code }) => code === 'QUEUE_REPAIRED');

test.each([
  ['a budget full of the future', flood, false],
  ['a budget full of words', junk, false],
  ['a cursor behind the end', cursor, true],
  ['an exhausted id', exhausted, true],
  ['a claim of all entries', claimed, true],
  ['keys of other types', types, false],
] as const)('%s does not stop a removal by drain', async (_, tamper, warns) => {
  const stage = await syncedStage(redis);
  await leave(stage);
  await tamper(keysOf(stage.prefix), redis.raw);
  const { json } = await drain(stage);
  expect(stage.held()['person-0007']).toBeUndefined();
  expect(isWarned(json)).toBe(warns);
});

test('entries that a drain claims again and again are taken from it once they are old, and both commands say so', async () => {
  const stage = await syncedStage(redis);
  await leave(stage);
  await claimedAsDrain(keysOf(stage.prefix), redis.raw);
  expect((await stage.run(['doctor'])).stdout).toMatch(/1 entry older than 15 minutes is held by a drain/);
  const { code, json } = await drain(stage);
  expect(stage.held()['person-0007']).toBeUndefined();
  expect(code).toBe(0);
  expect(json.warnings.map((one) => one.code)).toEqual(['QUEUE_HELD']);
  expect(json.queue).toMatchObject({ settled: 1, waiting: 0 });
});

test.each([
  ['a budget full of the future', flood],
  ['a budget full of words', junk],
  ['keys of other types', types],
  ['an exhausted id', exhausted],
] as const)('%s does not stop a removal by reconcile', async (_, tamper) => {
  const stage = await syncedStage(redis);
  await leave(stage);
  await tamper(keysOf(stage.prefix), redis.raw);
  const { json, code } = await stage.report('reconcile', '--drain');
  // Repairs during the run are reported as clearly as in a drain.
  const warns = tamper === exhausted;
  expect({ code, status: json.status }).toEqual(
    warns ? { code: 4, status: 'partial' } : { code: 0, status: 'applied' },
  );
  expect(isWarned(json)).toBe(warns);
  expect(stage.held()['person-0007']).toBeUndefined();
});

describe('a run reports what it ignores or repairs', () => {
  const lock: Tampering = (keys, raw) => raw.set(keys.lock, 'forged {}');
  const BUDGET = /^BUDGET_FORGED the budget of removals .*2,000 values .*do not count.*redis-cli DEL/;
  const LOCK = /^LOCK_FORGED the lock .*no expiry.*30 s.*who can write to this Redis/;
  const forged = ({ warnings }: { readonly warnings: readonly { code: string; message: string }[] }) =>
    warnings.filter(({ code }) => code.endsWith('_FORGED')).map(({ code, message }) => `${code} ${message}`);

  test.each([
    ['values in the future', flood],
    ['values that are no ids', junk],
  ])('%s in the budget, and the exit code is unchanged', async (_, tamper) => {
    const stage = await syncedStage(redis);
    await leave(stage);
    await tamper(keysOf(stage.prefix), redis.raw);
    const dry = await stage.report('reconcile', '--dry-run');
    expect({ code: dry.code, told: forged(dry.json) }).toEqual({
      code: 0,
      told: [expect.stringMatching(BUDGET)],
    });
    const drained = await drain(stage);
    expect({ code: drained.code, told: forged(drained.json) }).toEqual({
      code: 0,
      told: [expect.stringMatching(BUDGET)],
    });
  });

  test('a lock without expiry, even if a run waits for it', async () => {
    const stage = await syncedStage(redis);
    await leave(stage);
    const keys = keysOf(stage.prefix);
    for (const command of [['reconcile'], ['drain', '--settle', '0']]) {
      await lock(keys, redis.raw);
      const { json, code } = await stage.report(...command, '--lock-wait', '0');
      expect({ code, error: json.error?.code, told: forged(json) }).toEqual({
        code: 1,
        error: 'LOCKED',
        told: [expect.stringMatching(LOCK)],
      });
    }
    await redis.raw.set(keys.lock, 'forged {}');
    setTimeout(() => void redis.raw.del(keys.lock), 500).unref();
    const { json, code } = await stage.report('reconcile', '--lock-wait', '20s');
    expect({ code, told: forged(json) }).toEqual({ code: 0, told: [expect.stringMatching(LOCK)] });
  });

  test('records left in the budget from earlier days are not a forgery', async () => {
    const stage = await syncedStage(redis);
    const keys = keysOf(stage.prefix);
    await redis.raw.zadd(keys.removals, Date.now() - 3 * 24 * 60 * 60_000, '77', Date.now(), '78');
    expect(forged((await stage.report('reconcile')).json)).toEqual([]);
  });
});

test.each(['stream', 'dead', 'lock', 'removals', 'binding'] as const)(
  'another type at %s is named by drain and by doctor, and its repair lets the removal through',
  async (name) => {
    const stage = await syncedStage(redis);
    await leave(stage);
    const key = keysOf(stage.prefix)[name];
    await redis.raw.del(key);
    await redis.raw.sadd(key, 'forged');
    const refused = await stage.run(['drain', '--settle', '0']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`redis-cli DEL '${key}'`);
    expect((await stage.run(['doctor'])).stdout).toContain(`redis-cli DEL '${key}'`);
    await redis.raw.del(key);
    await stage.run(['reconcile']);
    expect(stage.held()['person-0007']).toBeUndefined();
  },
);
