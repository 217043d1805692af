import { expect, test } from 'vitest';
import { compareGrants, grantId } from '../../../src/model/grant.ts';
import { grant } from '../../support/builders.ts';

test.each(['default/member', 'acme-labs/admin', 'default/owner@repository:payments-api'])(
  '%s is its own name',
  (text) => {
    expect(grantId(grant(text))).toBe(text);
  },
);

test('a role on an instance is not the role in the tenant', () => {
  expect(grantId(grant('default/owner@repository:a'))).not.toBe(grantId(grant('default/owner')));
});

test('grants are sorted by tenant, then instance, then role', () => {
  const sorted = ['a/member', 'a/z', 'a/b@repo:1', 'a/a@repo:2', 'b/admin'];
  expect(sorted.toReversed().map(grant).sort(compareGrants).map(grantId)).toEqual(sorted);
});
