import { describe, expect, test } from 'vitest';
import type { PermitEmulator, PermitSwitches } from '../../src/demo/permit/permit.ts';
import type { Member } from '../../src/model/member.ts';
import type { ReconcileResult } from '../../src/sync/run.ts';
import { githubOf, outcomes, reconcileOnce, type TargetOptions } from '../support/adapters.ts';
import { openStage, populate } from '../support/stage.ts';
import { bulkCalls, failedOf, people, permitWith, rolesIn } from './bulk-people.ts';

/** Permit's answers lag behind its writes by up to a minute (issue 9.5, CONTRACT §6.9). */

type Hides = PermitSwitches['lag']['hides'];
const HIDES = ['lists', 'reads', 'writes'] as const satisfies readonly Hides[];
const LAG_MS = 60_000;

type Lagging = {
  readonly permit: PermitEmulator;
  readonly run: (members: readonly Member[], options?: TargetOptions) => Promise<ReconcileResult>;
  readonly waitedMs: () => number;
};

/** Permit by a clock that only the pauses of a run move on, as long as the program pauses at least. */
async function lagging(
  hides: Hides,
  held: readonly Member[] = [],
  switches: Partial<PermitSwitches> = {},
): Promise<Lagging> {
  let waitedMs = 0;
  const permit = await permitWith(held, undefined, {
    lag: { ms: LAG_MS, hides },
    now: () => 1_700_000_000_000 + waitedMs,
    ...switches,
  });
  const pause = async (attempt: number): Promise<void> => {
    waitedMs += Math.min(30_000, 1000 * 2 ** (attempt - 1));
  };
  return {
    permit,
    run: (members, options) => reconcileOnce({ github: githubOf(members), permit }, { pause, ...options }),
    waitedMs: () => waitedMs,
  };
}

/** 60 are read one by one; 310 are too many for that. */
const sizes = HIDES.flatMap((hides) => [60, 310].map((size) => ({ hides, size })));

test.each(sizes)(
  '$size people are created and assigned; a second run right after refuses nobody (hidden from: $hides)',
  async ({ hides, size }) => {
    const { permit, run, waitedMs } = await lagging(hides);
    expect(outcomes(await run(people(size)))).toEqual({ applied: 2 * size });
    // The run has changed nothing: it is in sync.
    expect(outcomes(await run(people(size)))).toEqual({});
    expect(rolesIn(permit)).toEqual({ users: size, member: size });
    // Twice the minute at most, and no burst of bulk calls meanwhile.
    expect(waitedMs()).toBeLessThan(150_000);
    expect(bulkCalls(permit).length).toBeLessThan(40);
  },
);

describe.each(HIDES)('hidden from: %s', (hides) => {
  test.each(['ignore', 'notFound'] as const)(
    '40 are deleted; a second run right after refuses nobody (unknown users: %s)',
    async (bulkDeleteUnknown) => {
      const { permit, run } = await lagging(hides, people(40), { bulkDeleteUnknown });
      expect(outcomes(await run([]))).toEqual({ applied: 40 });
      expect(outcomes(await run([]))).not.toHaveProperty('failed');
      expect(rolesIn(permit)).toEqual({ users: 0 });
    },
  );

  test.each([
    ['conflict', 'notFound'],
    ['skip', 'ignore'],
  ] as const)(
    '40 change their role; a second run right after refuses nobody (held already: %s, unknown: %s)',
    async (duplicateAssign, bulkUnassignUnknown) => {
      const switches = { duplicateAssign, bulkUnassignUnknown };
      const { permit, run } = await lagging(hides, people(40, 'admin'), switches);
      expect(outcomes(await run(people(40)))).toEqual({ applied: 80 });
      expect(outcomes(await run(people(40)))).not.toHaveProperty('failed');
      expect(rolesIn(permit)).toEqual({ users: 40, member: 40 });
    },
  );
});

test('does not list everyone again because a few users are in doubt', async () => {
  const { permit, run } = await lagging('lists', people(1000));
  await run(people(1005));
  permit.requests.length = 0;
  await run(people(1005));
  const pages = permit.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/users'));
  expect(pages).toHaveLength(Math.ceil(1000 / 100));
});

test('a conflict that Permit never explains fails that one person after a minute, and holds up nobody', async () => {
  const { permit, run, waitedMs } = await lagging('lists', people(60));
  const bad = 'p-75';
  permit.faults.push({
    match: ({ method, path, body }) =>
      method === 'POST' && path.endsWith('users') && JSON.stringify(body).includes(`"${bad}"`),
    do: { kind: 'answer', status: 409, body: { title: 'exists', error_code: 'DUPLICATE_ENTITY' } },
  });
  const done = await run(people(100));
  expect([...failedOf(done, 'createUser')]).toEqual([bad]);
  expect(rolesIn(permit)).toEqual({ users: 99, member: 99 });
  expect(waitedMs()).toBeGreaterThanOrEqual(LAG_MS);
  expect(waitedMs()).toBeLessThan(2 * LAG_MS);
});

test.each(HIDES)('the program itself, twice in a row (hidden from: %s)', async (hides) => {
  const stage = await openStage({ permit: { lag: { ms: 3000, hides } } });
  populate(stage, 120, 2);
  for (const status of ['applied', 'in-sync']) {
    const { code, stdout, stderr } = await stage.run(['reconcile', '--output', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ status });
  }
  expect(Object.keys(stage.held())).toHaveLength(120);
});
