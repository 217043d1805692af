import { expect, test } from 'vitest';
import type { Holders } from '../../../src/model/plan.ts';
import type { PlanInput } from '../../../src/plan/make-plan.ts';
import { allow, listing, member, ours, planFor, user } from '../../support/builders.ts';

const holders = (role: string, before: number, after: number, tenant = 'default'): Holders => ({
  tenant,
  role,
  before,
  after,
});

test.each<Partial<PlanInput> & { name: string; expected: readonly Holders[] }>([
  {
    name: 'nobody loses: nothing to count',
    listings: [listing('acme', member(1, 'ann', 'admin'), member(2, 'bob'))],
    users: [ours(1, 'ann', { grants: ['default/admin'] })],
    expected: [],
  },
  {
    name: 'an owner is demoted',
    listings: [listing('acme', member(1, 'ann'))],
    users: [ours(1, 'ann', { grants: ['default/admin'] })],
    expected: [holders('admin', 1, 0)],
  },
  {
    name: 'unmanaged holders count too',
    listings: [listing('acme', member(1, 'ann'))],
    users: [
      ours(1, 'ann', { grants: ['default/admin'] }),
      user('svc', { grants: ['default/admin'] }),
      ours(5, 'x', { owner: 'other', grants: ['default/admin'] }),
    ],
    expected: [holders('admin', 3, 2)],
  },
  {
    name: 'a deleted user loses all of its grants',
    listings: [listing('acme')],
    users: [ours(1, 'ann', { grants: ['default/member', 'default/admin'] })],
    expected: [holders('admin', 1, 0), holders('member', 1, 0)],
  },
  {
    name: 'a released user keeps those of others',
    listings: [listing('acme')],
    users: [ours(1, 'ann', { grants: ['default/member', 'prod/admin'] })],
    expected: [holders('member', 1, 0)],
  },
  {
    name: 'one comes, one goes: none is lost',
    listings: [listing('acme', member(1, 'ann'), member(2, 'bob', 'admin'))],
    users: [ours(1, 'ann', { grants: ['default/admin'] }), ours(2, 'bob', { grants: ['default/member'] })],
    expected: [],
  },
  {
    name: 'a key that is deleted and created again',
    listings: [listing('acme', member(2, 'ann', 'admin'))],
    users: [ours(1, 'ann', { grants: ['default/admin', 'default/member'] })],
    expected: [holders('member', 1, 0)],
  },
  {
    name: "a grant on an instance doesn't count as a holder",
    listings: [listing('acme')],
    users: [
      ours(1, 'ann', { grants: ['default/member'] }),
      user('svc', { grants: ['default/member@repo:1'] }),
    ],
    expected: [holders('member', 1, 0)],
  },
  {
    name: 'nor does its removal count',
    rules: [allow('github:*:role:admin', 'member', { resource: 'repo:1' }), allow('github:*:role:*', 'x')],
    listings: [listing('acme', member(1, 'ann'))],
    users: [ours(1, 'ann', { grants: ['default/member@repo:1', 'default/x'] })],
    expected: [],
  },
  {
    name: 'tenant by tenant, sorted',
    rules: [allow('github:*:role:*', 'x', { tenant: '{org}' })],
    listings: [listing('labs'), listing('acme')],
    users: [ours(1, 'ann', { grants: ['labs/x', 'acme/x'] }), ours(2, 'bob', { grants: ['labs/x'] })],
    expected: [holders('x', 1, 0, 'acme'), holders('x', 2, 0, 'labs')],
  },
])('$name', ({ name: _, expected, ...input }) => {
  expect(planFor(input).holders).toEqual(expected);
});
