import { describe, expect, test } from 'vitest';
import { findEscapes } from '../../../src/doctor/mapping.ts';
import { defaultRules, type Rule } from '../../../src/model/rule.ts';
import { assignableGrants } from '../../../src/plan/managed-grants.ts';
import { patterns } from '../../support/builders.ts';

type Given = Partial<Omit<Rule, 'subject' | 'also' | 'unless'>> & {
  readonly subject: readonly string[];
  readonly also?: readonly string[];
  readonly unless?: readonly string[];
};

const rule = ({ subject, also = [], unless = [], ...given }: Given): Rule => ({
  subject: patterns(subject),
  also: patterns(also),
  unless: patterns(unless),
  effect: 'allow',
  roles: ['member'],
  tenant: 'default',
  ...given,
});

const escapes = (...rules: Rule[]) =>
  findEscapes(rules)
    .filter(({ status }) => status === 'warning')
    .map(({ message, hint = '' }) => ({ message, hint }));

describe('what members can do themselves', () => {
  const ANYBODY = 'github:acme:role:member';
  const CASES: readonly {
    readonly name: string;
    readonly given: Rule;
    readonly says: readonly RegExp[];
    readonly hint?: RegExp;
  }[] = [
    { name: 'the default rules', given: defaultRules('default')[0] as Rule, says: [] },
    { name: 'everybody', given: rule({ subject: ['github:acme:*'] }), says: [] },
    { name: 'collaborators', given: rule({ subject: ['github:acme:collaborator'] }), says: [] },
    {
      name: 'a team by its id that lets in',
      given: rule({ subject: ['github:acme:team:#42:*'] }),
      says: [],
    },
    {
      name: 'a team by its slug that lets in',
      given: rule({ subject: ['github:acme:team:platform:*'], roles: ['deployer'] }),
      says: [/^grants\[0\]\.subject: github:acme:team:platform:\* .*rename.*gets deployer/],
      hint: /github:acme:team:#ID:\*/,
    },
    {
      name: 'a team by its slug in `also`',
      given: rule({ subject: [ANYBODY], also: ['github:acme:team:platform:maintainer'] }),
      says: [/^grants\[0\]\.also: .*rename/],
      hint: /#ID:maintainer/,
    },
    {
      name: 'a login that lets in',
      given: rule({ subject: ['github:acme:user:boss'], roles: ['admin'] }),
      says: [/takes a login that matches github:acme:user:boss gets admin/],
      hint: /team by its #ID/,
    },
    {
      name: '`unless` on a team, even by its id',
      given: rule({ subject: [ANYBODY], unless: ['github:acme:team:#42:*'] }),
      says: [/^grants\[0\]\.unless: anyone who leaves the team in github:acme:team:#42:\* gets member$/],
      hint: /reverse the rule/,
    },
    {
      name: '`unless` on a login',
      given: rule({ subject: [ANYBODY], unless: ['github:*:user:*-bot'] }),
      says: [/changes the login gets member/],
    },
    {
      name: 'a deny on a team',
      given: rule({ subject: ['github:acme:team:contractors:*'], effect: 'deny', roles: ['*'] }),
      says: [/leaves the team .* is no longer denied every role$/],
    },
    {
      name: 'a deny on any team of a name',
      given: rule({ subject: ['github:acme:team:ext-*:*'], effect: 'deny', roles: ['admin'] }),
      says: [/leaves the team .* no longer denied admin; any member may also create a team/],
    },
    {
      name: 'a deny on a login',
      given: rule({ subject: ['github:*:user:*-bot'], effect: 'deny', roles: ['*'] }),
      says: [/changes the login is no longer denied every role/],
    },
    { name: 'a deny on a role', given: rule({ subject: [ANYBODY], effect: 'deny' }), says: [] },
    {
      name: '`unless` of a deny, which people gain by matching',
      given: rule({
        subject: [ANYBODY],
        effect: 'deny',
        unless: ['github:acme:team:trusted:*', 'github:acme:team:#42:*', 'github:acme:team:t*:*'],
      }),
      says: [/rename it.*no longer denied member/, /create a team that matches github:acme:team:t\*:\*/],
    },
  ];
  test.each(CASES)('$name', ({ given, says, hint }) => {
    const found = escapes(given);
    expect(found).toHaveLength(says.length);
    for (const [i, words] of says.entries()) expect(found[i]?.message).toMatch(words);
    if (hint) expect(found[0]?.hint).toMatch(hint);
  });

  test('names each rule by its place, and has a line even without a warning', () => {
    const weak = rule({ subject: ['github:acme:user:boss'] });
    expect(findEscapes([...defaultRules('t'), weak]).map(({ id }) => id)).toEqual([
      'mapping.escape:grants[2].subject:github:acme:user:boss',
    ]);
    expect(findEscapes(defaultRules('t'))).toMatchObject([{ id: 'mapping.escape', status: 'ok' }]);
  });
});

describe('grants that the rules can give', () => {
  test('{org} is replaced by the organizations that a subject can match', () => {
    const grants = assignableGrants(
      [
        rule({ subject: ['github:acme:role:admin'], roles: ['admin', 'auditor'], tenant: 'org-{org}' }),
        rule({ subject: ['github:*:role:member'], roles: ['member'], tenant: '{org}' }),
        rule({ subject: ['github:ACME:role:member'], tenant: 'p', resource: 'repository:x' }),
        rule({ subject: ['github:*:role:member'], effect: 'deny', roles: ['*'], tenant: '*' }),
        rule({ subject: ['github:elsewhere:role:member'], roles: ['never'] }),
      ],
      ['acme', 'labs'],
    );
    expect(grants).toEqual([
      { tenant: 'org-acme', role: 'admin' },
      { tenant: 'org-acme', role: 'auditor' },
      { tenant: 'acme', role: 'member' },
      { tenant: 'labs', role: 'member' },
      { tenant: 'p', role: 'member', resource: 'repository:x' },
    ]);
  });

  test('a grant of several rules appears once', () => {
    const twice = [...defaultRules('t'), ...defaultRules('t')];
    expect(assignableGrants(twice, ['acme', 'labs'])).toHaveLength(2);
  });
});
