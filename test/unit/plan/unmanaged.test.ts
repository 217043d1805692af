import { expect, test } from 'vitest';
import { grantId } from '../../../src/model/grant.ts';
import type { PermitUser } from '../../../src/model/user.ts';
import { listing, marked, member, ours, planFor, user } from '../../support/builders.ts';

/** `user tenant/role`, and the `manages` line that would govern it. */
const found = (
  users: readonly PermitUser[],
  members: Parameters<typeof listing>[1][] = [],
): readonly string[] =>
  planFor({ listings: [listing('acme', ...members)], users }).unmanaged.map(
    ({ user: key, grant, govern }) => `${key} ${grantId(grant)}${govern === undefined ? '' : ` (${govern})`}`,
  );

test.each<{ name: string; users: readonly PermitUser[]; expected: readonly string[] }>([
  {
    name: 'on an unmarked user, grants in scope',
    users: [
      user('svc', { grants: ['default/admin', 'default/auditor', 'prod/admin', 'default/member@repo:1'] }),
    ],
    expected: ['svc default/admin'],
  },
  {
    name: 'on our user, grants out of scope, with the manages line that would cover them',
    users: [ours(1, 'ann', { grants: ['default/member', 'default/auditor', 'prod/admin'] })],
    expected: ['ann default/auditor (default/auditor)', 'ann prod/admin (prod/admin)'],
  },
  {
    name: 'on a released user, grants in scope',
    users: [user('old', { attributes: { github_id: 5 }, grants: ['default/member', 'prod/x'] })],
    expected: ['old default/member'],
  },
  {
    name: 'on a user with a bad mark, grants in scope',
    users: [
      user('x', { attributes: { ...marked(5, 'x'), github_id: 0 }, grants: ['default/member', 'prod/x'] }),
    ],
    expected: ['x default/member'],
  },
  {
    name: 'on duplicates, grants out of scope',
    users: [ours(5, 'a', { grants: ['default/member', 'prod/x'] }), ours(5, 'b', { grants: ['prod/y'] })],
    expected: ['a prod/x (prod/x)', 'b prod/y (prod/y)'],
  },
  {
    name: 'nothing on another owner’s user',
    users: [ours(5, 'x', { owner: 'other', grants: ['default/admin', 'prod/x'] })],
    expected: [],
  },
])('$name', ({ users, expected }) => {
  expect(found(users, [member(1, 'ann')])).toEqual(expected);
  expect(found(users.toReversed(), [member(1, 'ann')])).toEqual(expected);
});

test('sorted by user, tenant, instance, role', () => {
  const grants = ['b/x', 'a/y', 'a/x@repo:1', 'a/x'];
  expect(found([ours(2, 'zoe', { grants }), ours(1, 'ann', { grants: ['z/z'] })])).toEqual([
    'ann z/z (z/z)',
    'zoe a/x (a/x)',
    'zoe a/y (a/y)',
    'zoe a/x@repo:1 (a/x)',
    'zoe b/x (b/x)',
  ]);
});

test('what --prune-unmanaged takes in this run is not listed', () => {
  const users = [
    user('svc', { grants: ['default/admin', 'default/auditor'] }),
    ours(1, 'ann', { grants: ['default/member', 'default/auditor'] }),
  ];
  const listings = [listing('acme', member(1, 'ann'))];
  const left = (pruning: object) => planFor({ listings, users, ...pruning }).unmanaged.map((one) => one.user);
  expect(left({})).toEqual(['ann', 'svc']);
  expect(left({ pruneUnmanaged: 1 })).toEqual(['ann']);
  expect(left({ pruneUnmanaged: 1, mode: 'upsert-only' })).toEqual(['ann', 'svc']);
});
