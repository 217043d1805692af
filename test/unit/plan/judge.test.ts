import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  type Limit,
  type LimitName,
  type Limits,
  type Overrides,
  type Violation,
} from '../../../src/model/limits.ts';
import type { Holders, Movement, PersonPlan, Plan } from '../../../src/model/plan.ts';
import { judge } from '../../../src/plan/judge.ts';
import { gitHubId, listing, member, ours, planFor, userKey } from '../../support/builders.ts';

const MOVEMENT: Record<LimitName, Movement> = { removals: 'leaving', demotions: 'demoted', moves: 'moved' };

const people = (n: number, movement: Movement, from = 1): readonly PersonPlan[] =>
  Array.from({ length: n }, (_, index) => ({
    id: gitHubId(from + index),
    login: `u${from + index}`,
    user: userKey(`u${from + index}`),
    movement,
    ...(movement === 'moved'
      ? { move: { from: userKey(`former-${index}`), cause: 'template' as const } }
      : {}),
    changes: [],
  }));

const plan = (part: Partial<Plan>): Plan => ({
  people: [],
  skipped: [],
  notes: [],
  unmanaged: [],
  holders: [],
  waiting: [],
  unsettled: [],
  members: 0,
  managedBefore: 0,
  ...part,
});

const COUNT = (n: number): Limit => ({ kind: 'count', people: n });
const PERCENT = (n: number): Limit => ({ kind: 'ratio', ratio: n / 100 });
const UNLIMITED: Limits = { removals: [], demotions: [], moves: [], repositories: [], links: [], floors: {} };

describe.each(['removals', 'demotions', 'moves'] as const)('%s', (name) => {
  test.each<{ of: number; limits: readonly Limit[]; allowed: number }>([
    { of: 1000, limits: [COUNT(5)], allowed: 5 },
    { of: 0, limits: [COUNT(5)], allowed: 5 },
    { of: 1000, limits: [COUNT(0)], allowed: 0 },
    { of: 1000, limits: [PERCENT(25)], allowed: 250 },
    { of: 9, limits: [PERCENT(25)], allowed: 2 },
    { of: 3, limits: [PERCENT(25)], allowed: 1 },
    { of: 0, limits: [PERCENT(25)], allowed: 1 },
    { of: 1000, limits: [PERCENT(0)], allowed: 0 },
    { of: 10, limits: [PERCENT(1)], allowed: 1 },
    { of: 10, limits: [PERCENT(100)], allowed: 10 },
    { of: 200, limits: [PERCENT(0.5)], allowed: 1 },
    { of: 100, limits: [PERCENT(29)], allowed: 29 },
    { of: 1000, limits: [PERCENT(57)], allowed: 570 },
    { of: 1000, limits: [PERCENT(1.1)], allowed: 11 },
    { of: 1000, limits: [PERCENT(25), COUNT(100)], allowed: 100 },
    { of: 100, limits: [PERCENT(25), COUNT(100)], allowed: 25 },
    { of: 100, limits: [COUNT(100), PERCENT(25), COUNT(7)], allowed: 7 },
    { of: 100, limits: [PERCENT(25), COUNT(0)], allowed: 0 },
  ])('of $of users, $limits.0 … allow $allowed', ({ of, limits, allowed }) => {
    const verdict = (planned: number) =>
      judge(
        plan({ people: people(planned, MOVEMENT[name]), managedBefore: of }),
        { ...UNLIMITED, [name]: limits },
        {},
      );
    expect(verdict(allowed)).toEqual({ verdict: 'pass', violations: [] });
    expect(verdict(allowed + 1)).toEqual({
      verdict: 'refused',
      violations: [
        { limit: name, allowed, planned: allowed + 1, override: `--allow-${name} ${allowed + 1}` },
      ],
    });
  });

  test.each<{ override: number; planned: number; allowed: number | undefined }>([
    { override: 10, planned: 10, allowed: undefined },
    { override: 10, planned: 11, allowed: 10 },
    { override: 3, planned: 5, allowed: undefined },
    { override: 0, planned: 5, allowed: undefined },
    { override: 0, planned: 6, allowed: 5 },
  ])('a limit of 5 and an override of $override, for $planned', ({ override, planned, allowed }) => {
    const verdict = judge(
      plan({ people: people(planned, MOVEMENT[name]) }),
      { ...UNLIMITED, [name]: [COUNT(5)] },
      { [name]: override },
    );
    expect(verdict.violations.map((violation) => violation.allowed)).toEqual(
      allowed === undefined ? [] : [allowed],
    );
  });

  test("other movements don't count", () => {
    const others = (['joining', 'promoted', 'changed', 'leaving', 'demoted', 'moved'] as const)
      .filter((movement) => movement !== MOVEMENT[name])
      .flatMap((movement, index) => people(5, movement, 1 + index * 10));
    const limits = { ...UNLIMITED, [name]: [COUNT(0)] };
    expect(judge(plan({ people: others }), limits, {}).verdict).toBe('pass');
  });

  test('never more than 100 by default, no matter how many users there are', () => {
    const of = (n: number) =>
      judge(plan({ people: people(n, MOVEMENT[name]), managedBefore: 1_000_000 }), DEFAULT_LIMITS, {})
        .verdict;
    expect(of(100)).toBe('pass');
    expect(of(101)).toBe('refused');
  });
});

describe('by default, of nine people', () => {
  const leaving = (n: number) =>
    judge(
      planFor({
        listings: [listing('acme', ...Array.from({ length: 9 - n }, (_, i) => member(i + 1, `u${i + 1}`)))],
        users: Array.from({ length: 9 }, (_, i) => ours(i + 1, `u${i + 1}`, { grants: ['default/member'] })),
      }),
      DEFAULT_LIMITS,
      {},
    );

  test.each([1, 2])('%d may leave', (n) => {
    expect(leaving(n).verdict).toBe('pass');
  });

  test.each([3, 8, 9])('%d may not', (n) => {
    expect(leaving(n).violations).toEqual([
      { limit: 'removals', allowed: 2, planned: n, override: `--allow-removals ${n}` },
    ]);
  });
});

describe('floors', () => {
  const holders = (role: string, before: number, after: number, tenant = 'default'): Holders => ({
    tenant,
    role,
    before,
    after,
  });

  test.each<{
    name: string;
    floors: Record<string, number>;
    held: readonly Holders[];
    overrides?: Overrides['floors'];
    expected: readonly Omit<Violation, 'limit'>[];
  }>([
    { name: 'at the floor', floors: { admin: 1 }, held: [holders('admin', 2, 1)], expected: [] },
    {
      name: 'below it',
      floors: { admin: 1 },
      held: [holders('admin', 1, 0)],
      expected: [{ allowed: 1, planned: 0, override: '--allow-floor default/admin=0' }],
    },
    {
      name: 'fewer than the floor before: those at least',
      floors: { admin: 5 },
      held: [holders('admin', 3, 2)],
      expected: [{ allowed: 3, planned: 2, override: '--allow-floor default/admin=2' }],
    },
    {
      name: 'above the floor before, below it after',
      floors: { admin: 5 },
      held: [holders('admin', 9, 4)],
      expected: [{ allowed: 5, planned: 4, override: '--allow-floor default/admin=4' }],
    },
    { name: 'a role without a floor', floors: { admin: 1 }, held: [holders('member', 9, 0)], expected: [] },
    { name: 'a floor of 0', floors: { admin: 0 }, held: [holders('admin', 9, 0)], expected: [] },
    {
      name: 'roles named like properties of Object.prototype',
      floors: { admin: 1 },
      held: [holders('constructor', 2, 1), holders('toString', 2, 0), holders('__proto__', 2, 0)],
      expected: [],
    },
    {
      name: 'in each tenant',
      floors: { admin: 1 },
      held: [holders('admin', 1, 0, 'a'), holders('admin', 2, 1, 'b'), holders('admin', 1, 0, 'c')],
      expected: [
        { allowed: 1, planned: 0, override: '--allow-floor a/admin=0' },
        { allowed: 1, planned: 0, override: '--allow-floor c/admin=0' },
      ],
    },
    {
      name: 'allowed for this run',
      floors: { admin: 1 },
      held: [holders('admin', 1, 0)],
      overrides: { 'default/admin': 0 },
      expected: [],
    },
    {
      name: 'allowed in another tenant',
      floors: { admin: 1 },
      held: [holders('admin', 1, 0)],
      overrides: { 'prod/admin': 0 },
      expected: [{ allowed: 1, planned: 0, override: '--allow-floor default/admin=0' }],
    },
    {
      name: 'allowed, but not that low',
      floors: { admin: 5 },
      held: [holders('admin', 5, 2)],
      overrides: { 'default/admin': 3 },
      expected: [{ allowed: 3, planned: 2, override: '--allow-floor default/admin=2' }],
    },
    {
      name: 'an override raises no floor',
      floors: { admin: 1 },
      held: [holders('admin', 5, 2)],
      overrides: { 'default/admin': 4 },
      expected: [],
    },
  ])('$name', ({ floors, held, overrides, expected }) => {
    const verdict = judge(
      plan({ holders: held }),
      { ...UNLIMITED, floors },
      overrides ? { floors: overrides } : {},
    );
    expect(verdict).toEqual({
      verdict: expected.length === 0 ? 'pass' : 'refused',
      violations: expected.map((violation) => ({ limit: 'floors', ...violation })),
    });
  });

  test('by default the last admin of a tenant stays, whoever it is', () => {
    const input = { listings: [listing('acme', member(1, 'ann'))] };
    const last = planFor({ ...input, users: [ours(1, 'ann', { grants: ['default/admin'] })] });
    expect(judge(last, DEFAULT_LIMITS, {}).violations).toEqual([
      { limit: 'floors', allowed: 1, planned: 0, override: '--allow-floor default/admin=0' },
    ]);
  });
});

test('every crossed limit is named, and exactly their overrides let the plan pass', () => {
  const crossing = plan({
    people: [...people(4, 'leaving'), ...people(3, 'demoted', 10), ...people(2, 'moved', 20)],
    holders: [{ tenant: 'default', role: 'admin', before: 3, after: 0 }],
    managedBefore: 4,
  });
  const { violations } = judge(crossing, DEFAULT_LIMITS, {});
  expect(violations.map(({ override }) => override)).toEqual([
    '--allow-removals 4',
    '--allow-demotions 3',
    '--allow-moves 2',
    '--allow-floor default/admin=0',
  ]);
  const all: Overrides = { removals: 4, demotions: 3, moves: 2, floors: { 'default/admin': 0 } };
  expect(judge(crossing, DEFAULT_LIMITS, all).verdict).toBe('pass');
  for (const missing of Object.keys(all)) {
    const { [missing as keyof Overrides]: _, ...rest } = all;
    expect(judge(crossing, DEFAULT_LIMITS, rest).violations).toHaveLength(1);
  }
});
