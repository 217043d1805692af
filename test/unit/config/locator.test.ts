import { describe, expect, test } from 'vitest';
import { covers, locatorProblem, openToAnyTeam } from '../../../src/config/locator.ts';
import { LOCATOR_KINDS, LocatorPattern } from '../../../src/model/locator.ts';
import { load, problems } from './support.ts';

test.each([
  ['github:acme:role:admin', 'role'],
  ['github:*:role:*', 'role'],
  ['GitHub:Acme:Role:Member', 'role'],
  ['github:acme:user:octocat', 'user'],
  ['github:*:user:*-bot', 'user'],
  ['github:acme:team:platform:*', 'team'],
  ['github:acme:team:platform:maintainer', 'team'],
  ['github:acme:team:#4242:member', 'team'],
  ['github:acme:team:ent:contractors:*', 'team'],
  ['github:acme:team:Ent:contractors:Member', 'team'],
  ['github:acme:team:ent:*', 'team'],
  ['github:acme:team:ent:member', 'team'],
  ['github:acme:collaborator', 'collaborator'],
  ['github:acme:*:member', 'role user'],
  ['github:acme:*:admin', 'role user'],
  ['github:acme:*', 'role user team collaborator'],
  ['github:*', 'role user team collaborator'],
  ['*', 'role user team collaborator'],
  ['github:acme:team:*', 'team'],
  ['github:acme:r*:*', 'role'],
  ['github:acme:org-role:Release Captain', 'org-role'],
  ['github:acme:o*:all_repo_*', 'org-role'],
])('%s can match: %s', (pattern, kinds) => {
  const compiled = new LocatorPattern(pattern);
  expect(LOCATOR_KINDS.filter((kind) => compiled.canMatchKind(kind)).join(' ')).toBe(kinds);
  expect(locatorProblem(pattern)).toBeUndefined();
});

test.each([
  ['github:acme:role:owner', /"owner" is not a role on GitHub/, 'did you mean "github:acme:role:admin"?'],
  ['github:acme:role:membr', /not a role/, 'did you mean "github:acme:role:member"?'],
  ['github:acme:roles:admin', /"roles" is not a kind/, 'did you mean "github:acme:role:admin"?'],
  ['github:acme:team:platform', /number of segments/, 'did you mean "github:acme:team:platform:*"?'],
  [
    'github:acme:team:ent:contractors',
    /"contractors" is not a team role/,
    'did you mean "github:acme:team:ent:contractors:*"?',
  ],
  [
    'github:acme:team:ent:contractors:membr',
    /"membr" is not a team role/,
    'did you mean "github:acme:team:ent:contractors:member"?',
  ],
  ['github:acme:team:ent:a:b:member', /number of segments/, 'expected one of '],
  ['github:acme:team:org:contractors:member', /number of segments/, 'expected one of '],
  ['github:acme:team:ent:#12:member', /can never match a locator/, 'expected one of '],
  ['github:acme:teams:platform', /not a kind/, 'did you mean "github:acme:team:platform:*"?'],
  ['github:acme:team:platform:admin', /not a team role/, 'expected one of github:ORG:role:(admin|member), '],
  [
    'github:acme:team:platform:maintainers',
    /not a team role/,
    'did you mean "github:acme:team:platform:maintainer"?',
  ],
  ['acme:role:admin', /does not begin/, 'did you mean "github:acme:role:admin"?'],
  ['gihub:acme:role:admin', /does not begin/, 'did you mean "github:acme:role:admin"?'],
  ['github: acme:role:admin', /organization/, 'did you mean "github:acme:role:admin"?'],
  ['github:acme', /./, 'expected one of github:ORG:role:(admin|member), '],
  ['github:acme:collaborator:x', /number of segments/, 'expected one of '],
  ['github:acme:user', /number of segments/, 'did you mean "github:acme:user:*"?'],
  ['github:acme:role:admin:x', /number of segments/, 'expected one of '],
  ['github:acme:team:#x:member', /can never match a locator/, 'expected one of '],
  ['github:acme:team:#*:member', /can never match a locator/, 'expected one of '],
  ['github:a/b:role:admin', /organization/, 'expected one of '],
  ['github:acme:constructor', /not a kind/, 'expected one of '],
  ['', /is empty/, 'github:ORG:user:LOGIN'],
  ['github:*'.repeat(100), /too long/, 'expected github:ORG'],
])('%j can match nothing', (pattern, what, hint) => {
  expect(locatorProblem(pattern)?.message).toMatch(what);
  expect(locatorProblem(pattern)?.hint).toContain(hint);
});

test.each([
  ['github:acme:team:*:member', true],
  ['github:acme:team:*', true],
  ['github:acme:team:plat*:*', true],
  ['github:acme:*:*:member', true],
  ['github:acme:t*:p*:*', true],
  ['github:acme:team:platform:*', false],
  ['github:acme:team:#4242:*', false],
  ['github:acme:team:ent:contractors:*', false],
  ['github:acme:team:ent:member', false],
  ['github:acme:team:ent:*:member', true],
  ['github:acme:team:ent:*', true],
  ['github:acme:*', false],
  ['github:acme:*:*', false],
  ['github:acme:role:*', false],
])('%s admits any team: %s', (pattern, expected) => {
  expect(openToAnyTeam(new LocatorPattern(pattern))).toBe(expected);
});

test.each([
  ['github:*:role:*', 'github:acme:role:member', true],
  ['github:*', 'github:acme:team:a:*', true],
  ['github:acme:*', 'github:*:role:member', false],
  ['github:acme:role:admin', 'github:acme:role:*', false],
  ['github:ACME:role:admin', 'github:acme:role:admin', true],
  ['github:acme:user:*', 'github:acme:role:admin', false],
  ['github:acme:team:*contractors*:*', 'github:acme:team:ent:contractors:member', true],
  ['github:acme:team:contractors:*', 'github:acme:team:ent:contractors:member', false],
])('%s covers %s: %s', (wider, pattern, expected) => {
  expect(covers(new LocatorPattern(wider), new LocatorPattern(pattern))).toBe(expected);
});

describe('in a rule', () => {
  const one = (rule: string, given = {}) => problems(`grants:\n  - { ${rule} }`, given);

  test.each([
    [
      'subject: "github:acme:team:*:*", roles: [a]',
      /^2:16: grants\[0\]\.subject: .*any member may create a team; name the team/,
    ],
    [
      'subject: "github:acme:role:member", also: ["github:acme:team:x*:*"], roles: [a]',
      /^2:50: grants\[0\]\.also\[0\]: .*any member may create a team/,
    ],
    [
      'subject: "github:acmee:role:admin", roles: [a]',
      /^2:16: .*"acmee" is not a configured organization; did you mean "acme"\?$/,
    ],
    [
      'subject: "github:other:role:admin", roles: [a]',
      /^2:16: .*"other" is not a configured organization; add it to github\.orgs, which has acme$/,
    ],
    [
      'subject: "github:acme:role:admin", unless: "github:labs-*:role:*", roles: [a]',
      /^2:50: grants\[0\]\.unless: "github:labs-\*:role:\*" can never match/,
    ],
    [
      'subject: "github:acme:role:admin", unless: "github:acme:role:*", roles: [a]',
      /^2:50: grants\[0\]\.unless: the rule can never apply; unless excludes all of "github:acme:role:admin"$/,
    ],
    [
      'subject: "github:acme:role:admin", also: "github:acme:user:x*", unless: ["github:*:user:*"], roles: [a]',
      /^2:79: .*can never apply; unless excludes all of "github:acme:user:x\*"$/,
    ],
    [
      'subject: "github:acme:role:admin", also: ["github:acme:role:member"], roles: [a]',
      /^2:49: grants\[0\]\.also\[0\]: the rule can never apply: nobody is "github:acme:role:admin" and "github:acme:role:member"/,
    ],
    [
      'subject: ["github:acme:collaborator", "github:*:collaborator"], also: "github:acme:team:x:*", roles: [a]',
      /the rule can never apply: nobody is "github:acme:collaborator" and "github:acme:team:x:\*"/,
    ],
    [
      'subject: "github:*:role:*", also: ["github:*:user:ann", "github:*:user:bob"], roles: [a]',
      /also\[1\]: the rule can never apply: nobody is "github:\*:user:ann" and "github:\*:user:bob"/,
    ],
    ['subject: "github:acme:role:admin", effect: deny, roles: [a]', /grants: has no allow rule/],
    ['subject: "github:acme:role:owner", roles: [a]', /^2:16: .*did you mean "github:acme:role:admin"\?$/],
  ])('%s', (rule, expected) => {
    expect(one(rule)).toEqual([expect.stringMatching(expected)]);
  });

  test('a deny may name any team', () => {
    const file = [
      'grants:',
      '  - { subject: "github:acme:role:*", roles: [a] }',
      '  - { subject: "github:acme:team:*:*", effect: deny, roles: [a] }',
    ];
    expect(load({ file: file.join('\n') }).rules).toHaveLength(2);
  });

  test('a run that --org narrows does not make the file wrong', () => {
    const file =
      'github: { orgs: [acme, labs] }\ngrants: [{ subject: "github:labs:role:admin", roles: ["*"] }]';
    expect(problems(file, { flags: { org: ['acme'] }, env: { GITHUB_ORG: '' } })).toEqual([
      expect.stringMatching(/an allow names each role/),
    ]);
  });
});
