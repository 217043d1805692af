import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../src/model/rule.ts';
import { managedGrants } from '../../../src/plan/managed-grants.ts';
import { allow, deny, grant } from '../../support/builders.ts';

describe('what is managed', () => {
  test.each<{
    name: string;
    rules: readonly Rule[];
    configuredOrgs?: readonly string[];
    has?: readonly string[];
    hasNot?: readonly string[];
  }>([
    {
      name: 'what an allow can give, although nobody has it',
      rules: [allow('github:acme:user:nobody', ['a', 'b'])],
      has: ['default/a', 'default/b'],
      hasNot: ['default/c', 'prod/a', 'default/A', 'default/a@repo:1'],
    },
    {
      name: 'with {org}: for each configured organization, listed or not',
      rules: [allow('github:*:role:*', 'x', { tenant: '{org}' })],
      configuredOrgs: ['acme', 'labs'],
      has: ['acme/x', 'labs/x'],
      hasNot: ['research/x', '{org}/x'],
    },
    {
      name: 'on a resource instance, that instance alone',
      rules: [allow('github:*:role:*', 'owner', { resource: 'repo:1' })],
      has: ['default/owner@repo:1'],
      hasNot: ['default/owner', 'default/owner@repo:2', 'prod/owner@repo:1'],
    },
    {
      name: 'what a deny names literally',
      rules: [allow('github:*:role:*', 'x'), deny('github:*:role:*', 'y', { tenant: 'prod' })],
      has: ['default/x', 'prod/y'],
      hasNot: ['default/y', 'prod/x'],
    },
    {
      name: 'not what a deny names by a pattern',
      rules: [
        deny('github:*:role:*', '*'),
        deny('github:*:role:*', 'a*'),
        deny('github:*:role:*', 'y', { tenant: 'prod-*' }),
      ],
      hasNot: ['default/a', 'default/abc', 'default/y', 'prod-eu/y', 'default/*'],
    },
    {
      name: 'of a deny that holds in every tenant, the role in the default one',
      rules: [deny('github:*:role:*', 'y', { tenant: '*' })],
      has: ['default/y'],
      hasNot: ['prod/y'],
    },
    {
      name: 'what a deny names literally in {org}',
      rules: [deny('github:*:role:*', 'y', { tenant: '{org}' })],
      configuredOrgs: ['acme'],
      has: ['acme/y'],
    },
    {
      name: 'of several roles of a deny, the literal ones',
      rules: [deny('github:*:role:*', ['y', 'z*'])],
      has: ['default/y'],
      hasNot: ['default/z', 'default/zz'],
    },
  ])('$name', ({ rules, configuredOrgs = ['acme'], has = [], hasNot = [] }) => {
    const managed = managedGrants({ rules, configuredOrgs, manages: [], tenant: 'default' });
    expect(has.filter((id) => !managed.has(grant(id)))).toEqual([]);
    expect(hasNot.filter((id) => managed.has(grant(id)))).toEqual([]);
  });
});

describe('rank and reason', () => {
  const rules = [
    deny('github:*:user:x', ['member', 'banned']),
    allow('github:*:role:admin', ['admin', 'member']),
    allow(['github:*:role:member', 'github:acme:collaborator'], ['member', 'guest']),
  ];
  const managed = managedGrants({ rules, configuredOrgs: ['acme', 'labs'], manages: [], tenant: 'default' });

  test.each([
    ['default/admin', 1, 'github:*:role:admin'],
    ['default/member', 1, 'github:*:role:admin'],
    ['default/guest', 2, 'github:*:role:member, github:acme:collaborator'],
    ['default/banned', 3, 'github:*:user:x'],
    ['default/unknown', 3, 'manages '],
  ])('%s: the earliest allow; known by a deny alone, last', (id, rank, source) => {
    expect(managed.rankOf(grant(id))).toBe(rank);
    expect(managed.whyLost(grant(id))).toBe(`${source} no longer holds`);
  });
});
