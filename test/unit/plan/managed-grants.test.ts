import { describe, expect, test } from 'vitest';
import type { Statement } from '../../../src/model/statement.ts';
import { managedGrants } from '../../../src/plan/managed-grants.ts';
import { allow, deny, grant } from '../../support/builders.ts';

describe('what is managed', () => {
  test.each<{
    name: string;
    statements: readonly Statement[];
    orgs?: readonly string[];
    has?: readonly string[];
    hasNot?: readonly string[];
  }>([
    {
      name: 'what an allow can give, although nobody has it',
      statements: [allow('github:acme:user:nobody', ['a', 'b'])],
      has: ['default/a', 'default/b'],
      hasNot: ['default/c', 'prod/a', 'default/A', 'default/a@repo:1'],
    },
    {
      name: 'in {org}: in each configured organization, listed or not',
      statements: [allow('github:*:role:*', 'x', { tenant: '{org}' })],
      orgs: ['acme', 'labs'],
      has: ['acme/x', 'labs/x'],
      hasNot: ['research/x', '{org}/x'],
    },
    {
      name: 'on a resource instance, that instance alone',
      statements: [allow('github:*:role:*', 'owner', { resource: 'repo:1' })],
      has: ['default/owner@repo:1'],
      hasNot: ['default/owner', 'default/owner@repo:2', 'prod/owner@repo:1'],
    },
    {
      name: 'what a deny names literally',
      statements: [allow('github:*:role:*', 'x'), deny('github:*:role:*', 'y', { tenant: 'prod' })],
      has: ['default/x', 'prod/y'],
      hasNot: ['default/y', 'prod/x'],
    },
    {
      name: 'not what a deny names by a pattern',
      statements: [
        deny('github:*:role:*', '*'),
        deny('github:*:role:*', 'a*'),
        deny('github:*:role:*', 'y', { tenant: 'prod-*' }),
      ],
      hasNot: ['default/a', 'default/abc', 'default/y', 'prod-eu/y', 'default/*'],
    },
    {
      name: 'of a deny that holds in every tenant, the role in the default one',
      statements: [deny('github:*:role:*', 'y', { tenant: '*' })],
      has: ['default/y'],
      hasNot: ['prod/y'],
    },
    {
      name: 'what a deny names literally in {org}',
      statements: [deny('github:*:role:*', 'y', { tenant: '{org}' })],
      orgs: ['acme'],
      has: ['acme/y'],
    },
    {
      name: 'of several roles of a deny, the literal ones',
      statements: [deny('github:*:role:*', ['y', 'z*'])],
      has: ['default/y'],
      hasNot: ['default/z', 'default/zz'],
    },
  ])('$name', ({ statements, orgs = ['acme'], has = [], hasNot = [] }) => {
    const managed = managedGrants({ statements, orgs, manages: [], tenant: 'default' });
    expect(has.filter((id) => !managed.has(grant(id)))).toEqual([]);
    expect(hasNot.filter((id) => managed.has(grant(id)))).toEqual([]);
  });
});

describe('rank and source', () => {
  const statements = [
    deny('github:*:user:x', ['member', 'banned']),
    allow('github:*:role:admin', ['admin', 'member']),
    allow(['github:*:role:member', 'github:acme:collaborator'], ['member', 'guest']),
  ];
  const managed = managedGrants({ statements, orgs: ['acme', 'labs'], manages: [], tenant: 'default' });

  test.each([
    ['default/admin', 1, 'github:*:role:admin'],
    ['default/member', 1, 'github:*:role:admin'],
    ['default/guest', 2, 'github:*:role:member, github:acme:collaborator'],
    ['default/banned', 3, 'github:*:user:x'],
    ['default/unknown', 3, 'manages '],
  ])('%s: the earliest allow; known by a deny alone, last', (id, rank, source) => {
    expect(managed.rankOf(grant(id))).toBe(rank);
    expect(managed.sourceOf(grant(id))).toBe(source);
  });
});
