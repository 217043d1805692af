import { expect, test } from 'vitest';
import { defaultStatements } from '../../../src/model/statement.ts';
import { allow } from '../../support/builders.ts';

test('without statements, owners are admin and come first, all others are member', () => {
  expect(defaultStatements('{org}')).toEqual([
    allow('github:*:role:admin', 'admin', { tenant: '{org}' }),
    allow('github:*:role:member', 'member', { tenant: '{org}' }),
  ]);
});
