import { expect, test } from 'vitest';
import { areExclusive } from '../../../src/config/rules.ts';
import { LocatorPattern } from '../../../src/model/locator.ts';

test.each([
  ['github:acme:role:admin', 'github:acme:role:member', true],
  ['github:acme:role:admin', 'github:ACME:role:member', true],
  ['github:acme:role:admin', 'github:acme:role:*', false],
  ['github:acme:role:admin', 'github:acme:*', false],
  ['github:acme:role:admin', 'github:labs:role:member', false],
  ['github:*:role:admin', 'github:*:role:member', false],
  ['github:acme:collaborator', 'github:acme:role:member', true],
  ['github:acme:collaborator', 'github:labs:role:member', false],
  ['github:acme:collaborator', 'github:acme:team:x:*', true],
  ['github:acme:collaborator', 'github:acme:user:ann', false],
  ['github:acme:team:x:maintainer', 'github:acme:team:x:member', true],
  ['github:acme:team:x:maintainer', 'github:acme:team:y:member', false],
  ['github:acme:team:#1:maintainer', 'github:acme:team:x:member', false],
  ['github:acme:team:x:*', 'github:acme:role:admin', false],
  ['github:acme:user:ann', 'github:labs:user:bob', true],
  ['github:acme:user:ann', 'github:labs:user:ANN', false],
  ['github:acme:user:a*', 'github:labs:user:ann', false],
  ['github:acme:user:a*', 'github:labs:user:bob', true],
  ['github:acme:user:a*', 'github:labs:user:*b', false],
  ['nonsense', 'github:acme:user:ann', false],
])('nobody is %s and %s: %s', (a, b, expected) => {
  expect(areExclusive(new LocatorPattern(a), new LocatorPattern(b), false)).toBe(expected);
  expect(areExclusive(new LocatorPattern(b), new LocatorPattern(a), false)).toBe(expected);
});

test('with one organization, * stands for it', () => {
  const owner = new LocatorPattern('github:*:role:admin');
  expect(areExclusive(owner, new LocatorPattern('github:acme:role:member'), true)).toBe(true);
  expect(areExclusive(owner, new LocatorPattern('github:acme:team:x:*'), true)).toBe(false);
});
