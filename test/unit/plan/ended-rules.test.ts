import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import { changesOf } from '../../../src/model/plan.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { explain } from '../../../src/plan/explain.ts';
import { judge } from '../../../src/plan/judge.ts';
import {
  allow,
  deny,
  listing,
  member,
  ours,
  outline,
  planFor,
  planInput,
  userSettings,
} from '../../support/builders.ts';

const UNTIL = '2027-03-31';
const LAST_MOMENT = new Date('2027-03-31T23:59:59.999Z');
const OVER = new Date('2027-04-01T00:00:00.000Z');
const RULES = [
  allow('github:acme:role:member', 'insider', { until: UNTIL }),
  allow('github:acme:role:*', 'member'),
];
const NO_LOSSES: Limits = {
  ...DEFAULT_LIMITS,
  removals: [{ kind: 'count', people: 0 }],
  demotions: [{ kind: 'count', people: 0 }],
  floors: {},
};

type Case = {
  readonly name: string;
  readonly now: Date;
  readonly rules?: readonly Rule[];
  readonly held?: readonly string[];
  readonly members?: readonly string[];
  readonly onLeave?: 'unassign';
  readonly expected: readonly string[];
  readonly reasons?: readonly string[];
  readonly limits?: readonly string[];
};

const BOTH = ['default/insider', 'default/member'];
const ENDED = 'the rule for github:acme:role:member ended on 2027-03-31';

test.each<Case>([
  { name: 'applies until the end of its last day, UTC', now: LAST_MOMENT, held: BOTH, expected: [] },
  {
    name: 'removes what it gave, with the reason, without counting against limits',
    now: OVER,
    held: BOTH,
    expected: ['ann demoted: -default/insider'],
    reasons: [ENDED],
    limits: [],
  },
  { name: 'no longer gives anything', now: OVER, held: ['default/member'], expected: [] },
  {
    name: 'removes people who had grants only from it',
    now: OVER,
    rules: RULES.slice(0, 1),
    held: ['default/insider'],
    expected: ['ann leaving: deleted'],
    reasons: [ENDED],
    limits: [],
  },
  {
    name: 'removes nobody if users are kept, but removes the grant',
    now: OVER,
    rules: RULES.slice(0, 1),
    held: ['default/insider'],
    onLeave: 'unassign',
    expected: ['ann leaving: -default/insider'],
    reasons: [ENDED],
    limits: [],
  },
  {
    name: 'exempts only its own losses',
    now: OVER,
    rules: [...RULES, allow('github:acme:role:admin', 'admin')],
    held: [...BOTH, 'default/admin'],
    expected: ['ann demoted: -default/admin -default/insider'],
    limits: ['demotions'],
  },
  {
    name: 'exempts nobody who has left',
    now: OVER,
    held: BOTH,
    members: [],
    expected: ['ann leaving: deleted'],
    reasons: ['no longer a member of acme'],
    limits: ['removals'],
  },
  {
    name: 'exempts nobody whom it did not match',
    now: OVER,
    rules: [
      allow('github:acme:user:bob', 'insider', { until: UNTIL }),
      allow('github:acme:role:*', 'member'),
    ],
    held: BOTH,
    expected: ['ann demoted: -default/insider'],
    reasons: ['github:acme:user:bob no longer holds'],
    limits: ['demotions'],
  },
  {
    name: 'removes nothing that another rule gives',
    now: OVER,
    rules: [...RULES, allow('github:acme:user:ann', 'insider')],
    held: BOTH,
    expected: [],
  },
  {
    name: 'exempts nothing that a deny removes',
    now: OVER,
    rules: [...RULES, deny('github:acme:user:ann', 'insider')],
    held: BOTH,
    expected: ['ann demoted: -default/insider'],
    limits: ['demotions'],
  },
  {
    name: 'no longer denies',
    now: OVER,
    rules: [allow('github:acme:role:*', 'member'), deny('github:acme:user:ann', 'member', { until: UNTIL })],
    held: [],
    expected: ['ann joining: +default/member'],
  },
])('a rule with an end $name', ({ now, rules = RULES, held = [], members = ['ann'], onLeave, ...want }) => {
  const plan = planFor({
    now,
    rules,
    listings: [listing('acme', ...members.map((login, index) => member(index + 1, login)))],
    users: [ours(1, 'ann', { grants: held })],
    configuredOrgs: ['acme'],
    userSettings: userSettings(onLeave ? { onLeave } : {}),
  });
  expect(outline(plan)).toEqual(want.expected);
  if (want.reasons) expect(changesOf(plan).map(({ reason }) => reason)).toEqual(want.reasons);
  if (want.limits) {
    const { violations } = judge(plan, NO_LOSSES, {});
    expect(violations.map(({ limit }) => limit)).toEqual(want.limits);
  }
});

test('a floor applies even when a rule ends', () => {
  const plan = planFor({
    now: OVER,
    rules: [allow('github:acme:role:*', 'admin', { until: UNTIL }), allow('github:acme:role:*', 'member')],
    listings: [listing('acme', member(1, 'ann'))],
    users: [ours(1, 'ann', { grants: ['default/admin', 'default/member'] })],
  });
  expect(judge(plan, DEFAULT_LIMITS, {}).violations.map(({ limit }) => limit)).toEqual(['floors']);
});

describe('how an ended rule is reported', () => {
  const input = planInput({ now: OVER, rules: RULES, listings: [listing('acme', member(1, 'ann'))] });

  test('a note', () => {
    expect(planFor(input).notes).toEqual([
      {
        code: 'RULE_ENDED',
        users: [],
        message: 'rule 1 (github:acme:role:member) ended on 2027-03-31 and applies to nobody; remove it',
      },
    ]);
  });

  test('explain', () => {
    const [over, other] = explain(input, 'ann').traces;
    expect(over).toMatchObject({ holds: 'no', nearly: 'it ended on 2027-03-31' });
    expect(other).toMatchObject({ holds: 'yes', nearly: undefined });
  });
});
