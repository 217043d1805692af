import { describe, expect, test } from 'vitest';
import type { Attributes } from '../../../src/model/user.ts';
import { claimsToBeOurs, groupByOwner } from '../../../src/plan/ownership.ts';
import { gitHubId, marked, OWNER, ours, user } from '../../support/builders.ts';

const keys = (found: readonly { readonly user: { readonly key: string } }[] | undefined): readonly string[] =>
  (found ?? []).map(({ user: { key } }) => key).sort();

test('users by owner', () => {
  const ownership = groupByOwner(
    [
      ours(1, 'ann'),
      ours(2, 'bob', { origin: 'adopted' }),
      ours(3, 'cat', { owner: 'other' }),
      user('svc'),
      user('old', { attributes: { github_id: 4 } }),
      user('bad', { attributes: { ...marked(5, 'bad'), github_id: 'x' } }),
    ],
    OWNER,
  );
  expect([...ownership.managed.keys()]).toEqual([1, 2]);
  expect(ownership.managed.get(gitHubId(2))?.mark.origin).toBe('adopted');
  expect(keys(ownership.others)).toEqual(['bad', 'cat', 'old', 'svc']);
  expect(ownership.duplicates.size).toBe(0);
});

test.each([2, 3])('%d users of ours with one id are nobody’s', (n) => {
  const twins = ['x', 'y', 'z'].slice(0, n).map((key) => ours(1, key));
  const ownership = groupByOwner([...twins, ours(2, 'bob')], OWNER);
  expect([...ownership.managed.keys()]).toEqual([2]);
  expect(keys(ownership.duplicates.get(gitHubId(1)))).toEqual(twins.map(({ key }) => key));
});

test('one id under two owners is no duplicate', () => {
  const ownership = groupByOwner([ours(1, 'ann'), ours(1, 'ann2', { owner: 'other' })], OWNER);
  expect(keys([...ownership.managed.values()])).toEqual(['ann']);
});

test('a key is found regardless of case, with everyone under it', () => {
  const ownership = groupByOwner([user('Bob'), user('bob'), user('bobby')], OWNER);
  expect(keys(ownership.underKey('BOB'))).toEqual(['Bob', 'bob']);
  expect(ownership.underKey('nobody')).toEqual([]);
});

describe('an invalid mark that we should report', () => {
  test.each<[name: string, attributes: Attributes, claims: boolean]>([
    ['it names our owner', { managed_by: 'gh-permit-sync:default' }, true],
    ['it names no owner', { managed_by: 'gh-permit-sync:' }, true],
    ['it names another', { managed_by: 'gh-permit-sync:other' }, false],
    ['its owner only begins like ours', { managed_by: 'gh-permit-sync:default2' }, false],
    ['it is no mark', { managed_by: 'terraform' }, false],
    ['there is none', {}, false],
  ])('%s', (_name, attributes, claims) => {
    expect(claimsToBeOurs(user('x', { attributes }), OWNER)).toBe(claims);
  });
});
