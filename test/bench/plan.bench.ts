import { bench, describe } from 'vitest';
import type { Member } from '../../src/model/member.ts';
import { defaultRules } from '../../src/model/rule.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { listing, member, ours, planInput } from '../support/builders.ts';

/**
 * How long the diff alone takes for 100,000 members; it has to stay under a second (CONTRACT §11). Run by
 * `npx vitest bench --run test/bench/plan.bench.ts`.
 */
const MEMBERS = 100_000;
const OWNERS = 300;

const login = (i: number): string => `person-${i}`;
const roleOf = (i: number): Member['role'] => (i <= OWNERS ? 'admin' : 'member');
const userOf = (i: number): PermitUser => ours(i, login(i), { grants: [`default/${roleOf(i)}`] });
const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const people = numbers(1, MEMBERS);
const members = people.map((i) => member(i, login(i), roleOf(i)));
const users = people.map(userOf);

const IN_SYNC: PlanInput = planInput({ listings: [listing('acme', ...members)], users });

/** A third of one per cent each: joined, left, and changed their role. */
const third = Math.round(MEMBERS / 300);
const ONE_PER_CENT: PlanInput = {
  ...IN_SYNC,
  users: users
    .slice(third)
    .map((user, i) => (i < third ? { ...user, grants: [] } : user))
    .concat(numbers(MEMBERS + 1, MEMBERS + third).map(userOf)),
};

const SEVERAL_ORGS: PlanInput = {
  ...IN_SYNC,
  rules: defaultRules('{org}'),
  configuredOrgs: ['acme', 'labs'],
  listings: [listing('acme', ...members), listing('labs', ...members.slice(0, MEMBERS / 2))],
};

describe(`makePlan, ${MEMBERS} members`, () => {
  const options = { iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 };
  bench('no change', () => void makePlan(IN_SYNC), options);
  bench('1 % changes', () => void makePlan(ONE_PER_CENT), options);
  bench('everybody changes, two organizations', () => void makePlan(SEVERAL_ORGS), options);
  bench('everybody joins', () => void makePlan({ ...IN_SYNC, users: [] }), options);
});
