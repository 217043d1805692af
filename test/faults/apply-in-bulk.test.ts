import { describe, expect, test } from 'vitest';
import type { Fault, FaultAction, FaultRequest } from '../../src/demo/server.ts';
import { githubOf, outcomes, reconcileOnce } from '../support/adapters.ts';
import {
  badOnes,
  batches,
  bulkCalls,
  failedOf,
  itemsOf,
  KINDS,
  type Kind,
  kinds,
  othersThrough,
  people,
  permitWith,
  rolesIn,
} from './bulk-people.ts';

describe('batches (CONTRACT §11)', () => {
  test('7,000 people join: 3 calls for users, 4 for grants', { timeout: 60_000 }, async () => {
    const permit = await permitWith([]);
    const run = await reconcileOnce({ github: githubOf(people(7000)), permit });
    expect(outcomes(run)).toEqual({ applied: 14_000 });
    expect(batches(permit)).toEqual([
      ...[3000, 3000, 1000].map((size) => `POST bulk/users ${size}`),
      ...[2000, 2000, 2000, 1000].map((size) => `POST role_assignments/bulk ${size}`),
    ]);
    expect(rolesIn(permit)).toEqual({ users: 7000, member: 7000 });
    expect(permit.requests).toHaveLength(4 + 7);
  });

  test('7,000 people leave: 3 calls', { timeout: 60_000 }, async () => {
    const permit = await permitWith(people(7000));
    const run = await reconcileOnce({ github: githubOf([]), permit });
    expect(outcomes(run)).toEqual({ applied: 7000 });
    expect(batches(permit)).toEqual([3000, 3000, 1000].map((size) => `DELETE bulk/users ${size}`));
    expect(rolesIn(permit)).toEqual({ users: 0 });
    // The scope, the users, whether the roles that the rules can give exist, and the calls.
    expect(permit.requests).toHaveLength(1 + 70 + 1 + 3);
  });

  test('7,000 owners become members: 4 calls, then 4 more', { timeout: 60_000 }, async () => {
    const permit = await permitWith(people(7000), 'admin');
    const run = await reconcileOnce({ github: githubOf(people(7000)), permit });
    expect(outcomes(run)).toEqual({ applied: 14_000 });
    expect(batches(permit)).toEqual([
      ...[2000, 2000, 2000, 1000].map((size) => `POST role_assignments/bulk ${size}`),
      ...[2000, 2000, 2000, 1000].map((size) => `DELETE role_assignments/bulk ${size}`),
    ]);
    expect(rolesIn(permit)).toEqual({ users: 7000, member: 7000 });
  });

  test('exactly one batch is one call', async () => {
    const permit = await permitWith([]);
    await reconcileOnce({ github: githubOf(people(2000)), permit });
    expect(batches(permit)).toEqual(['POST bulk/users 2000', 'POST role_assignments/bulk 2000']);
  });

  test('50 profiles that changed: a GET and a PATCH each', async () => {
    const members = people(50);
    const permit = await permitWith(members);
    const run = await reconcileOnce({
      github: githubOf(members.map((one) => ({ ...one, login: one.login.toUpperCase() }))),
      permit,
    });
    expect(outcomes(run)).toEqual({ applied: 50 });
    expect(permit.requests).toHaveLength(1 + 1 + 1 + 100);
    expect(permit.peakInFlight).toBeLessThanOrEqual(10);
  });
});

/** Who is meant by an item of a bulk body, or by a single write. */
function keyOf(item: unknown): string {
  if (typeof item === 'string') return item;
  const { user, key } = (item ?? {}) as { user?: string; key?: string };
  return user ?? key ?? '';
}

/** Permit refuses a kind of write for some people, in bulk and alone, with an answer made for the batch. */
function refuse(
  kind: Kind,
  bad: ReadonlySet<string>,
  answer: (indexes: readonly number[]) => FaultAction,
): Fault {
  const { method, path } = KINDS[kind];
  let action: FaultAction = { kind: 'answer', status: 500 };
  const match = (request: FaultRequest): boolean => {
    const place = request.path.split('/').slice(5).join('/');
    const inBulk = place === `bulk/${path}` || place === `${path}/bulk`;
    if (request.method !== method || !(inBulk || place === path || place.startsWith('users/'))) return false;
    if (place.startsWith('users/') && path !== 'users') return false;
    const single = place.startsWith('users/') ? place.slice('users/'.length) : keyOf(request.body);
    const keys = inBulk ? itemsOf(request).map(keyOf) : [single];
    const indexes = keys.flatMap((key, index) => (bad.has(key) ? [index] : []));
    action = answer(indexes);
    return indexes.length > 0;
  };
  return {
    match,
    get do() {
      return action;
    },
  };
}

const blaming =
  (status: number) =>
  (indexes: readonly number[]): FaultAction => ({
    kind: 'answer',
    status,
    body: {
      detail: indexes.map((index) => ({
        loc: ['body', 'operations', index, 'key'],
        msg: 'refused',
        type: 'value_error',
      })),
    },
  });
const blamingNobody = (status: number) => (): FaultAction => ({
  kind: 'answer',
  status,
  body: {
    title: 'The provided input is invalid',
    error_code: 'INVALID_INPUT',
    message: 'something is wrong',
  },
});
const REFUSALS = {
  '422 that blames indexes': blaming(422),
  '422 that blames nobody': blamingNobody(422),
  '400 that blames nobody': blamingNobody(400),
  '404 that blames nobody': blamingNobody(404),
  '409 that nothing explains': blamingNobody(409),
  '413 with HTML': () => ({ kind: 'answer', status: 413, body: '<h1>Too large</h1>' }),
} as const satisfies Record<string, (indexes: readonly number[]) => FaultAction>;
type Refusal = keyof typeof REFUSALS;

async function runWithBad(kind: Kind, refusal: Refusal, bad: ReadonlySet<string>, of: number) {
  const permit = await permitWith(KINDS[kind].before(of));
  permit.faults.push(refuse(kind, bad, REFUSALS[refusal]));
  const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(of)), permit });
  return { permit, run };
}

const refusals = Object.keys(REFUSALS) as Refusal[];

describe('one bad person never holds up the others', () => {
  test.each(kinds.flatMap((kind) => refusals.map((refusal) => ({ kind, refusal }))))(
    '$kind: 2 bad people of 90 ($refusal)',
    async ({ kind, refusal }) => {
      const bad = badOnes(2, 90);
      const { permit, run } = await runWithBad(kind, refusal, bad, 90);
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(run.results.filter(({ outcome }) => outcome.kind === 'failed')).toHaveLength(2);
      for (const { outcome } of run.results)
        if (outcome.kind === 'failed') expect(outcome.code).toBe('PERMIT_REFUSED');
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 2, 90));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
      permit.faults.length = 0;
      await reconcileOnce({ github: githubOf(KINDS[kind].after(90)), permit });
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 0, 90));
    },
  );

  // Each costs more than a thousand requests: the dearest ways to find a culprit.
  const costly = [
    { kind: 'delete', refusal: '400 that blames nobody' },
    { kind: 'create', refusal: '409 that nothing explains' },
    { kind: 'assign', refusal: '422 that blames indexes' },
  ] as const;
  test.each(costly)(
    '$kind: 20 bad people of 3,000 ($refusal), within the bulk limit',
    { timeout: 60_000 },
    async ({ kind, refusal }) => {
      const bad = badOnes(20, 3000);
      const { permit, run } = await runWithBad(kind, refusal, bad, 3000);
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 20, 3000));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test.each(kinds)('%s: ends even if everyone fails, and reports everyone', async (kind) => {
    const bad = badOnes(200, 200);
    const { permit, run } = await runWithBad(kind, '400 that blames nobody', bad, 200);
    expect(failedOf(run, KINDS[kind].change).size).toBe(200);
    expect(rolesIn(permit)).toEqual(othersThrough(kind, 200, 200));
    expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
  });

  test('an error about people outside the batch blames nobody', async () => {
    const permit = await permitWith([]);
    const bad = badOnes(1, 50);
    permit.faults.push(refuse('create', bad, () => blaming(422)([50, 999_999])));
    const run = await reconcileOnce({ github: githubOf(people(50)), permit });
    expect(failedOf(run, 'createUser')).toEqual(bad);
  });

  test.each(['assign', 'unassign'] as const)(
    '%s: Permit blames one person of 200 bad ones at a time; it is cut short',
    async (kind) => {
      const bad = badOnes(200, 1000);
      const permit = await permitWith(KINDS[kind].before(1000));
      permit.faults.push(refuse(kind, bad, (indexes) => blaming(422)(indexes.slice(0, 1))));
      const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(1000)), permit });
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 200, 1000));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test.each(kinds)(
    '%s: Permit blames one of 10 bad people at a time; nobody is written alone',
    async (kind) => {
      const bad = badOnes(10, 200);
      const permit = await permitWith(KINDS[kind].before(200));
      permit.faults.push(refuse(kind, bad, (indexes) => blaming(422)(indexes.slice(0, 1))));
      const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(200)), permit });
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 10, 200));
      expect(permit.requests.filter(({ method }) => method !== 'GET')).toHaveLength(bulkCalls(permit).length);
    },
  );

  test('if a bulk call keeps blaming a wrong index, few of many people are affected', async () => {
    const permit = await permitWith([]);
    permit.faults.push({ match: ({ path }) => path.endsWith('/bulk/users'), do: blaming(422)([0]) });
    const run = await reconcileOnce({ github: githubOf(people(200)), permit });
    expect(failedOf(run, 'createUser').size).toBeLessThanOrEqual(20);
    expect(rolesIn(permit).users).toBeGreaterThanOrEqual(180);
  });

  test('if every call blames a wrong index, each call fails one person, and the run ends', async () => {
    const permit = await permitWith([]);
    permit.faults.push({ match: ({ path }) => path.endsWith('/bulk/users'), do: blaming(422)([0]) });
    const run = await reconcileOnce({ github: githubOf(people(5)), permit });
    expect(outcomes(run)).toEqual({ failed: 5, skipped: 5 });
  });
});

describe('the role that is replaced', () => {
  test('is removed only after the new one is assigned, and stays if that failed', async () => {
    const permit = await permitWith(people(30), 'admin');
    const bad = new Set(['p-7', 'p-8']);
    permit.faults.push(refuse('assign', bad, blaming(422)));
    const run = await reconcileOnce({ github: githubOf(people(30)), permit });
    expect(rolesIn(permit)).toEqual({ users: 30, admin: 2, member: 28 });
    for (const key of bad)
      expect(permit.world.users.get(key)?.grants.map(({ role }) => role)).toEqual(['admin']);
    const skipped = run.results.filter(({ outcome }) => outcome.kind === 'skipped');
    expect(skipped.map(({ change }) => [change.user, change.kind])).toEqual([
      ['p-7', 'unassignRole'],
      ['p-8', 'unassignRole'],
    ]);
    const calls = batches(permit);
    expect(calls.findIndex((one) => one.startsWith('DELETE'))).toBeGreaterThan(
      calls.findLastIndex((one) => one.startsWith('POST')),
    );
  });

  test('nobody is ever without a role in between', async () => {
    const permit = await permitWith(people(30), 'admin');
    const least: number[] = [];
    permit.onRequest = () => {
      least.push(Math.min(...[...permit.world.users.values()].map(({ grants }) => grants.length)));
    };
    await reconcileOnce({ github: githubOf(people(30)), permit });
    expect(Math.min(...least)).toBe(1);
  });
});

describe('leavers', () => {
  test('are removed before anyone else is written, and wait for nobody', async () => {
    const members = people(60);
    const permit = await permitWith(members.slice(0, 40));
    // Every write for others fails permanently.
    permit.faults.push({
      match: ({ method }) => method === 'POST',
      do: { kind: 'answer', status: 400, body: null },
    });
    const run = await reconcileOnce({ github: githubOf(members.slice(30)), permit });
    expect(batches(permit)[0]).toBe('DELETE bulk/users 30');
    expect(
      run.results
        .filter(({ change }) => change.kind === 'deleteUser')
        .every(({ outcome }) => outcome.kind === 'applied'),
    ).toBe(true);
    expect(permit.world.users.size).toBe(10);
  });

  test('Permit refuses to delete one of them, and the others are deleted', async () => {
    const members = people(60);
    const permit = await permitWith(members.slice(0, 40));
    permit.faults.push(refuse('delete', new Set(['p-3']), blamingNobody(400)));
    const run = await reconcileOnce({ github: githubOf(members.slice(30)), permit });
    expect(outcomes(run)).toEqual({ applied: 29 + 20 + 20, failed: 1 });
    expect(permit.world.users.size).toBe(31);
  });
});

describe('rate limits as the emulator keeps them', () => {
  test.each([false, true])(
    '(Retry-After: %s) are waited out, and everything is in place',
    async (retryAfter) => {
      const permit = await permitWith(people(40), 'admin', {
        retryAfter,
        rateLimits: {
          windowMs: 100,
          requestsPerMinute: 20,
          writesPerMinute: 3,
          deletesPerMinute: 1,
          bulkPer10Minutes: 4,
        },
      });
      const members = people(80).slice(20);
      const run = await reconcileOnce({ github: githubOf(members), permit });
      expect(outcomes(run)).toEqual({ applied: run.results.length });
      expect(rolesIn(permit)).toEqual({ users: 60, member: 60 });
    },
  );
});
