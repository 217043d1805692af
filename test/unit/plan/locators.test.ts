import { describe, expect, test } from 'vitest';
import { LocatorPattern } from '../../../src/model/locator.ts';
import { compileKeyPattern, membershipLocators } from '../../../src/plan/locators.ts';
import { locatorFrom, ORG_IDS } from '../../support/builders.ts';

test('a membership gives the locators of its role and its login', () => {
  const acme = { org: 'acme', id: ORG_IDS.acme };
  expect(membershipLocators(acme, 'Ann', 'admin').map(({ text }) => text)).toEqual([
    'github:acme:role:admin',
    'github:acme:user:Ann',
  ]);
});

describe('a subject', () => {
  test.each<[pattern: string, locator: string, matches: boolean, why: string]>([
    ['github:acme:role:admin', 'github:acme:role:admin', true, 'the same'],
    ['github:acme:role:admin', 'github:acme:role:member', false, 'another role'],
    ['github:acme:role:admin', 'github:acme-labs:role:admin', false, 'an org that begins alike'],
    ['github:acme:role', 'github:acme:role:admin', false, 'a part is not the whole'],
    ['github:ACME:Role:admin', 'github:acme:role:ADMIN', true, 'case counts on neither side'],

    ['github:*:role:admin', 'github:acme:role:admin', true, '* is any segment'],
    ['github:*:role:admin', 'github:acme:team:x:role:admin', false, '* stays inside its segment'],
    ['github:acme:user:*-bot', 'github:acme:user:ci-bot', true, '* before a literal'],
    ['github:acme:user:*-bot', 'github:acme:user:-bot', true, 'before which nothing stands'],
    ['github:acme:user:*-bot', 'github:acme:user:bot', false, 'the literal is needed'],
    ['github:acme:user:*-bot', 'github:acme:user:ci-bot-2', false, 'to the end'],
    ['github:acme:user:svc-*', 'github:acme:user:svc-1', true, '* after a literal'],
    ['github:acme:user:svc-*', 'github:acme:user:my-svc-1', false, 'from the start'],
    ['github:acme:user:a*b*c', 'github:acme:user:aXbYc', true, 'several in one segment'],
    ['github:acme-*:role:*', 'github:acme-labs:role:member', true, 'in several segments'],
    ['github:acme:user:*-BOT', 'github:Acme:user:CI-bot', true, 'without regard to case'],

    ['github:acme:*', 'github:acme:role:admin', true, 'a last * is several segments'],
    ['github:acme:*', 'github:acme:collaborator', true, 'or one'],
    ['github:acme:*', 'github:acme', false, 'but not none'],
    ['github:acme:team:platform:*', 'github:acme:team:platform:maintainer', true, 'any role in a team'],
    ['github:acme:team:platform:*', 'github:acme:team:platform-x:member', false, 'of that team alone'],
    [
      'github:acme:team:platform*',
      'github:acme:team:platform:member',
      false,
      'a last * with text is no last *',
    ],
    ['*', 'github:acme:role:admin', true, 'everything'],

    [
      'github:acme:team:ent:contractors:*',
      'github:acme:team:ent:contractors:member',
      true,
      'an enterprise team',
    ],
    [
      'github:acme:team:ENT:Contractors:member',
      'github:acme:team:ent:contractors:member',
      true,
      'in any case',
    ],
    ['github:acme:team:contractors:*', 'github:acme:team:ent:contractors:member', false, 'another team'],
    [
      'github:acme:team:ent:contract:*',
      'github:acme:team:ent:contractors:member',
      false,
      'by its whole slug',
    ],
    [
      'github:acme:team:*contractors*:*',
      'github:acme:team:ent:contractors:member',
      true,
      'a pattern reaches it',
    ],
    ['github:acme:team:*:*', 'github:acme:team:ent:contractors:maintainer', true, 'any team'],
    ['github:acme:team:*:maintainer', 'github:acme:team:ent:contractors:maintainer', true, 'with its role'],
    ['github:acme:team:*:maintainer', 'github:acme:team:ent:contractors:member', false, 'and no other'],
    ['github:acme:team:ent:*:member', 'github:acme:team:ent:contractors:member', true, 'any enterprise team'],
    ['github:acme:team:ent:*', 'github:acme:team:ent:contractors:member', true, 'a last * is several names'],
    ['github:acme:team:ent:*', 'github:acme:team:ent:member', true, 'or one, of a team called ent'],
    ['github:acme:team:ent:member', 'github:acme:team:ent:member', true, 'a team called ent'],
    ['github:acme:team:ent:member', 'github:acme:team:ent:member:member', false, 'is no enterprise team'],
    ['github:acme:team:*', 'github:acme:team:ent:contractors:member', true, 'everything behind a last *'],
    ['github:acme:*', 'github:acme:team:ent:contractors:member', true, 'and further in front'],
    ['github:acme:t*:*contractors:*', 'github:acme:team:ent:contractors:member', true, 'with the kind open'],

    ['github:acme:team:#4242:*', 'github:acme:team:#4242:member', true, 'a team by its number'],
    ['github:a.me:role:admin', 'github:acme:role:admin', false, 'a dot is a dot'],
    ['github:acme:user:a+*', 'github:acme:user:aaa', false, 'a plus is a plus'],
    ['github:acme:user:(a|b)*', 'github:acme:user:b', false, 'parentheses are parentheses'],
    ['github:acme:user:[a-z]*', 'github:acme:user:b', false, 'brackets are brackets'],
  ])('%s on %s: %s (%s)', (pattern, locator, matches) => {
    expect(new LocatorPattern(pattern).matches(locatorFrom(locator))).toBe(matches);
  });
});

describe('a role or a tenant of a deny', () => {
  test.each<[pattern: string, key: string, matches: boolean, why: string]>([
    ['admin', 'admin', true, 'the same'],
    ['admin', 'Admin', false, 'keys keep their case'],
    ['admin', 'administrator', false, 'the whole'],
    ['*', 'anything', true, 'everything'],
    ['prod-*', 'prod-eu', true, 'a beginning'],
    ['prod-*', 'preprod-eu', false, 'from the start'],
    ['*-ro', 'prod-ro', true, 'an end'],
    ['a*c*e', 'abcde', true, 'several'],
    ['Prod-*', 'prod-eu', false, 'keys keep their case here too'],
    ['a.c*', 'abcd', false, 'a dot is a dot'],
  ])('%s on %s: %s (%s)', (pattern, key, matches) => {
    expect(compileKeyPattern(pattern)(key)).toBe(matches);
  });
});
