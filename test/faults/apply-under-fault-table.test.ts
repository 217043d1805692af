// Every fault at every write of a mixed plan, with a table of what came of it:
//   FAULT_TABLE=1 npx vitest run test/faults/apply-under-fault-table
import { afterAll, describe, expect, test } from 'vitest';
import type { FaultAction } from '../../src/demo/server.ts';
import { startStop } from '../../src/http/stop.ts';
import { differences, type Pair, type ReconcileOptions, reconcileOnce } from '../support/adapters.ts';
import { watchExcess, watchLosses } from '../support/fairness.ts';
import { mixedPair, spawnOn } from '../support/mixed-pair.ts';

const WRITES = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const QUICK: ReconcileOptions = { writeTimeoutMs: 1_000 };
/** The table has more of each; a fault that stays is the hardest. */
const TIMES =
  process.env.FAULT_TABLE === undefined ? [Number.POSITIVE_INFINITY] : [1, 3, Number.POSITIVE_INFINITY];
/** A rate limit is waited for until the run ends. */
const optionsFor = (action: FaultAction): ReconcileOptions =>
  action.kind === 'answer' && action.status === 429 ? { ...QUICK, timeoutMs: 3_000 } : QUICK;

const error = { title: 'oops', message: 'oops' };
const FAULTS: Record<string, FaultAction> = {
  'timeout before the work': { kind: 'hang', when: 'before' },
  'timeout after the work': { kind: 'hang', when: 'after' },
  'reset before the work': { kind: 'reset', when: 'before' },
  'reset after the work': { kind: 'reset', when: 'after' },
  '500 before the work': { kind: 'answer', status: 500, body: error },
  '500 after the work': { kind: 'failAfter', status: 500, body: error },
  '502 of HTML': { kind: 'answer', status: 502, body: '<h1>Bad gateway</h1>' },
  '503 of null after the work': { kind: 'failAfter', status: 503, body: null },
  '504 of HTML after the work': { kind: 'failAfter', status: 504, body: '<h1>Timeout</h1>' },
  '200 of HTML': { kind: 'answer', status: 200, body: '<h1>Welcome</h1>' },
  '200 of null': { kind: 'answer', status: 200, body: null },
  '200 of null after the work': { kind: 'failAfter', status: 200, body: null },
  '200 of HTML after the work': { kind: 'failAfter', status: 200, body: '<h1>Welcome</h1>' },
  'truncated JSON after the work': { kind: 'truncate' },
  '429 without Retry-After': { kind: 'answer', status: 429, body: { detail: 'Rate limit exceeded' } },
  '429 with Retry-After': { kind: 'answer', status: 429, headers: { 'retry-after': '0' }, body: null },
  '408': { kind: 'answer', status: 408, body: null },
  '409 that blames nobody': { kind: 'answer', status: 409, body: {} },
  '422 that blames nobody': { kind: 'answer', status: 422, body: { detail: [] } },
};

/** What no other file of this folder lets strike; the table has all of them. */
const ALONE_HERE = Object.keys(FAULTS).filter((name) => /^(?:200 of null|40|422)/.test(name));
const shown = process.env.FAULT_TABLE === undefined ? ALONE_HERE : Object.keys(FAULTS);

type Row = { injected: number; plans: number; readonly lost: Set<string>; readonly tooMuch: Set<string> };
const rows = new Map<string, Row>();
const rowOf = (fault: string): Row => {
  const row = rows.get(fault) ?? { injected: 0, plans: 0, lost: new Set(), tooMuch: new Set() };
  rows.set(fault, row);
  return row;
};
afterAll(() => {
  if (process.env.FAULT_TABLE === undefined) return;
  const lines = [...rows].map(
    ([fault, { injected, plans, lost, tooMuch }]) =>
      `| ${fault} | ${injected} | ${plans} | ${lost.size} | ${tooMuch.size} |`,
  );
  const head = [
    '| fault | injected how many times | plans it hit | people lost something wrongly | people left with too much after one clean run |',
    '| --- | ---: | ---: | ---: | ---: |',
  ];
  process.stdout.write(`${[...head, ...lines].join('\n')}\n`);
});

/**
 * One plan under one fault: nobody is worse off at any request, nor after the run, nor after the clean run that
 * follows; after that, Permit equals GitHub.
 * @param struck how often the fault has struck.
 */
async function expectNoHarm(
  fault: string,
  name: string,
  pair: Pair,
  underFault: () => Promise<unknown>,
  struck: () => number,
): Promise<void> {
  const row = rowOf(fault);
  const losers = watchLosses(pair);
  const tooMuch = watchExcess(pair);
  const note = (): void => {
    for (const who of losers()) row.lost.add(`${name} ${who}`);
  };
  const during = pair.permit.onRequest;
  pair.permit.onRequest = (request) => {
    note();
    return during?.(request);
  };
  await underFault();
  note();
  pair.permit.onRequest = undefined;
  pair.permit.faults.length = 0;
  await reconcileOnce(pair);
  note();
  row.injected += struck();
  row.plans += struck() > 0 ? 1 : 0;
  for (const who of tooMuch()) row.tooMuch.add(`${name} ${who}`);
  expect({ fault, name, struck: struck() > 0, lost: [...row.lost], tooMuch: [...row.tooMuch] }).toEqual({
    fault,
    name,
    struck: true,
    lost: [],
    tooMuch: [],
  });
  expect(differences(pair), `${fault}, ${name}`).toEqual([]);
}

/** Strikes at the n-th write and, of `times`, at those that follow. */
function strike(pair: Pair, action: FaultAction, nth: number, times: number): () => number {
  let seen = 0;
  let struck = 0;
  pair.permit.faults.push({
    match: ({ method }) => {
      if (method === 'GET' || ++seen < nth || struck >= times) return false;
      struck += 1;
      return true;
    },
    do: action,
  });
  return () => struck;
}

describe('a fault at write 1, 2, … 9 of a mixed plan', () => {
  test.each(shown)('%s', { timeout: 60_000 }, async (fault) => {
    const action: FaultAction = FAULTS[fault] ?? { kind: 'truncate' };
    for (const times of TIMES) {
      for (const nth of WRITES) {
        const pair = await mixedPair();
        const struck = strike(pair, action, nth, times);
        await expectNoHarm(
          fault,
          `write ${nth}, ${times} times`,
          pair,
          () => reconcileOnce(pair, optionsFor(action)),
          struck,
        );
        await Promise.all([pair.github.close(), pair.permit.close()]);
      }
    }
  });
});

describe('an end at write 1, 2, … 9 of a mixed plan', () => {
  test('SIGTERM while it is under way', async () => {
    for (const nth of WRITES) {
      const pair = await mixedPair();
      const control = startStop(60_000);
      let seen = 0;
      pair.permit.onRequest = ({ method }) => {
        if (method !== 'GET' && ++seen === nth) control.end({ kind: 'signal', name: 'SIGTERM' });
      };
      const run = () => reconcileOnce(pair, { control });
      await expectNoHarm('SIGTERM', `write ${nth}`, pair, run, () => (seen >= nth ? 1 : 0));
    }
  });

  // kill.test.ts kills at every write in every run of the tests.
  const deaths = ['kill -9 before the work', 'kill -9 after the work'];
  test.each(process.env.FAULT_TABLE === undefined ? [] : deaths)('%s', { timeout: 60_000 }, async (fault) => {
    await Promise.all(
      WRITES.map(async (nth) => {
        const pair = await mixedPair();
        let kill: (signal: NodeJS.Signals) => void = () => undefined;
        let ended: Promise<unknown> | undefined;
        let seen = 0;
        let killed = 0;
        let arrived = 0;
        if (fault.includes('before')) {
          pair.permit.faults.push({
            match: ({ method }) => method !== 'GET' && ++arrived >= nth,
            do: { kind: 'reset', when: 'before' },
          });
        }
        pair.permit.onRequest = async ({ method }) => {
          if (method === 'GET' || ++seen !== nth) return;
          killed += 1;
          kill('SIGKILL');
          await ended;
        };
        const run = (): Promise<unknown> => {
          const started = (how: (signal: NodeJS.Signals) => void): void => {
            kill = how;
          };
          ended = spawnOn(pair, ['reconcile'], { started });
          return ended;
        };
        await expectNoHarm(fault, `write ${nth}`, pair, run, () => killed);
      }),
    );
  });
});
