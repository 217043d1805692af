import { expect, test } from 'vitest';
import { grantId } from '../../../src/model/grant.ts';
import { defaultRules } from '../../../src/model/rule.ts';
import { desiredState } from '../../../src/plan/desired-state.ts';
import { allow, deny, gitHubId, listing, member, ORG_IDS } from '../../support/builders.ts';

const byDefault = defaultRules('{org}');
const ORGS = ['acme', 'labs'];
const NOW = new Date('2026-11-27T12:00:00Z');

test('one person over all organizations, by id', () => {
  const desired = desiredState(
    [listing('labs', member(1, 'ann', 'admin')), listing('acme', member(1, 'ann'), member(2, 'bob'))],
    byDefault,
    ORGS,
    NOW,
  );
  expect([...desired.people.keys()].sort()).toEqual([1, 2]);
  const ann = desired.people.get(gitHubId(1));
  expect(ann?.login).toBe('ann');
  expect(ann?.orgs).toEqual([ORG_IDS.acme, ORG_IDS.labs]);
  expect(ann?.grants.map(({ grant }) => grantId(grant)).sort()).toEqual(['acme/member', 'labs/admin']);
});

test('an org that gives nothing is not recorded as behind the grants', () => {
  const desired = desiredState(
    [listing('acme', member(1, 'ann')), listing('labs', member(1, 'ann'))],
    [allow('github:acme:role:*', 'x')],
    ORGS,
    NOW,
  );
  expect(desired.people.get(gitHubId(1))?.orgs).toEqual([ORG_IDS.acme]);
});

test('people who match no rule are known, without grants', () => {
  const desired = desiredState(
    [listing('acme', member(1, 'ann'), member(2, 'ci-bot'))],
    [...defaultRules('default'), deny('github:*:user:*-bot', '*')],
    ['acme'],
    NOW,
  );
  expect(desired.people.get(gitHubId(2))).toMatchObject({ login: 'ci-bot', grants: [], orgs: [] });
  expect(desired.people.get(gitHubId(1))?.grants).toHaveLength(1);
});

test('two people with one login are two people', () => {
  const desired = desiredState(
    [listing('acme', member(1, 'ann'), member(2, 'ann'))],
    byDefault,
    ['acme'],
    NOW,
  );
  expect(desired.people.size).toBe(2);
});

test('a person renamed between two listings has one login, whichever came first', () => {
  const listings = [listing('acme', member(1, 'ann')), listing('labs', member(1, 'anna'))];
  const logins = [listings, listings.toReversed()].map(
    (order) => desiredState(order, byDefault, ORGS, NOW).people.get(gitHubId(1))?.login,
  );
  expect(logins[0]).toBe(logins[1]);
});

test.each(['github:*:user:ann', 'github:*:u*:ann', 'github:*:*:ann', 'github:*:*'])(
  'a login matters only if a pattern can match it: %s',
  (pattern) => {
    const rules = [...defaultRules('default'), deny(pattern, '*')];
    const desired = desiredState([listing('acme', member(1, 'ann'))], rules, ['acme'], NOW);
    expect(desired.people.get(gitHubId(1))?.grants).toEqual([]);
  },
);
