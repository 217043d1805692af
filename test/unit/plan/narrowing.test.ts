import { describe, expect, test } from 'vitest';
import { makePlan, type PlanInput, unknownLogins } from '../../../src/plan/make-plan.ts';
import { applyToUsers } from '../../support/apply-to-users.ts';
import {
  listing,
  marked,
  member,
  ours,
  outline,
  planInput,
  skips,
  user,
  userSettings,
} from '../../support/builders.ts';

const INPUT: PlanInput = planInput({
  listings: [
    listing('acme', member(1, 'ann'), member(2, 'bob', 'admin'), member(3, 'cat'), member(9, 'dora')),
  ],
  users: [
    ours(2, 'bob', { grants: ['default/member'] }),
    ours(4, 'dan', { login: 'Daniel', grants: ['default/member'] }),
    ours(5, 'eve', { grants: ['default/member', 'default/auditor'] }),
    ours(6, 'twin-a'),
    ours(6, 'twin-b'),
    ours(9, 'dora-old', { grants: ['default/member'] }),
    user('cat'),
    user('broken', { attributes: { ...marked(7, 'broken'), github_id: 'x' } }),
    user('svc', { grants: ['default/admin'] }),
  ],
});

const narrowed = (...logins: readonly string[]) => makePlan({ ...INPUT, logins });

const DORA = 'dora moved: created from dora-old marked() +default/member dora-old deleted';

describe('a plan narrowed to some people', () => {
  test.each<{ logins: readonly string[]; people?: readonly string[]; skipped?: readonly string[] }>([
    { logins: ['ann'], people: ['ann joining: created +default/member'] },
    { logins: ['ANN'], people: ['ann joining: created +default/member'] },
    { logins: ['bob'], people: ['bob promoted: +default/admin -default/member'] },
    {
      logins: ['ann', 'bob'],
      people: ['ann joining: created +default/member', 'bob promoted: +default/admin -default/member'],
    },
    { logins: ['dan'], people: ['dan leaving: deleted'] },
    { logins: ['daniel'], people: ['dan leaving: deleted'] },
    { logins: ['eve'], people: ['eve leaving: released -default/member'] },
    { logins: ['cat'], skipped: ['KEY_TAKEN cat'] },
    { logins: ['twin-b'], skipped: ['DUPLICATE_ID twin-a'] },
    { logins: ['broken'], skipped: ['BAD_MARK broken'] },
    { logins: ['dora'], people: [DORA] },
    { logins: ['dora-old'], people: [DORA] },
    { logins: ['nobody'] },
    { logins: [] },
  ])('$logins', ({ logins, people = [], skipped = [] }) => {
    const plan = narrowed(...logins);
    expect(outline(plan)).toEqual(people);
    expect(skips(plan)).toEqual(skipped);
  });

  test('unmanaged grants are those of the people named', () => {
    expect(narrowed('eve').unmanaged.map(({ user: key }) => key)).toEqual(['eve']);
    expect(narrowed('svc').unmanaged.map(({ user: key }) => key)).toEqual(['svc']);
    expect(narrowed('ann').unmanaged).toEqual([]);
  });

  test('holders are counted over all users', () => {
    expect(narrowed('dan').holders).toEqual([{ tenant: 'default', role: 'member', before: 4, after: 3 }]);
  });

  test('a key made of more than the login: who is in the way is still named', () => {
    const attributes = { ...marked(1, 'ann'), github_orgs: 'acme' };
    const plan = makePlan({
      ...INPUT,
      userSettings: userSettings({ key: '{login}@github' }),
      users: [user('ann@github', { attributes })],
      logins: ['ann'],
    });
    expect(skips(plan)).toEqual(['BAD_MARK ann@github']);
    expect(outline(plan)).toEqual([]);
  });

  test('a run for the person who claimed a login includes the one who had it', () => {
    const plan = makePlan({
      ...INPUT,
      listings: [listing('acme', member(8, 'bob'))],
      logins: ['bob'],
    });
    expect(outline(plan)).toEqual(['bob leaving: deleted', 'bob joining: created +default/member']);
  });
});

describe('logins that name nobody', () => {
  test.each<[login: string, known: boolean, why: string]>([
    ['ann', true, 'a member'],
    ['ANN', true, 'a member, in other letters'],
    ['dan', true, 'a user of ours, by its key'],
    ['daniel', true, 'a user of ours, by the login in its mark'],
    ['twin-b', true, 'one of two users of ours'],
    ['broken', true, 'a user whose mark claims to be ours'],
    ['svc', false, 'a user that is not ours'],
    ['nobody', false, 'nobody'],
    ['an', false, 'a part of a name'],
  ])('%s: %s (%s)', (login, known) => {
    expect(unknownLogins({ ...INPUT, logins: [login] })).toEqual(known ? [] : [login]);
  });

  test('are named as they were given, in their order', () => {
    expect(unknownLogins({ ...INPUT, logins: ['Zed', 'ann', 'Abe'] })).toEqual(['Zed', 'Abe']);
  });

  test('without narrowing there are none', () => {
    expect(unknownLogins(INPUT)).toEqual([]);
  });
});

test('a released user under the given login moves in one run, although another user has the key that is due', () => {
  const input = planInput({
    listings: [listing('acme', member(7, 'BOB'))],
    users: [user('ann', { attributes: { github_id: 7 } }), ours(1, 'bob')],
    logins: ['Ann'],
  });
  const plan = makePlan(input);
  expect(skips(plan)).toEqual([]);
  expect(makePlan({ ...input, users: applyToUsers(plan, input.users) }).people).toEqual([]);
});
