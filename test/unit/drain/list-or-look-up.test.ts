import { expect, test } from 'vitest';
import { listOrLookUp } from '../../../src/drain/list-or-look-up.ts';
import type { Rule } from '../../../src/model/rule.ts';
import type { LastRun } from '../../../src/model/webhooks/queue.ts';
import { allow } from '../../support/builders.ts';

const last = (members: Readonly<Record<string, number>>): LastRun => ({
  at: '2026-01-01T00:00:00Z',
  members,
  managed: 10,
  plain: true,
});
const ROLES = [allow('github:*:role:*', 'member')];
const TEAM = [...ROLES, allow('github:acme:team:core:*', 'deployer')];
const PATTERN = [allow('github:acme:role:member', 'member', { unless: ['github:acme:team:ext-*:*'] })];

type Case = {
  readonly name: string;
  readonly people: number;
  readonly orgs?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly lastRun?: LastRun | undefined;
  readonly expected: 'look up' | 'list';
};

test.each<Case>([
  { name: 'one person of a small organization', people: 1, expected: 'look up' },
  { name: 'two of a small one: two looks are more than a listing', people: 2, expected: 'list' },
  { name: 'fifty of 20,000', people: 50, lastRun: last({ acme: 20_000 }), expected: 'look up' },
  { name: '500 of 2,000', people: 500, lastRun: last({ acme: 2_000 }), expected: 'list' },
  { name: 'nothing is known yet', people: 1, lastRun: undefined, expected: 'list' },
  { name: 'one of the organizations is new', people: 1, orgs: ['acme', 'labs'], expected: 'list' },
  { name: 'known in another case', people: 1, orgs: ['ACME'], expected: 'look up' },
  { name: 'teams cost on both sides', people: 1, rules: TEAM, expected: 'look up' },
  {
    name: 'a pattern of teams: only a list tells what it matches',
    people: 1,
    rules: PATTERN,
    expected: 'list',
  },
  { name: 'an organization called __proto__', people: 1, orgs: ['__proto__'], expected: 'list' },
])('$name: $expected', ({ people, orgs = ['acme'], rules = ROLES, expected, ...rest }) => {
  const lastRun = 'lastRun' in rest ? rest.lastRun : last({ acme: 100 });
  expect(listOrLookUp(people, { listedOrgs: orgs, rules }, lastRun)).toBe(expected);
});
