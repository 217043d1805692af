import { describe, expect, test } from 'vitest';
import { grantId } from '../../../src/model/grant.ts';
import type { Locator } from '../../../src/model/locator.ts';
import type { OrgRole } from '../../../src/model/member.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { membershipLocators } from '../../../src/plan/locators.ts';
import { compileRules, type GivenGrant } from '../../../src/plan/rules.ts';
import { allow, deny, ORG_IDS, type OrgName } from '../../support/builders.ts';

/** The locators of `ann` with the given roles. */
const ann = (roles: { readonly [org in OrgName]?: OrgRole }, login = 'ann'): readonly Locator[] =>
  Object.entries(roles).flatMap(([org, role]) =>
    membershipLocators({ org, id: ORG_IDS[org as OrgName] }, login, role),
  );

const give = (rules: readonly Rule[], locators: readonly Locator[]): readonly GivenGrant[] =>
  compileRules(rules)({ locators, doubts: [], restraints: [] }).given;

const ids = (given: readonly GivenGrant[]): readonly string[] =>
  given.map(({ grant }) => grantId(grant)).sort();

const EVERYBODY = allow('github:*:role:*', 'member');
const OWNERS = allow('github:*:role:admin', 'admin');

describe('who gets what', () => {
  test.each<{
    name: string;
    rules: readonly Rule[];
    roles?: { readonly [org in OrgName]?: OrgRole };
    login?: string;
    expected: readonly string[];
  }>([
    { name: 'no rule holds', rules: [OWNERS], expected: [] },
    {
      name: 'an owner by two rules',
      rules: [OWNERS, EVERYBODY],
      roles: { acme: 'admin' },
      expected: ['default/admin', 'default/member'],
    },
    {
      name: 'several roles of one rule',
      rules: [allow('github:acme:role:member', ['a', 'b'])],
      expected: ['default/a', 'default/b'],
    },
    {
      name: 'any subject of several is enough',
      rules: [allow(['github:acme:user:bob', 'github:acme:user:ann'], 'x')],
      expected: ['default/x'],
    },
    {
      name: 'a resource instance',
      rules: [allow('github:acme:role:member', 'owner', { resource: 'repository:api' })],
      expected: ['default/owner@repository:api'],
    },
    {
      name: 'a role and the same role on an instance are two',
      rules: [EVERYBODY, allow('github:*:role:*', 'member', { resource: 'repository:api' })],
      expected: ['default/member', 'default/member@repository:api'],
    },
    {
      name: 'by login, without regard to case',
      rules: [allow('github:acme:user:ANN', 'x')],
      login: 'Ann',
      expected: ['default/x'],
    },

    {
      name: '{org} is the org of the matching locator',
      rules: [allow('github:*:role:member', 'member', { tenant: '{org}' })],
      roles: { acme: 'member', labs: 'member' },
      expected: ['acme/member', 'labs/member'],
    },
    {
      name: '{org} is not the org of another locator',
      rules: [allow('github:*:role:admin', 'admin', { tenant: '{org}' })],
      roles: { acme: 'admin', labs: 'member' },
      expected: ['acme/admin'],
    },
    {
      name: '{org} inside a tenant',
      rules: [allow('github:*:role:*', 'x', { tenant: 'gh-{org}-{org}' })],
      roles: { labs: 'member' },
      expected: ['gh-labs-labs/x'],
    },

    {
      name: 'also: needed',
      rules: [allow('github:acme:role:*', 'x', { also: ['github:labs:role:*'] })],
      expected: [],
    },
    {
      name: 'also: in another org',
      rules: [allow('github:acme:role:*', 'x', { also: ['github:labs:role:*'] })],
      roles: { acme: 'member', labs: 'member' },
      expected: ['default/x'],
    },
    {
      name: 'also: every one',
      rules: [allow('github:acme:role:*', 'x', { also: ['github:labs:role:*', 'github:research:role:*'] })],
      roles: { acme: 'member', labs: 'member' },
      expected: [],
    },
    {
      name: 'also does not determine the tenant',
      rules: [allow('github:acme:role:*', 'x', { tenant: '{org}', also: ['github:labs:role:*'] })],
      roles: { acme: 'member', labs: 'member' },
      expected: ['acme/x'],
    },
    {
      name: 'unless: does not hold',
      rules: [allow('github:*:role:*', 'x', { unless: ['github:labs:role:*'] })],
      expected: ['default/x'],
    },
    {
      name: 'unless: any of them is enough',
      rules: [allow('github:acme:role:*', 'x', { unless: ['github:nowhere:role:*', 'github:labs:role:*'] })],
      roles: { acme: 'member', labs: 'member' },
      expected: [],
    },

    {
      name: 'deny wins, last',
      rules: [EVERYBODY, deny('github:acme:user:ann', 'member')],
      expected: [],
    },
    {
      name: 'deny wins, first',
      rules: [deny('github:acme:user:ann', 'member'), EVERYBODY],
      expected: [],
    },
    {
      name: 'deny of somebody else',
      rules: [EVERYBODY, deny('github:acme:user:bob', 'member')],
      expected: ['default/member'],
    },
    {
      name: 'deny takes what its roles match',
      rules: [OWNERS, EVERYBODY, deny('github:*:role:*', 'ad*')],
      roles: { acme: 'admin' },
      expected: ['default/member'],
    },
    {
      name: 'deny keeps the case of roles',
      rules: [EVERYBODY, deny('github:*:role:*', 'Member')],
      expected: ['default/member'],
    },
    {
      name: 'deny in another tenant',
      rules: [EVERYBODY, deny('github:*:role:*', '*', { tenant: 'prod' })],
      expected: ['default/member'],
    },
    {
      name: 'deny in tenants by a pattern',
      rules: [
        allow('github:*:role:*', 'x', { tenant: '{org}' }),
        deny('github:*:role:*', '*', { tenant: 'la*' }),
      ],
      roles: { acme: 'member', labs: 'member' },
      expected: ['acme/x'],
    },
    {
      name: 'deny in {org}: where its own subject matches',
      rules: [
        allow('github:*:role:*', 'x', { tenant: '{org}' }),
        deny('github:*:role:admin', 'x', { tenant: '{org}' }),
      ],
      roles: { acme: 'member', labs: 'admin' },
      expected: ['acme/x'],
    },
    {
      name: 'deny without a resource takes those on instances too',
      rules: [allow('github:*:role:*', 'x', { resource: 'repo:a' }), deny('github:*:role:*', 'x')],
      expected: [],
    },
    {
      name: 'deny on an instance takes that alone',
      rules: [
        EVERYBODY,
        allow('github:*:role:*', 'member', { resource: 'repo:a' }),
        allow('github:*:role:*', 'member', { resource: 'repo:b' }),
        deny('github:*:role:*', '*', { resource: 'repo:a' }),
      ],
      expected: ['default/member', 'default/member@repo:b'],
    },
    {
      name: 'deny with also that does not hold',
      rules: [EVERYBODY, deny('github:*:role:*', '*', { also: ['github:labs:role:*'] })],
      expected: ['default/member'],
    },
    {
      name: 'deny unless',
      rules: [EVERYBODY, deny('github:*:role:*', '*', { unless: ['github:*:user:ann'] })],
      expected: ['default/member'],
    },
    { name: 'nothing without a locator', rules: [allow('*', 'x')], roles: {}, expected: [] },
  ])('$name', ({ rules, roles = { acme: 'member' }, login = 'ann', expected }) => {
    expect(ids(give(rules, ann(roles, login)))).toEqual(expected);
    expect(ids(give(rules.toReversed(), ann(roles, login)))).toEqual(expected);
  });
});

describe('what is known of a grant', () => {
  test('its ranks are those of all rules that give it', () => {
    const rules = [OWNERS, EVERYBODY, allow('github:*:role:admin', 'member')];
    const ranks = give(rules, ann({ acme: 'admin' })).map(({ grant, ranks }) => [grantId(grant), ranks]);
    expect(ranks).toEqual([
      ['default/admin', [0]],
      ['default/member', [1, 2]],
    ]);
  });

  test('a deny counts when rules are counted', () => {
    const [given] = give([deny('github:*:user:bob', '*'), EVERYBODY], ann({ acme: 'member' }));
    expect(given?.ranks).toEqual([1]);
  });

  test('a rule that does not hold for the person gives no rank', () => {
    const [given] = give([allow('github:labs:role:*', 'member'), EVERYBODY], ann({ acme: 'member' }));
    expect(given?.ranks).toEqual([1]);
  });

  test('its reasons are the locators that matched, sorted, each once', () => {
    const rules = [EVERYBODY, allow('github:*:role:member', 'member')];
    const [given] = give(rules, ann({ labs: 'member', acme: 'member' }));
    expect(given?.because).toEqual(['github:acme:role:member', 'github:labs:role:member']);
  });

  test('its orgs are those without which it would not be given', () => {
    const rules = [
      allow('github:labs:role:*', 'member'),
      allow('github:acme:role:*', 'x', { also: ['github:research:role:*'] }),
    ];
    const given = give(rules, ann({ research: 'member', labs: 'admin', acme: 'member' }));
    expect(given.map(({ grant, orgs }) => [grantId(grant), orgs])).toEqual([
      ['default/member', [ORG_IDS.labs]],
      ['default/x', [ORG_IDS.acme, ORG_IDS.research]],
    ]);
  });
});
