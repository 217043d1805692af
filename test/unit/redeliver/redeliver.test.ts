import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  type HookReading,
  hookOwner,
  type RedeliveryAnswer,
} from '../../../src/model/webhooks/redelivery.ts';
import { type RedeliverPorts, redeliver } from '../../../src/redeliver/redeliver.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const failed = (id: number, minutes: number): Attempt => ({
  id: String(id),
  guid: `guid-${id}`,
  deliveredAtMs: NOW - minutes * 60_000,
  event: 'membership',
  action: 'added',
  status: 'timed out',
  statusCode: 504,
});

type Lists = { readonly [org: string]: HookReading<readonly Attempt[]> };
const read = (...value: Attempt[]): HookReading<readonly Attempt[]> => ({ kind: 'read', value });
const refusal = { code: 'GITHUB_UNAVAILABLE', message: 'page 2 is missing', hint: 'later' } as const;
const barred = (from: 'owner' | 'everything'): RedeliveryAnswer => ({
  kind: 'barred',
  from,
  code: 'GITHUB_AUTH',
  message: 'you may not',
  hint: 'ask an owner',
});

/** A run over organizations with one webhook each; `answers` by the attempt, `requested` unless told otherwise. */
async function run(lists: Lists, answers: Record<string, RedeliveryAnswer> = {}, dryRun = false) {
  const asked: string[] = [];
  const ports: RedeliverPorts = {
    source: {
      listHooks: async () => ({
        kind: 'read',
        value: [{ id: 1, active: true, url: 'https://x.example.com/github-membership' }],
      }),
      readAppHook: async () => ({ kind: 'read', value: undefined }),
      listAttempts: async (hook) => lists[hookOwner(hook)] ?? read(),
    },
    redeliver: dryRun
      ? undefined
      : async (hook, attempt) => {
          asked.push(`${hookOwner(hook)}:${attempt}`);
          return answers[attempt] ?? { kind: 'requested' };
        },
    announce: () => undefined,
  };
  const done = await redeliver(
    {
      orgs: Object.keys(lists),
      choice: { kind: 'path', path: '/github-membership' },
      sinceMs: NOW - 3 * 86_400_000,
      nowMs: NOW,
    },
    ports,
  );
  return {
    asked,
    done,
    outcomes: done.results.map(({ lost, outcome }) => `${lost.last.id} ${outcome.kind}`),
  };
}

describe('a run', () => {
  test('over several organizations: oldest first, regardless of the organization', async () => {
    const { asked } = await run({ acme: read(failed(1, 10), failed(2, 30)), labs: read(failed(3, 20)) });
    expect(asked).toEqual(['acme:2', 'labs:3', 'acme:1']);
  });

  test('one shared GUID is two deliveries when two webhooks missed it', async () => {
    const { asked } = await run({ acme: read(failed(1, 10)), labs: read({ ...failed(1, 10), id: '2' }) });
    expect(asked).toEqual(['acme:1', 'labs:2']);
  });

  test("a refused one doesn't block the others", async () => {
    const answers = { 2: { kind: 'failed', code: 'GITHUB_NOT_FOUND', message: 'gone' } } as const;
    const { outcomes, done } = await run(
      { acme: read(failed(1, 30), failed(2, 20), failed(3, 10)) },
      answers,
    );
    expect(outcomes).toEqual(['1 requested', '2 failed', '3 requested']);
    expect(done.error).toBeUndefined();
  });

  test('if one organization is refused, its other deliveries are not tried and the rest are', async () => {
    const lists = { acme: read(failed(1, 30), failed(2, 10)), labs: read(failed(3, 20)) };
    const { asked, outcomes, done } = await run(lists, { 1: barred('owner') });
    expect(asked).toEqual(['acme:1', 'labs:3']);
    expect(outcomes).toEqual(['1 skipped', '3 requested', '2 skipped']);
    expect(done.error).toBeUndefined();
  });

  test('if everything is refused halfway, the rest is skipped, with the reason', async () => {
    const { outcomes, done } = await run(
      { acme: read(failed(1, 30), failed(2, 20), failed(3, 10)) },
      { 2: barred('everything') },
    );
    expect(outcomes).toEqual(['1 requested', '2 skipped', '3 skipped']);
    expect(done.error).toMatchObject({ code: 'GITHUB_AUTH', hint: 'ask an owner' });
  });

  test('if everything is refused from the start, nothing was done: an error', async () => {
    const lists = { acme: read(failed(1, 30), failed(2, 20)) };
    await expect(run(lists, { 1: barred('owner') })).rejects.toMatchObject({ code: 'GITHUB_AUTH' });
  });

  test("an incomplete list redelivers nothing, and doesn't block the others", async () => {
    const { asked, done } = await run({ acme: { kind: 'unread', ...refusal }, labs: read(failed(3, 20)) });
    expect(asked).toEqual(['labs:3']);
    expect(done).toMatchObject({ incomplete: true, warnings: [{ code: 'GITHUB_UNAVAILABLE' }] });
    await expect(run({ acme: { kind: 'unread', ...refusal } })).rejects.toMatchObject(refusal);
  });

  test('without a writer, everything is only planned', async () => {
    const { outcomes } = await run({ acme: read(failed(1, 30), failed(2, 20)) }, {}, true);
    expect(outcomes).toEqual(['1 planned', '2 planned']);
  });
});
