import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Statement } from '../../src/model/statement.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { userRules } from '../support/builders.ts';
import { idsHeld } from './oracle.ts';
import { RUNS, withOneMore, worlds } from './worlds.ts';

/** What everybody would hold in an empty Permit, by user key. */
function given(input: PlanInput, statements: readonly Statement[]): ReadonlyMap<string, readonly string[]> {
  const reached = applyToUsers(
    makePlan({ ...input, userRules: userRules({ key: '{id}' }), users: [], statements }),
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

test('the order of statements changes nobody’s grants, and nobody’s user', () => {
  fc.assert(
    fc.property(
      worlds().chain(({ input }) =>
        fc.tuple(
          fc.constant(input),
          fc.shuffledSubarray([...input.statements], { minLength: input.statements.length }),
        ),
      ),
      ([input, statements]) => {
        const [one, other] = [input.statements, statements].map((order) =>
          applyToUsers(makePlan({ ...input, statements: order }), input.users),
        );
        expect(other).toEqual(one);
      },
    ),
    RUNS,
  );
});
