import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { userSettings } from '../support/builders.ts';
import { idsHeld } from './oracle.ts';
import { RUNS, withOneMore, worlds } from './worlds.ts';

/** What everyone would hold in an empty Permit, by user key. */
function given(input: PlanInput, rules: readonly Rule[]): ReadonlyMap<string, readonly string[]> {
  const reached = applyToUsers(
    makePlan({ ...input, userSettings: userSettings({ key: '{id}' }), users: [], rules }),
    [],
  );
  return new Map(reached.map((user) => [user.key, idsHeld(user)]));
}

const contains = (more: ReadonlyMap<string, readonly string[]>, fewer: typeof more): void => {
  for (const [key, ids] of fewer) expect(more.get(key)).toEqual(expect.arrayContaining([...ids]));
};

test('one more deny gives nobody anything', () => {
  fc.assert(
    fc.property(worlds(), withOneMore('deny'), ({ input }, { fewer, more }) => {
      contains(given(input, fewer), given(input, more));
    }),
    RUNS,
  );
});

test('one more allow takes nothing from anybody', () => {
  fc.assert(
    fc.property(worlds(), withOneMore('allow'), ({ input }, { fewer, more }) => {
      contains(given(input, more), given(input, fewer));
    }),
    RUNS,
  );
});

test('the order of rules changes nobody’s grants, and nobody’s user', () => {
  fc.assert(
    fc.property(
      worlds().chain(({ input }) =>
        fc.tuple(
          fc.constant(input),
          fc.shuffledSubarray([...input.rules], { minLength: input.rules.length }),
        ),
      ),
      ([input, rules]) => {
        const [one, other] = [input.rules, rules].map((order) =>
          applyToUsers(makePlan({ ...input, rules: order }), input.users),
        );
        expect(other).toEqual(one);
      },
    ),
    RUNS,
  );
});
