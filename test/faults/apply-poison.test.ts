import { describe, expect, test } from 'vitest';
import { poison } from '../../src/demo/permit/permit.ts';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import {
  differences,
  driftedPair,
  githubOf,
  outcomes,
  type ReconcileOptions,
  reconcileOnce,
} from '../support/adapters.ts';
import {
  badOnes,
  bulkCalls,
  failedOf,
  KINDS,
  type Kind,
  kinds,
  othersThrough,
  people,
  permitWith,
  rolesIn,
} from './bulk-people.ts';

const QUICK: ReconcileOptions = { writeTimeoutMs: 1_000 };

const WAYS = {
  '500': undefined,
  '503 with HTML': { kind: 'answer', status: 503, body: '<h1>Unavailable</h1>' },
  reset: { kind: 'reset', when: 'before' },
  hang: { kind: 'hang', when: 'before' },
} as const satisfies Record<string, FaultAction | undefined>;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[];

const isKind =
  (kind: Kind) =>
  ({ method, path }: FaultRequest): boolean =>
    method === KINDS[kind].method && path.includes(KINDS[kind].path);

async function runPoisoned(kind: Kind, bad: ReadonlySet<string>, of: number, way: Way = '500') {
  const permit = await permitWith(KINDS[kind].before(of));
  permit.faults.push(poison(bad, WAYS[way], isKind(kind)));
  const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(of)), permit }, QUICK);
  return { permit, run };
}

const codes = ({ results }: ReconcileResult): ReadonlySet<string> =>
  new Set(results.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.code] : [])));

describe('a person on whom Permit fails silently never holds up the others', () => {
  test.each(kinds.flatMap((kind) => ways.map((way) => ({ kind, way }))))(
    '$kind: 1 of 30 ($way)',
    async ({ kind, way }) => {
      const bad = badOnes(1, 30);
      const { permit, run } = await runPoisoned(kind, bad, 30, way);
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(codes(run)).toEqual(new Set(['PERMIT_UNAVAILABLE']));
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 1, 30));
      permit.faults.length = 0;
      await reconcileOnce({ github: githubOf(KINDS[kind].after(30)), permit });
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 0, 30));
    },
  );

  test.each(kinds)('%s: the only one of that kind, while others wait', async (kind) => {
    const { permit, run } = await runPoisoned(kind, new Set(['p-0']), 1);
    expect(failedOf(run, KINDS[kind].change)).toEqual(new Set(['p-0']));
    expect(bulkCalls(permit).length).toBeLessThan(10);
  });

  test('a leaver whom Permit can’t delete: everyone else is done', async () => {
    const pair = await driftedPair();
    pair.permit.faults.push(poison(['leaver-1']));
    const run = await reconcileOnce(pair, QUICK);
    expect(outcomes(run)).toEqual({ applied: run.results.length - 1, failed: 1 });
    expect(differences(pair).every((one) => one.startsWith('leaver-1 '))).toBe(true);
  });

  test('the only leaver can’t be deleted: everyone who joins is done', async () => {
    const permit = await permitWith(people(1));
    permit.faults.push(poison(['p-0']));
    const run = await reconcileOnce({ github: githubOf(people(11).slice(1)), permit }, QUICK);
    expect(outcomes(run)).toEqual({ applied: 20, failed: 1 });
    expect(rolesIn(permit)).toEqual({ users: 11, member: 11 });
  });

  test.each(['create', 'unassign'] as const)(
    '%s: 20 of 3,000, within the bulk limit',
    { timeout: 60_000 },
    async (kind) => {
      const bad = badOnes(20, 3000);
      const { permit, run } = await runPoisoned(kind, bad, 3000);
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(codes(run)).toEqual(new Set(['PERMIT_UNAVAILABLE']));
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 20, 3000));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test.each(['assign', 'delete'] as const)(
    '%s: 20 of 3,000 side by side',
    { timeout: 60_000 },
    async (kind) => {
      const bad = new Set(Array.from({ length: 20 }, (_, index) => `p-${1500 + index}`));
      const { permit, run } = await runPoisoned(kind, bad, 3000);
      expect(failedOf(run, KINDS[kind].change)).toEqual(bad);
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 20, 3000));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test('all of a small batch: those of the next are through', async () => {
    const permit = await permitWith(people(8));
    permit.faults.push(poison(people(8).map(({ login }) => login)));
    const run = await reconcileOnce({ github: githubOf(people(30).slice(8)), permit }, QUICK);
    expect(outcomes(run)).toEqual({ applied: 44, failed: 8 });
  });
});

describe('what Permit can only write one by one, or writes despite an error', () => {
  test.each([...kinds.map((kind) => ({ kind, of: 60 })), { kind: 'create' as const, of: 1000 }])(
    '$kind in bulk keeps failing: all $of are written anyway',
    async ({ kind, of }) => {
      const permit = await permitWith(KINDS[kind].before(of));
      const inBulk = (request: FaultRequest): boolean =>
        isKind(kind)(request) && request.path.split('/').includes('bulk');
      permit.faults.push({ match: inBulk, do: { kind: 'answer', status: 500, body: null } });
      await reconcileOnce({ github: githubOf(KINDS[kind].after(of)), permit });
      expect(rolesIn(permit)).toEqual(othersThrough(kind, 0, of));
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test.each(kinds)('%s is done, and answered by a 500 each time: all of it is applied', async (kind) => {
    const permit = await permitWith(KINDS[kind].before(60));
    permit.faults.push({ match: isKind(kind), do: { kind: 'failAfter', status: 500, body: null } });
    const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(60)), permit });
    expect(outcomes(run)).toEqual({ applied: run.results.length });
    expect(rolesIn(permit)).toEqual(othersThrough(kind, 0, 60));
  });
});

describe('Permit is down as a whole, while it can still be read', () => {
  const down = (request: FaultRequest): boolean => request.method !== 'GET';

  test.each(kinds)('%s of 3,000: it stops after a few writes', { timeout: 60_000 }, async (kind) => {
    const permit = await permitWith(KINDS[kind].before(3000));
    permit.faults.push({ match: down, do: { kind: 'answer', status: 500, body: null } });
    const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(3000)), permit });
    expect(outcomes(run)).not.toHaveProperty('applied');
    expect(codes(run)).toEqual(new Set(['PERMIT_UNAVAILABLE']));
    expect(permit.requests.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(60);
    expect(rolesIn(permit)).toEqual(rolesIn(await permitWith(KINDS[kind].before(3000))));
  });

  test('two different batches fail: what comes after them is not tried', async () => {
    const pair = await driftedPair();
    pair.permit.faults.push({ match: down, do: { kind: 'answer', status: 500, body: null } });
    const run = await reconcileOnce(pair);
    const { failed = 0, skipped = 0 } = outcomes(run);
    expect(failed + skipped).toBe(run.results.length);
    const sent = pair.permit.requests.filter(({ method }) => method === 'POST');
    expect(sent).toEqual([]);
  });

  test('it goes down while single writes are under way', async () => {
    const permit = await permitWith(people(1000));
    let singles = 0;
    permit.faults.push({
      match: (request) => {
        if (request.method !== 'DELETE') return false;
        if (!request.path.includes('/bulk/')) singles += 1;
        return request.path.includes('/bulk/') || singles > 100;
      },
      do: { kind: 'answer', status: 500, body: null },
    });
    const run = await reconcileOnce({ github: githubOf([]), permit });
    const { applied = 0, failed = 0, skipped = 0 } = outcomes(run);
    expect(applied).toBe(1000 - permit.world.users.size);
    expect(applied + failed + skipped).toBe(1000);
    expect(skipped).toBeGreaterThan(800);
    expect(singles).toBeLessThan(140);
  });
});
