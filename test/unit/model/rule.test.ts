import { expect, test } from 'vitest';
import { defaultRules } from '../../../src/model/rule.ts';
import { allow } from '../../support/builders.ts';

test('without rules, owners are admin and come first, all others are member', () => {
  expect(defaultRules('{org}')).toEqual([
    allow('github:*:role:admin', 'admin', { tenant: '{org}' }),
    allow('github:*:role:member', 'member', { tenant: '{org}' }),
  ]);
});
