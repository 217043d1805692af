import { describe, expect, test } from 'vitest';
import { renameUser } from '../../src/demo/github/github.ts';
import { type DrainStage, drain, idOf, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

/** 25 % of so many people may move within 24 hours. */
const MEMBERS = 12;
const ALLOWED = 3;
const PEOPLE = Array.from({ length: 6 }, (_, i) => `person-000${i + 1}`);
const NEW_KEY = ['--user-key', 'github|{id}'];

const moved = (stage: DrainStage): readonly string[] =>
  Object.keys(stage.held()).filter((key) => key.startsWith('github|'));

describe('a changed users.key moves no more people in a day than the limit allows', () => {
  test('by runs that are narrowed to one person at a time', async () => {
    const stage = await syncedStage(redis, MEMBERS);
    const codes: (number | null)[] = [];
    for (const login of PEOPLE)
      codes.push((await stage.run(['reconcile', '--user', login, ...NEW_KEY])).code);
    expect(codes).toEqual([0, 0, 0, 3, 3, 3]);
    expect(moved(stage)).toHaveLength(ALLOWED);
    const { json } = await stage.report('reconcile', '--user', 'person-0006', ...NEW_KEY);
    expect(json.guard.violations).toEqual([
      { limit: 'moves', allowed: ALLOWED, planned: 4, earlier: 3, override: '--allow-moves 4' },
    ]);
    expect(
      (await stage.run(['reconcile', '--user', 'person-0006', ...NEW_KEY, '--allow-moves', '4'])).code,
    ).toBe(0);
    expect(moved(stage)).toHaveLength(4);
  });

  test('by one webhook at a time; the others wait', async () => {
    const stage = await syncedStage(redis, MEMBERS);
    const codes: (number | null)[] = [];
    for (const login of PEOPLE) {
      await stage.hear(login, idOf(stage, login), { action: 'member_added' });
      codes.push((await drain(stage, ...NEW_KEY)).code);
    }
    expect(codes).toEqual([0, 0, 0, 3, 3, 3]);
    expect(moved(stage)).toHaveLength(ALLOWED);
    const { json } = await drain(stage, ...NEW_KEY);
    expect(json.queue.waiting).toBe(3);
  });

  test('by webhooks all at once', async () => {
    const stage = await syncedStage(redis, MEMBERS);
    for (const login of PEOPLE) await stage.hear(login, idOf(stage, login), { action: 'member_added' });
    const { code, json } = await drain(stage, ...NEW_KEY);
    expect({ code, queue: json.queue }).toEqual({ code: 3, queue: { settled: 3, failed: 0, waiting: 3 } });
    expect(moved(stage)).toHaveLength(ALLOWED);
  });

  test('by drains and full runs together', async () => {
    const stage = await syncedStage(redis, MEMBERS, 'limits: { moves: 100% }\n');
    for (const login of PEOPLE.slice(0, 2)) {
      await stage.hear(login, idOf(stage, login), { action: 'member_added' });
    }
    expect((await drain(stage, ...NEW_KEY)).code).toBe(0);
    // Those two count, and everyone once.
    const full = await stage.report('reconcile', '--dry-run', ...NEW_KEY);
    expect(full.code).toBe(0);
    expect((await stage.run(['reconcile', ...NEW_KEY])).code).toBe(0);
    expect(moved(stage)).toHaveLength(MEMBERS);
    // Back again within the day: they are the same people.
    expect((await stage.run(['reconcile'])).code).toBe(0);
    expect(moved(stage)).toHaveLength(0);
  });
});

test('renames count against no limit, however many there are', async () => {
  const stage = await syncedStage(redis, MEMBERS, 'limits: { moves: 0 }\n');
  for (const login of PEOPLE) {
    const id = idOf(stage, login);
    renameUser(stage.github.world, login, `${login}-new`);
    await stage.hear(`${login}-new`, id, { action: 'member_added' });
  }
  const { code, json } = await drain(stage);
  expect({ code, queue: json.queue }).toEqual({ code: 0, queue: { settled: 6, failed: 0, waiting: 0 } });
  expect(Object.keys(stage.held()).filter((key) => key.endsWith('-new'))).toHaveLength(6);
});
