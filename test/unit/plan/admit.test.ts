import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, type Limits, type Overrides } from '../../../src/model/limits.ts';
import { type AdmittedPart, admit } from '../../../src/plan/admit.ts';
import { judge, type Spent } from '../../../src/plan/judge.ts';
import { makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import { gitHubId, listing, member, ours, planInput } from '../../support/builders.ts';

const MEMBER = ['default/member'];
const ADMIN = ['default/admin'];
const NOTHING: Spent = { removals: new Set(), demotions: new Set(), moves: new Set() };
const count = (people: number) => [{ kind: 'count', people }] as const;
const limits = (one: Partial<Limits>): Limits => ({ ...DEFAULT_LIMITS, floors: {}, ...one });

/** Four users whose people are all gone, and a newcomer. */
const LEFT = {
  listings: [listing('acme', member(9, 'zoe'), member(8, 'boss', 'admin'))],
  users: [
    ours(8, 'boss', { grants: ADMIN }),
    ...[1, 2, 3, 4].map((id) => ours(id, `gone-${id}`, { grants: MEMBER })),
  ],
};

type Options = {
  readonly limits?: Limits;
  readonly overrides?: Overrides;
  readonly spent?: Spent;
  readonly turn?: readonly number[];
};

function admitted(
  input: Partial<PlanInput>,
  options: Options = {},
): AdmittedPart & { readonly who: readonly string[] } {
  const whole = planInput(input);
  const bounds = {
    limits: options.limits ?? limits({ removals: count(2) }),
    overrides: options.overrides ?? {},
    spent: options.spent ?? NOTHING,
  };
  const admission = admit(makePlan(whole), whole.users, bounds, (options.turn ?? []).map(gitHubId));
  expect(judge(admission.plan, bounds.limits, bounds.overrides, bounds.spent).verdict).toBe('pass');
  return { ...admission, who: admission.plan.people.map(({ user }) => user) };
}

describe('people who came one by one', () => {
  test('all of them, if no limit is crossed', () => {
    const { who, heldBack, violations } = admitted(LEFT, { limits: limits({ removals: count(4) }) });
    expect(who).toEqual(['gone-1', 'gone-2', 'gone-3', 'gone-4', 'zoe']);
    expect([...heldBack]).toEqual([]);
    expect(violations).toEqual([]);
  });

  test('the first ones, as many as the limit allows; people who only gain do not wait', () => {
    const { who, heldBack, violations } = admitted(LEFT, { turn: [4, 2, 1, 3] });
    expect(who).toEqual(['gone-2', 'gone-4', 'zoe']);
    expect([...heldBack]).toEqual([1, 3]);
    expect(violations).toEqual([
      { limit: 'removals', allowed: 2, planned: 4, override: '--allow-removals 4' },
    ]);
  });

  test('earlier changes within the day count, but nobody twice', () => {
    const spent = {
      removals: new Set([gitHubId(77), gitHubId(3)]),
      demotions: new Set<never>(),
      moves: new Set<never>(),
    };
    const { who, violations } = admitted(LEFT, { turn: [1, 2, 3, 4], spent });
    expect(who).toEqual(['gone-3', 'zoe']);
    expect(violations).toEqual([
      { limit: 'removals', allowed: 2, planned: 5, earlier: 2, override: '--allow-removals 5' },
    ]);
  });

  test('an override lets more of them through', () => {
    const { who } = admitted(LEFT, { turn: [1, 2, 3, 4], overrides: { removals: 3 } });
    expect(who).toEqual(['gone-1', 'gone-2', 'gone-3', 'zoe']);
  });

  test('the last owner waits', () => {
    const { who, heldBack } = admitted(
      {
        listings: [listing('acme', member(9, 'zoe'))],
        users: [ours(1, 'ann', { grants: ADMIN }), ours(2, 'bob', { grants: ADMIN })],
      },
      { limits: limits({ removals: count(5), floors: { admin: 1 } }), turn: [2, 1] },
    );
    expect(who).toEqual(['bob', 'zoe']);
    expect([...heldBack]).toEqual([1]);
  });

  test("the last owner leaves together with the next one's arrival", () => {
    const { who } = admitted(
      {
        listings: [listing('acme', member(9, 'zoe', 'admin'))],
        users: [ours(1, 'ann', { grants: ADMIN }), ours(2, 'bob', { grants: MEMBER })],
      },
      { limits: limits({ removals: count(1), floors: { admin: 1 } }), turn: [1, 2] },
    );
    expect(who).toEqual(['ann', 'zoe']);
  });

  test('anyone who takes the login of a waiting person waits too; so does a floor that depends on that', () => {
    // ann (1) left and waits; someone else (9) is now called ann, is an owner, and would allow bob (2) to leave.
    const { who, heldBack } = admitted(
      {
        listings: [listing('acme', member(9, 'ann', 'admin'))],
        users: [ours(1, 'ann', { grants: MEMBER }), ours(2, 'bob', { grants: ADMIN })],
      },
      { limits: limits({ removals: count(1), floors: { admin: 1 } }), turn: [2, 1] },
    );
    expect(who).toEqual([]);
    expect([...heldBack].sort()).toEqual([1, 2, 9]);
  });
});
