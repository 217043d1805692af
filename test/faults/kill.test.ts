import { describe, expect, test } from 'vitest';
import { differences, driftedPair, type Pair, reconcileOnce, writesOf } from '../support/adapters.ts';
import { programOn, spawnOn } from '../support/mixed-pair.ts';
import type { Ran } from '../support/program.ts';

const SEVEN_WRITES = [1, 2, 3, 4, 5, 6, 7];
const SERIES = ['before the work', 'after the work'] as const;

const RECONCILE = ['reconcile', '--output', 'json'];
const program = (pair: Pair): Promise<Ran> => programOn(pair, RECONCILE);

/** Kills the program when its n-th write has arrived. @returns the writes that arrived */
async function killAtWrite(
  pair: Pair,
  nth: number,
  series: (typeof SERIES)[number],
): Promise<readonly string[]> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let ended: Promise<Ran> | undefined;
  let seen = 0;
  pair.permit.onRequest = async ({ method }) => {
    if (method === 'GET' || ++seen !== nth) return;
    kill('SIGKILL');
    // The emulator handles the write only now: nobody is left to see its answer.
    await ended;
  };
  if (series === 'before the work') {
    let arrived = 0;
    pair.permit.faults.push({
      match: ({ method }) => method !== 'GET' && ++arrived === nth,
      do: { kind: 'reset', when: 'before' },
    });
  }
  ended = spawnOn(pair, RECONCILE, {
    started: (send) => {
      kill = send;
    },
  });
  expect((await ended).code).toBeNull();
  await expect.poll(() => pair.permit.requests.filter(({ method }) => method !== 'GET').length).toBe(nth);
  pair.permit.onRequest = undefined;
  pair.permit.faults.length = 0;
  return writesOf(pair.permit.requests);
}

describe('kill -9 of the program at each write of a mixed plan; the next run finishes', () => {
  test('without a kill: all seven writes', { timeout: 60_000 }, async () => {
    const pair = await driftedPair();
    const { code, stderr, stdout } = await program(pair);
    expect({ code, stderr, status: JSON.parse(stdout).status }).toEqual({
      code: 0,
      stderr: '',
      status: 'applied',
    });
    expect(differences(pair)).toEqual([]);
    expect(writesOf(pair.permit.requests)).toHaveLength(SEVEN_WRITES.length);
    pair.permit.requests.length = 0;
    const again = await program(pair);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'in-sync', changes: [] });
    expect(writesOf(pair.permit.requests)).toEqual([]);
  });

  test.each(SEVEN_WRITES)('write %i, before and after the work', { timeout: 60_000 }, async (nth) => {
    await Promise.all(
      SERIES.map(async (series) => {
        const pair = await driftedPair();
        expect(await killAtWrite(pair, nth, series), series).toHaveLength(nth);
        // What was done is never undone by the death: at each moment Permit holds a part of the plan and nothing else.
        expect(differences(pair).length > 0 || nth === SEVEN_WRITES.length, series).toBe(true);

        const { code, stdout, stderr } = await program(pair);
        expect({ code, stderr }, series).toEqual({ code: 0, stderr: '' });
        expect(differences(pair), series).toEqual([]);
        // After the last write was worked off there is nothing left to do.
        const isDone = series === 'after the work' && nth === SEVEN_WRITES.length;
        expect(JSON.parse(stdout).status, series).toBe(isDone ? 'in-sync' : 'applied');

        pair.permit.requests.length = 0;
        expect((await reconcileOnce(pair)).results, series).toEqual([]);
        expect(writesOf(pair.permit.requests), series).toEqual([]);
      }),
    );
  });
});
