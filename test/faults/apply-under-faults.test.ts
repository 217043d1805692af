import { afterAll, describe, expect, test } from 'vitest';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import {
  differences,
  driftedPair,
  outcomes,
  type Pair,
  type ReconcileOptions,
  reconcileOnce,
  writesOf,
} from '../support/adapters.ts';

/** Each kind of write of a mixed plan, in the order in which they come. `nth`: of its method and path. */
const KINDS = {
  'delete leavers': { method: 'DELETE', path: /\/bulk\/users$/, nth: 1 },
  'take the grants of the released': { method: 'DELETE', path: /\/role_assignments\/bulk$/, nth: 1 },
  'take the mark of the released': { method: 'PATCH', path: /\/users\/released$/, nth: 1 },
  'create users': { method: 'POST', path: /\/bulk\/users$/, nth: 1 },
  'write a changed mark': { method: 'PATCH', path: /\/users\/cased$/, nth: 1 },
  'assign roles': { method: 'POST', path: /\/role_assignments\/bulk$/, nth: 1 },
  'take the replaced roles': { method: 'DELETE', path: /\/role_assignments\/bulk$/, nth: 2 },
} as const;
type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

const isKind =
  (kind: Kind) =>
  ({ method, path, nth }: FaultRequest): boolean =>
    method === KINDS[kind].method && KINDS[kind].path.test(path) && nth >= KINDS[kind].nth;

const json = (status: number): FaultAction => ({
  kind: 'answer',
  status,
  body: { title: 'oops', message: 'oops' },
});
const FAULTS = {
  'reset before the work': { kind: 'reset', when: 'before' },
  'reset after the work': { kind: 'reset', when: 'after' },
  '500 before the work': json(500),
  '500 after the work': { kind: 'failAfter', status: 500, body: { message: 'oops' } },
  '502 with HTML': { kind: 'answer', status: 502, body: '<h1>Bad gateway</h1>' },
  '503 with null after the work': { kind: 'failAfter', status: 503, body: null },
  '504 after the work': { kind: 'failAfter', status: 504, body: '<h1>Timeout</h1>' },
  '408': json(408),
  'hang before the work': { kind: 'hang', when: 'before' },
  'hang after the work': { kind: 'hang', when: 'after' },
  'truncated answer': { kind: 'truncate' },
  'a web page with 200': { kind: 'answer', status: 200, body: '<h1>Welcome</h1>' },
  '429 without Retry-After': { kind: 'answer', status: 429, body: { detail: 'Rate limit exceeded' } },
  '429 with Retry-After 0': { kind: 'answer', status: 429, headers: { 'retry-after': '0' }, body: null },
} as const satisfies Record<string, FaultAction>;
type FaultName = keyof typeof FAULTS;
const names = Object.keys(FAULTS) as FaultName[];

/** For the table: how often each fault struck, and what was lost by it in the end. */
const tally = new Map<string, { injected: number; lost: number }>();
function count(name: string, more: { injected?: number; lost?: number }): void {
  const { injected, lost } = tally.get(name) ?? { injected: 0, lost: 0 };
  tally.set(name, { injected: injected + (more.injected ?? 0), lost: lost + (more.lost ?? 0) });
}
afterAll(() => {
  if (process.env.FAULT_TABLE === undefined) return;
  for (const [name, { injected, lost }] of tally)
    process.stdout.write(`| ${name} | ${injected} | ${lost} |\n`);
});

const QUICK: ReconcileOptions = { writeTimeoutMs: 1_000 };

/** @returns tells how often it has struck. */
function inject(pair: Pair, name: FaultName, kind: Kind, times: number): () => number {
  const matches = isKind(kind);
  let left = times;
  let struck = 0;
  pair.permit.faults.push({
    match: (request) => {
      if (left === 0 || !matches(request)) return false;
      left -= 1;
      struck += 1;
      count(name, { injected: 1 });
      return true;
    },
    do: FAULTS[name],
  });
  return () => struck;
}

/** The next run, without faults, has at most the rest to do, and the one after that has nothing. */
async function expectNextRunToFinish(pair: Pair): Promise<void> {
  pair.permit.faults.length = 0;
  pair.permit.onRequest = undefined;
  const next = await reconcileOnce(pair);
  expect(outcomes(next)).not.toHaveProperty('failed');
  expect(differences(pair)).toEqual([]);
  if (next.results.length === 0) return;
  pair.permit.requests.length = 0;
  expect((await reconcileOnce(pair)).results).toEqual([]);
  expect(writesOf(pair.permit.requests)).toEqual([]);
}

describe('without faults', () => {
  test('a mixed plan is five bulk writes and two PATCHes, leavers first', async () => {
    const pair = await driftedPair();
    const { results } = await reconcileOnce(pair);
    expect(outcomes({ results })).toEqual({ applied: results.length });
    expect(differences(pair)).toEqual([]);
    expect(writesOf(pair.permit.requests)).toEqual([
      'DELETE bulk/users',
      'DELETE role_assignments/bulk',
      'PATCH users/released',
      'POST bulk/users',
      'PATCH users/cased',
      'POST role_assignments/bulk',
      'DELETE role_assignments/bulk',
    ]);
    await expectNextRunToFinish(pair);
  });
});

describe.each(kinds)('%s', (kind) => {
  test.each(names)('%s, once: everything is applied in the same run', async (name) => {
    const pair = await driftedPair();
    const struck = inject(pair, name, kind, 1);
    const run = await reconcileOnce(pair, QUICK);
    expect(struck()).toBe(1);
    expect(outcomes(run)).toEqual({ applied: run.results.length });
    expect(differences(pair)).toEqual([]);
    await expectNextRunToFinish(pair);
    count(name, { lost: differences(pair).length });
  });

  test.each([
    'reset before the work',
    'reset after the work',
    '500 after the work',
    '429 without Retry-After',
  ] as const)('%s, three times: everything is applied in the same run', async (name) => {
    const pair = await driftedPair();
    inject(pair, name, kind, 3);
    const run = await reconcileOnce(pair, QUICK);
    expect(outcomes(run)).toEqual({ applied: run.results.length });
    expect(differences(pair)).toEqual([]);
    count(name, { lost: differences(pair).length });
  });

  test.each([
    'reset before the work',
    '500 before the work',
    'a web page with 200',
    '500 after the work',
  ] as const)('%s, permanently: an honest partial report, and the next run finishes', async (name) => {
    const pair = await driftedPair();
    inject(pair, name, kind, Number.POSITIVE_INFINITY);
    const run = await reconcileOnce(pair, QUICK);
    // What is reported as applied is applied: what is not reported so is what may still be open.
    const open = new Set(
      run.results
        .filter(({ outcome }) => outcome.kind !== 'applied')
        .map(({ change }) => change.user as string),
    );
    for (const difference of differences(pair)) {
      expect(
        [...open].some((user) => difference.toLowerCase().startsWith(`${user.toLowerCase()} `)),
        difference,
      ).toBe(true);
    }
    expect(pair.permit.requests.length).toBeLessThan(60);
    await expectNextRunToFinish(pair);
    count(name, { lost: differences(pair).length });
  });
});

describe('Permit goes down permanently before the n-th write', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])('%i', async (nth) => {
    const pair = await driftedPair();
    let seen = 0;
    let isDown = false;
    pair.permit.faults.push({
      match: ({ method }) => {
        if (method !== 'GET') seen += 1;
        isDown ||= seen >= nth;
        if (isDown) count('down for good', { injected: 1 });
        return isDown;
      },
      do: { kind: 'reset', when: 'before' },
    });
    const run = await reconcileOnce(pair, QUICK);
    const { applied = 0, failed = 0, skipped = 0 } = outcomes(run);
    expect(applied + failed + skipped).toBe(run.results.length);
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(15);
    // Nothing more is tried once Permit could not even be read.
    expect(pair.permit.requests.length).toBeLessThan(40);
    for (const { outcome } of run.results) {
      if (outcome.kind === 'failed') expect(outcome.code).toBe('PERMIT_UNAVAILABLE');
    }
    isDown = false;
    await expectNextRunToFinish(pair);
    count('down for good', { lost: differences(pair).length });
  });
});

describe('the key is revoked at the n-th write', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])('%i', async (nth) => {
    const pair = await driftedPair();
    const keys = [...pair.permit.world.apiKeys];
    let seen = 0;
    pair.permit.onRequest = ({ method }) => {
      if (method === 'GET' || ++seen !== nth) return;
      pair.permit.world.apiKeys.clear();
      count('key revoked', { injected: 1 });
    };
    const run = await reconcileOnce(pair, QUICK);
    expect(outcomes(run).failed).toBeGreaterThan(0);
    // The key is refused once, or by each of five profiles that are written side by side.
    expect(pair.permit.requests.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
    for (const [key, scope] of keys) pair.permit.world.apiKeys.set(key, scope);
    await expectNextRunToFinish(pair);
    count('key revoked', { lost: differences(pair).length });
  });
});
