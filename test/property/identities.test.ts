import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/model/corporate-identity.ts';
import { grantId } from '../../src/model/grant.ts';
import { readMark } from '../../src/model/mark.ts';
import { changesOf } from '../../src/model/plan.ts';
import { defaultRules } from '../../src/model/rule.ts';
import type { PermitUser } from '../../src/model/user.ts';
import { makePlan, type PlanInput } from '../../src/plan/make-plan.ts';
import { applyToUsers } from '../support/apply-to-users.ts';
import { gitHubId, listing, member, ours, planInput, user, userSettings } from '../support/builders.ts';
import { RUNS } from './worlds.ts';

/** Few, so that people share them; one that Permit refuses, and one that differs from another in case only. */
const NAMES = ['a@x', 'b@x', 'c@x', 'd@x', 'A@X', 'e x'] as const;
const LOGINS = ['ann', 'bob', 'cat', 'dan', 'eve'] as const;

/** Mostly one, so that people pass them on, and hold those of others. */
const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES, 'h@x').map((name) => [name]) },
  { weight: 1, arbitrary: fc.subarray([...NAMES], { maxLength: 2 }) },
);
const identitiesOf = (values: readonly (readonly string[])[]): readonly Identity[] =>
  values.map((nameIds, slot) => ({
    id: gitHubId(slot + 1),
    login: LOGINS[slot] ?? '',
    source: 'SAML of acme',
    names: { 'saml.nameId': nameIds },
  }));

/**
 * Everyone is a member all the time and holds just what the rules give: whatever a plan takes, it takes because of an
 * identity. Some have a user of ours under one of the names, and some names belong to users that are not ours.
 */
const worlds: fc.Arbitrary<PlanInput> = fc
  .record({
    identities: fc.tuple(...LOGINS.map(() => names)),
    flaw: fc.option(fc.constant('the list did not come whole'), { nil: undefined, freq: 9 }),
    keys: fc.shuffledSubarray([...NAMES.slice(0, 4), 'f@x', 'g@x'], { minLength: 5, maxLength: 5 }),
    managed: fc.tuple(...LOGINS.map(() => fc.boolean())),
    strangers: fc.subarray(['a@x', 'h@x']),
    protect: fc.subarray(['b@x']),
    ids: fc.option(fc.subarray([1, 2, 3]), { nil: undefined, freq: 4 }),
  })
  .map(({ identities, flaw, keys, managed, strangers, protect, ids }) => {
    const held = LOGINS.flatMap((login, slot) =>
      managed[slot] ? [ours(slot + 1, keys[slot] ?? '', { login, grants: ['default/member'] })] : [],
    );
    const taken = new Set(held.map(({ key }) => String(key)));
    return planInput({
      listings: [listing('acme', ...LOGINS.map((login, slot) => member(slot + 1, login)))],
      users: [...held, ...strangers.filter((key) => !taken.has(key)).map((key) => user(key))],
      rules: defaultRules('default'),
      userSettings: userSettings({ key: '{saml.nameId}', protect }),
      identities: { identities: identitiesOf(identities), flaw },
      ...(ids === undefined ? {} : { ids: new Set(ids.map(gitHubId)) }),
    });
  });

/** The grants of each person, wherever their user is. */
function grantsById(users: readonly PermitUser[]): ReadonlyMap<number, ReadonlySet<string>> {
  const found = new Map<number, Set<string>>();
  for (const { attributes, grants } of users) {
    const reading = readMark(attributes);
    if (reading.kind !== 'valid') continue;
    const before = found.get(reading.mark.id) ?? new Set();
    found.set(reading.mark.id, new Set([...before, ...grants.map(grantId)]));
  }
  return found;
}

const keysById = (users: readonly PermitUser[]): ReadonlyMap<unknown, string> =>
  new Map(users.map(({ key, attributes }) => [attributes.github_id ?? key, key]));

describe('for any identities', () => {
  test('no plan takes a grant because of one, not even for a moment', () => {
    fc.assert(
      fc.property(worlds, (input) => {
        const before = grantsById(input.users);
        applyToUsers(makePlan(input), input.users, (now) => {
          const held = grantsById(now);
          for (const [id, grants] of before) expect(held.get(id)).toEqual(grants);
        });
      }),
      RUNS,
    );
  });

  test('a second plan changes nothing', () => {
    fc.assert(
      fc.property(worlds, (input) => {
        const users = applyToUsers(makePlan(input), input.users);
        expect(changesOf(makePlan({ ...input, users }))).toEqual([]);
      }),
      RUNS,
    );
  });

  test('people who exchange identities each end under their own', () => {
    const keys = ['a@x', 'b@x', 'c@x', 'd@x', 'f@x'];
    const permutation = fc.shuffledSubarray(keys, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(permutation, (now) => {
        const input = planInput({
          listings: [listing('acme', ...LOGINS.map((login, slot) => member(slot + 1, login)))],
          users: LOGINS.map((login, slot) =>
            ours(slot + 1, keys[slot] ?? '', { login, grants: ['default/member', `own/role-${slot}`] }),
          ),
          userSettings: userSettings({ key: '{saml.nameId}' }),
          identities: { identities: identitiesOf(now.map((name) => [name])), flaw: undefined },
        });
        const users = applyToUsers(makePlan(input), input.users);
        expect([...keysById(users)].sort()).toEqual(now.map((name, slot) => [slot + 1, name]).sort());
        for (const { attributes, grants } of users)
          expect(grants.map(grantId)).toContain(`own/role-${Number(attributes.github_id) - 1}`);
      }),
      RUNS,
    );
  });
});
