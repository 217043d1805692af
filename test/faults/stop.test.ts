import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FaultAction } from '../../src/demo/server.ts';
import { type StopReason, startStop } from '../../src/http/stop.ts';
import type { Result } from '../../src/model/change.ts';
import { grantId } from '../../src/model/grant.ts';
import {
  differences,
  driftedPair,
  outcomes,
  type Pair,
  reconcileOnce,
  writesOf,
} from '../support/adapters.ts';

const SIGTERM: StopReason = { kind: 'signal', name: 'SIGTERM' };
const ENDS: Record<string, StopReason> = {
  SIGTERM,
  timeout: { kind: 'timeout', timeoutMs: 5 },
};
const SEVEN = [1, 2, 3, 4, 5, 6, 7];

/** Whether the change is in effect in Permit. */
function stands({ permit }: Pair, { change }: Result): boolean {
  const user = permit.world.users.get(change.user);
  switch (change.kind) {
    case 'createUser':
      return user !== undefined;
    case 'deleteUser':
      return user === undefined;
    case 'updateUser':
      return (
        user?.attributes?.managed_by === change.to.managed_by &&
        user?.attributes?.github_login === change.to.github_login
      );
    case 'assignRole':
      return user?.grants.some((held) => grantId(held) === grantId(change.grant)) ?? false;
    case 'unassignRole':
      return !(user?.grants.some((held) => grantId(held) === grantId(change.grant)) ?? false);
  }
}

/** A report may fall short of what was done, but never claims the contrary of it. */
function expectHonest(pair: Pair, results: readonly Result[]): void {
  for (const result of results) {
    const where = `${result.change.user} ${result.change.kind}`;
    if (result.outcome.kind === 'applied') expect(stands(pair, result), where).toBe(true);
    if (result.outcome.kind === 'skipped') expect(stands(pair, result), where).toBe(false);
  }
}

/** Ends the run when the n-th write arrives, before it is worked off. */
function endAtWrite(pair: Pair, nth: number, reason: StopReason, fault?: FaultAction) {
  const control = startStop(60_000);
  let seen = 0;
  let later = 0;
  if (fault) {
    let arrived = 0;
    pair.permit.faults.push({ match: ({ method }) => method !== 'GET' && ++arrived === nth, do: fault });
  }
  pair.permit.onRequest = ({ method }) => {
    if (seen >= nth) later += 1;
    if (method !== 'GET' && ++seen === nth) control.end(reason);
  };
  return { control, later: () => later };
}

async function expectNextRunToFinish(pair: Pair): Promise<void> {
  pair.permit.onRequest = undefined;
  pair.permit.faults.length = 0;
  const next = await reconcileOnce(pair);
  expect(outcomes(next)).toEqual(next.results.length > 0 ? { applied: next.results.length } : {});
  expect(differences(pair)).toEqual([]);
  if (next.results.length === 0) return;
  pair.permit.requests.length = 0;
  await reconcileOnce(pair);
  expect(writesOf(pair.permit.requests)).toEqual([]);
}

describe.each(Object.keys(ENDS))('%s', (name) => {
  const reason = ENDS[name] ?? { kind: 'signal', name: '?' };

  test.each(SEVEN)(
    'while write %i is under way: it is awaited, the rest is skipped, nothing more is sent',
    async (nth) => {
      const pair = await driftedPair();
      const { control, later } = endAtWrite(pair, nth, reason);
      const { results } = await reconcileOnce(pair, { control });
      expect(later()).toBe(0);
      expect(writesOf(pair.permit.requests)).toHaveLength(nth);
      const { applied = 0, skipped = 0 } = outcomes({ results });
      expect(applied).toBeGreaterThan(0);
      expect(applied + skipped).toBe(results.length);
      expectHonest(pair, results);
      await expectNextRunToFinish(pair);
    },
  );

  test.each(['GET /orgs', 'scope', 'users', 'look'])(
    'while reading (%s): writes nothing, and reports the reason',
    async (where) => {
      const pair = await driftedPair();
      const control = startStop(60_000);
      const hits = (path: string): boolean =>
        ({
          'GET /orgs': path === '/orgs/acme',
          scope: path.endsWith('/scope'),
          users: path.endsWith('/users'),
          look: path.startsWith('/user/'),
        })[where] ?? false;
      for (const emulator of [pair.github, pair.permit]) {
        emulator.onRequest = ({ path }) => {
          if (hits(path)) control.end(reason);
        };
      }
      await expect(reconcileOnce(pair, { control })).rejects.toMatchObject({
        code: reason.kind === 'timeout' ? 'TIMEOUT' : 'INTERRUPTED',
      });
      expect(writesOf(pair.permit.requests)).toEqual([]);
      for (const emulator of [pair.github, pair.permit]) emulator.onRequest = undefined;
      await expectNextRunToFinish(pair);
    },
  );

  test('in a wait for a rate limit that is longer than any test may last', async () => {
    const pair = await driftedPair();
    const control = startStop(3_600_000);
    pair.permit.faults.push({
      match: ({ method }) => {
        if (method !== 'GET') setTimeout(() => control.end(reason), 20);
        return method !== 'GET';
      },
      do: { kind: 'answer', status: 429, headers: { 'retry-after': '1800' }, body: null },
    });
    const { results } = await reconcileOnce(pair, { control });
    expect(outcomes({ results })).toEqual({ skipped: results.length });
    expectHonest(pair, results);
    await expectNextRunToFinish(pair);
  });

  test('before the pause that precedes a reading: reports the write as in doubt', async () => {
    const pair = await driftedPair();
    const control = startStop(60_000);
    pair.permit.faults.push({
      match: ({ method }) => method !== 'GET',
      times: 1,
      do: { kind: 'reset', when: 'after' },
    });
    const pause = async (): Promise<void> => {
      control.end(reason);
      control.stop.signal.throwIfAborted();
    };
    const { results } = await reconcileOnce(pair, { control, pause });
    expectHonest(pair, results);
    expect(results.filter(({ outcome }) => outcome.kind === 'failed').length).toBe(3);
    await expectNextRunToFinish(pair);
  });
});

describe('a stop while a write ends in doubt', () => {
  const inDoubt: Record<string, FaultAction> = {
    'reset after the work': { kind: 'reset', when: 'after' },
    'reset before the work': { kind: 'reset', when: 'before' },
    '500 after the work': { kind: 'failAfter', status: 500, body: null },
    'hang after the work': { kind: 'hang', when: 'after' },
    truncated: { kind: 'truncate' },
    '429': { kind: 'answer', status: 429, body: null },
    '422': { kind: 'answer', status: 422, body: { detail: [] } },
    '409': { kind: 'answer', status: 409, body: {} },
  };
  test.each(Object.keys(inDoubt).flatMap((fault) => SEVEN.map((nth) => ({ fault, nth }))))(
    'while write $nth is in progress, which ends with $fault: the report claims nothing untrue',
    async ({ fault, nth }) => {
      const pair = await driftedPair();
      const { control, later } = endAtWrite(pair, nth, SIGTERM, inDoubt[fault]);
      const { results } = await reconcileOnce(pair, { control, writeTimeoutMs: 1_000 });
      expect(later()).toBe(0);
      expectHonest(pair, results);
      await expectNextRunToFinish(pair);
    },
  );

  test('in the wait before a profile is written again: reports the write as in doubt', async () => {
    const pair = await driftedPair();
    const control = startStop(60_000);
    pair.permit.faults.push({
      match: ({ method }) => {
        if (method === 'PATCH') setTimeout(() => control.end(SIGTERM), 20);
        return method === 'PATCH';
      },
      do: { kind: 'reset', when: 'after' },
    });
    const retry = { retries: 5, firstWaitMs: 60_000, longestWaitMs: 60_000 };
    const { results } = await reconcileOnce(pair, { control, retry });
    expectHonest(pair, results);
    await expectNextRunToFinish(pair);
  });
});

test('a hundred requests that wait at once cause no leak warning', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const control = startStop(60_000);
  const waits = Array.from({ length: 100 }, () => sleep(60_000, undefined, { signal: control.stop.signal }));
  control.end({ kind: 'signal', name: 'SIGTERM' });
  await Promise.allSettled(waits);
  // Node emits warnings in a later turn.
  await sleep(10);
  expect(warnings).toEqual([]);
});
