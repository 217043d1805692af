import { expect, test } from 'vitest';
import { type Change, compareChanges } from '../../../src/model/change.ts';
import { changesOf } from '../../../src/model/plan.ts';
import { grant, listing, member, ours, planFor, userKey } from '../../support/builders.ts';

const change = (
  user: string,
  kind: 'assignRole' | 'unassignRole' | 'createUser' | 'deleteUser' | 'updateUser',
  of = 'default/member',
): Change => {
  const who = { user: userKey(user), reason: '' };
  switch (kind) {
    case 'createUser':
      return { ...who, kind, mark: {} };
    case 'deleteUser':
      return { ...who, kind, last: {} };
    case 'updateUser':
      return { ...who, kind, from: {}, to: {} };
    default:
      return { ...who, kind, grant: grant(of) };
  }
};

test('changes are sorted by user, then kind, then grant', () => {
  const sorted = [
    change('Bob', 'unassignRole'),
    change('ann', 'deleteUser'),
    change('ann', 'createUser'),
    change('ann', 'updateUser'),
    change('ann', 'assignRole', 'a/z'),
    change('ann', 'assignRole', 'a/a@repo:1'),
    change('ann', 'assignRole', 'b/a'),
    change('ann', 'unassignRole', 'a/a'),
    change('bob', 'createUser'),
  ];
  expect(sorted.toReversed().sort(compareChanges)).toEqual(sorted);
});

test('the changes of a plan are those of its people', () => {
  const plan = planFor({
    listings: [listing('acme', member(1, 'zoe'))],
    users: [ours(2, 'ann', { grants: ['default/member'] })],
  });
  expect(changesOf(plan).map(({ kind, user }) => `${kind} ${user}`)).toEqual([
    'deleteUser ann',
    'createUser zoe',
    'assignRole zoe',
  ]);
});
