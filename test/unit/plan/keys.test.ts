import { describe, expect, test } from 'vitest';
import type { PersonErrorCode } from '../../../src/model/errors.ts';
import { changesOf } from '../../../src/model/plan.ts';
import { defaultRules } from '../../../src/model/rule.ts';
import type { Attributes } from '../../../src/model/user.ts';
import { losers, type PlanInput } from '../../../src/plan/make-plan.ts';
import {
  deny,
  listing,
  marked,
  member,
  ours,
  outline,
  planFor,
  skips,
  stillListed,
  user,
  userSettings,
} from '../../support/builders.ts';

type Case = Partial<PlanInput> & {
  readonly name: string;
  readonly expected?: readonly string[];
  readonly skipped?: readonly string[];
};

const MEMBER = ['default/member'];
const ADMIN = ['default/admin'];
const bad = (id: number, login: string, flaw: Attributes = { github_orgs: 'acme' }): Attributes => ({
  ...marked(id, login),
  ...flaw,
});

function check({ name: _, expected = [], skipped = [], ...input }: Case): void {
  const plan = planFor(input);
  expect(outline(plan)).toEqual(expected);
  expect(skips(plan)).toEqual(skipped);
}

describe('a key that is somebody else’s', () => {
  const newcomer = [listing('acme', member(1, 'ann'), member(9, 'zoe'))];
  const others = ['zoe joining: created +default/member'];

  test.each<Case>([
    { name: 'an unmarked user', users: [user('ann')], expected: others, skipped: ['KEY_TAKEN ann'] },
    {
      name: 'an unmarked user that differs in case',
      users: [user('ANN')],
      expected: others,
      skipped: ['KEY_TAKEN ANN'],
    },
    {
      name: 'another tool’s user',
      users: [user('ann', { attributes: { managed_by: 'terraform' } })],
      expected: others,
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'another owner’s user',
      users: [ours(1, 'ann', { owner: 'other' })],
      expected: others,
      skipped: ['FOREIGN_OWNER ann'],
    },
    {
      name: 'another owner’s user of another person',
      users: [ours(2, 'ann', { owner: 'other' })],
      expected: others,
      skipped: ['FOREIGN_OWNER ann'],
    },
    {
      name: 'another owner’s user that differs in case',
      users: [ours(1, 'Ann', { owner: 'other' })],
      expected: others,
      skipped: ['FOREIGN_OWNER Ann'],
    },
    {
      name: 'a bad mark of ours: named once',
      users: [user('ann', { attributes: bad(1, 'ann') })],
      expected: others,
      skipped: ['BAD_MARK ann'],
    },
    {
      name: 'a bad mark of another owner',
      users: [
        user('ann', { attributes: bad(1, 'ann', { managed_by: 'gh-permit-sync:other', github_id: 'x' }) }),
      ],
      expected: others,
      skipped: ['BAD_MARK ann'],
    },
    {
      name: 'under another key, it blocks nobody',
      users: [user('ann-1'), ours(1, 'ann-2', { owner: 'other' })],
      expected: ['ann joining: created +default/member', ...others],
    },
  ])('$name', (one) => check({ listings: newcomer, ...one }));

  test('if several block a key, which one is named does not depend on their order', () => {
    const users = [user('ann'), ours(3, 'Ann', { owner: 'other' })];
    const named = [users, users.toReversed()].map(
      (order) => planFor({ listings: newcomer, users: order }).skipped,
    );
    expect(named[0]).toEqual(named[1]);
    expect(named[0]).toHaveLength(1);
  });

  test("nothing is written to another owner's user, whoever leaves", () => {
    check({
      name: '',
      listings: [listing('acme')],
      users: [
        ours(1, 'ann', { owner: 'other', grants: ADMIN }),
        user('svc', { grants: ADMIN }),
        user('old', { grants: MEMBER, attributes: { github_id: 3 } }),
      ],
    });
  });

  test.each<[PersonErrorCode, RegExp]>([
    ['KEY_TAKEN', /ann \(GitHub id 1\).*user Ann that is not ours/],
    ['FOREIGN_OWNER', /managed by other/],
  ])('%s says who is affected and what is in the way', (code, message) => {
    const occupant = code === 'KEY_TAKEN' ? user('Ann') : ours(1, 'ann', { owner: 'other' });
    const [skipped] = planFor({ listings: newcomer, users: [occupant] }).skipped;
    expect(skipped).toMatchObject({ id: 1, code, message: expect.stringMatching(message) });
  });
});

describe('marks that are flawed', () => {
  test.each<Case>([
    {
      name: 'a bad mark of ours, for nobody in the org',
      listings: [listing('acme')],
      users: [user('x', { attributes: bad(1, 'x'), grants: ADMIN })],
      skipped: ['BAD_MARK x'],
    },
    {
      name: 'a mark without an owner',
      listings: [listing('acme')],
      users: [user('x', { attributes: bad(1, 'x', { managed_by: 'gh-permit-sync:' }) })],
      skipped: ['BAD_MARK x'],
    },
    {
      name: 'a bad mark of another owner that blocks nobody is left to that owner',
      listings: [listing('acme')],
      users: [user('x', { attributes: bad(1, 'x', { managed_by: 'gh-permit-sync:other', github_id: 0 }) })],
    },
    {
      name: 'two users with one id, both gone from GitHub',
      listings: [listing('acme')],
      users: [ours(1, 'b', { grants: MEMBER }), ours(1, 'a', { grants: ADMIN })],
      skipped: ['DUPLICATE_ID a'],
    },
    {
      name: 'two users with one id, one of which is right',
      listings: [listing('acme', member(1, 'a'))],
      users: [ours(1, 'a'), ours(1, 'b')],
      skipped: ['DUPLICATE_ID a'],
    },
    {
      name: 'two users with one id, under a third name',
      listings: [listing('acme', member(1, 'c'))],
      users: [ours(1, 'a'), ours(1, 'b')],
      skipped: ['DUPLICATE_ID a'],
    },
    {
      name: 'two users with one id, one of another owner: no duplicate',
      listings: [listing('acme', member(1, 'a'))],
      users: [ours(1, 'a', { grants: MEMBER }), ours(1, 'b', { owner: 'other' })],
    },
    {
      name: 'two users with one id block nobody else',
      listings: [listing('acme', member(2, 'bob'))],
      users: [ours(1, 'a'), ours(1, 'b')],
      expected: ['bob joining: created +default/member'],
      skipped: ['DUPLICATE_ID a'],
    },
    {
      name: 'a newcomer under the key of one of two',
      listings: [listing('acme', member(2, 'a'))],
      users: [ours(1, 'a'), ours(1, 'b')],
      skipped: ['DUPLICATE_ID a', 'KEY_TAKEN a'],
    },
  ])('$name', check);

  test('the message names all of the users', () => {
    const [skipped] = planFor({ listings: [listing('acme')], users: [ours(1, 'b'), ours(1, 'a')] }).skipped;
    expect(skipped).toMatchObject({ id: 1, message: expect.stringContaining('a and b') });
  });
});

describe('a user key that has to change', () => {
  test.each<Case>([
    {
      name: 'a login was renamed',
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['anna moved: ann deleted, created from ann marked() +default/member'],
    },
    {
      name: 'renamed and demoted: the move is judged as a demotion as well',
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['anna demoted: ann deleted, created from ann marked() +default/member'],
    },
    {
      name: 'foreign grants are carried over',
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: [...MEMBER, 'prod/x', 'prod/y@repo:z'] })],
      expected: ['anna moved: ann deleted, created from ann marked() +default/member +prod/x +prod/y@repo:z'],
    },
    {
      name: 'the template changed',
      userSettings: userSettings({ key: 'github|{id}' }),
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['github|1 moved: ann deleted, created from ann marked() +default/member'],
    },
    {
      name: 'in another case: no move',
      listings: [listing('acme', member(1, 'ANN'))],
      users: [ours(1, 'ann', { login: 'ANN', grants: MEMBER })],
    },
    {
      name: 'renamed to a name whose user is not ours: stays, and still loses what GitHub took',
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: ADMIN }), user('anna')],
      expected: ['ann demoted: +default/member -default/admin'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'a chain of renames',
      listings: [listing('acme', member(1, 'b'), member(2, 'c'))],
      users: [ours(1, 'a', { grants: MEMBER }), ours(2, 'b', { grants: MEMBER })],
      expected: [
        'b moved: a deleted, created from a marked() +default/member',
        'c moved: b deleted, created from b marked() +default/member',
      ],
    },
    {
      name: 'a chain whose end may not be written: nobody moves, and anyone whose login is claimed loses the grants',
      userSettings: userSettings({ protect: ['c'] }),
      listings: [listing('acme', member(1, 'b'), member(2, 'c'))],
      users: [ours(1, 'a', { grants: MEMBER }), ours(2, 'b', { grants: MEMBER })],
      expected: ['b leaving: -default/member'],
      skipped: ['KEY_TAKEN a', 'KEY_CLAIMED b'],
    },
    {
      name: 'renamed to a protected name and demoted: the key stays, the role goes',
      userSettings: userSettings({ protect: ['svc-*'] }),
      listings: [listing('acme', member(1, 'svc-ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann demoted: +default/member -default/admin'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'a circle of renames',
      listings: [listing('acme', member(1, 'b'), member(2, 'a'))],
      users: [ours(1, 'a', { grants: MEMBER }), ours(2, 'b', { grants: ADMIN })],
      expected: [
        'a demoted: created from b marked() +default/member b deleted',
        'b moved: a deleted, created from a marked() +default/member gh-permit-sync|move|1 deleted created from a +default/member',
      ],
    },
    {
      name: 'a circle whose first temporary key is taken uses another one',
      listings: [listing('acme', member(1, 'b'), member(2, 'a'))],
      users: [
        ours(1, 'a', { grants: MEMBER }),
        ours(2, 'b', { grants: MEMBER }),
        user('gh-permit-sync|move|1'),
      ],
      expected: [
        'a moved: created from b marked() +default/member b deleted gh-permit-sync|move|2 deleted created from b +default/member',
        'b moved: a deleted, created from a marked() +default/member',
      ],
    },
    {
      name: 'a circle without a temporary key: nobody keeps the grants of the other',
      listings: [listing('acme', member(1, 'b'), member(2, 'a'))],
      userSettings: userSettings({ protect: ['gh-permit-sync*'] }),
      users: [ours(1, 'a', { grants: MEMBER }), ours(2, 'b', { grants: MEMBER })],
      expected: ['a leaving: -default/member', 'b leaving: -default/member'],
      skipped: ['KEY_CLAIMED a', 'KEY_CLAIMED b'],
    },
    {
      name: 'cut off under the temporary key: it goes on from there',
      listings: [listing('acme', member(1, 'b'), member(2, 'a'))],
      users: [
        ours(1, 'gh-permit-sync|move|1', {
          login: 'b',
          grants: MEMBER,
          attributes: { managed_move: { from: 'a', email: null } },
        }),
        ours(2, 'b', { grants: MEMBER }),
      ],
      expected: [
        'a moved: created from b marked() +default/member b deleted',
        'b moved: created from gh-permit-sync|move|1 marked() +default/member gh-permit-sync|move|1 deleted',
      ],
    },
    {
      name: 'upsert-only moves nobody',
      mode: 'upsert-only',
      listings: [listing('acme', member(1, 'anna', 'admin'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['ann promoted: +default/admin'],
    },
    {
      name: 'half done: the new user stands, the former one is still there',
      listings: [listing('acme', member(1, 'anna'))],
      users: [
        ours(1, 'ann', { grants: [...MEMBER, 'prod/x'] }),
        ours(1, 'anna', {
          grants: MEMBER,
          attributes: { managed_move: { from: 'ann', email: 'ann@acme.test' } },
        }),
      ],
      expected: ['anna moved: ann deleted, marked() +prod/x'],
    },
    {
      name: 'half done: the former user is gone',
      listings: [listing('acme', member(1, 'anna'))],
      users: [
        ours(1, 'anna', { grants: MEMBER, attributes: { managed_move: { from: 'ann', email: null } } }),
      ],
      expected: ['anna changed: marked()'],
    },
    {
      name: 'half done, and the person has left: our grants go, foreign ones are carried over',
      listings: [listing('acme')],
      users: [
        ours(1, 'ann', { grants: [...MEMBER, 'prod/x'] }),
        ours(1, 'anna', { grants: MEMBER, attributes: { managed_move: { from: 'ann', email: null } } }),
      ],
      expected: ['anna leaving: ann deleted, marked(github_orgs) +prod/x -default/member'],
    },
  ])('$name', check);

  test('a key is not free while the move that led to it cannot be undone', () => {
    const plan = planFor({
      listings: [listing('acme', member(4, 'dan'))],
      users: [
        ours(2, 'bob', { grants: MEMBER }),
        ours(2, 'dan', { grants: MEMBER, attributes: { managed_move: { from: 'bob', email: null } } }),
      ],
      unconfirmed: stillListed(2),
    });
    expect(plan.people.filter(({ id }) => id === 4)).toEqual([]);
    expect(plan.skipped).toContainEqual(expect.objectContaining({ id: 4, user: 'dan', code: 'KEY_TAKEN' }));
  });

  test('a rename counts against no limit, a changed template does', () => {
    const renamed = planFor({
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
    });
    expect(renamed.people[0]?.move).toEqual({ from: 'ann', cause: 'rename' });
    const template = planFor({
      userSettings: userSettings({ key: '{id}' }),
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
    });
    expect(template.people[0]?.move).toEqual({ from: 'ann', cause: 'template' });
  });
});

describe('a login that was freed and claimed by somebody else', () => {
  const claimed = [listing('acme', member(2, 'ann'))];

  test.each<Case>([
    {
      name: 'the former holder is gone: deleted, then created afresh',
      listings: claimed,
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann leaving: deleted', 'ann joining: created +default/member'],
    },
    {
      name: 'so also under a key that differs in case',
      listings: [listing('acme', member(2, 'Ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['Ann joining: created +default/member', 'ann leaving: deleted'],
    },
    {
      name: 'the former holder no longer gets anything',
      rules: [...defaultRules('default'), deny('github:*:user:gone', '*')],
      listings: [listing('acme', member(1, 'gone'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann leaving: deleted', 'ann joining: created +default/member'],
    },
    {
      name: 'the former holder was adopted: released, the newcomer waits',
      listings: claimed,
      users: [ours(1, 'ann', { origin: 'adopted', grants: ADMIN })],
      expected: ['ann leaving: released -default/admin'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'the former holder holds foreign grants: released, the newcomer waits',
      listings: claimed,
      users: [ours(1, 'ann', { grants: [...ADMIN, 'prod/x'] })],
      expected: ['ann leaving: released -default/admin'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'once released, the newcomer still inherits nothing',
      listings: claimed,
      users: [user('ann', { attributes: { github_id: 1 }, grants: ['prod/x'] })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'the former holder stays, renamed: moved, and a fresh user made for the newcomer',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: [
        'ann joining: created +default/member',
        'anna moved: ann deleted, created from ann marked() +default/admin',
      ],
    },
    {
      name: 'the former holder is in an org that was not listed',
      configuredOrgs: ['acme', 'labs'],
      listings: claimed,
      users: [ours(1, 'ann', { grants: ADMIN, orgs: ['labs'] })],
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'in upsert-only nobody makes room',
      mode: 'upsert-only',
      listings: claimed,
      users: [ours(1, 'ann', { grants: ADMIN })],
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'the former holder stays, and can’t move: our grants go, and only ours',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: [...ADMIN, 'prod/x'] }), user('anna')],
      expected: ['ann leaving: -default/admin'],
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'nothing is left to take: it is still said',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann'), user('anna')],
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'GitHub gave no clear answer: the holder keeps everything for now',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN }), user('anna')],
      unconfirmed: stillListed(1),
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'the claim itself is not confirmed: the holder keeps everything for now',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN }), user('anna')],
      unconfirmed: stillListed(2),
      skipped: ['KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'two users of one id, one of them under the login: never written, but named',
      listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN }), ours(1, 'annie', { grants: ADMIN })],
      skipped: ['DUPLICATE_ID ann', 'KEY_CLAIMED ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'with ids as keys there is nothing to claim',
      userSettings: userSettings({ key: '{id}' }),
      listings: [listing('acme', member(1, 'anna'), member(2, 'ann'))],
      users: [ours(1, '1', { login: 'ann', grants: MEMBER })],
      expected: ['1 changed: marked(github_login)', '2 joining: created +default/member'],
    },
    {
      name: 'a new account under the name of one that is gone',
      listings: [listing('acme', member(2, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann leaving: deleted', 'ann joining: created +default/admin'],
    },
  ])('$name', check);

  test('a loss because of a claim is confirmed on both sides: whose user it is, and who has the login', () => {
    const listings = [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))];
    const blocked = planFor({ listings, users: [ours(1, 'ann', { grants: ADMIN }), user('anna')] });
    expect(losers(blocked)).toEqual([1, 2]);
    const moving = planFor({ listings, users: [ours(1, 'ann', { grants: ADMIN })] });
    expect(losers(moving)).toEqual([1, 2]);
  });

  test('a person to be moved has their losses planned in case Permit refuses', () => {
    const listings = [listing('acme', member(1, 'anna', 'admin'), member(2, 'ann'))];
    const [, anna] = planFor({ listings, users: [ours(1, 'ann', { grants: ADMIN })] }).people;
    expect(anna?.otherwise).toMatchObject({
      person: { user: 'ann', movement: 'leaving', changes: [{ kind: 'unassignRole', user: 'ann' }] },
      skipped: { code: 'KEY_CLAIMED', user: 'ann' },
    });
  });

  test('deleted comes before created, in the changes too', () => {
    const plan = planFor({ listings: claimed, users: [ours(1, 'ann', { grants: ADMIN })] });
    expect(changesOf(plan).map(({ kind }) => kind)).toEqual(['deleteUser', 'createUser', 'assignRole']);
    expect(plan.people.map(({ id }) => id)).toEqual([1, 2]);
  });

  test('of two former holders, whose keys differ in case, both have to give way', () => {
    const two = (origin: 'created' | 'adopted') => ({
      listings: claimed,
      users: [ours(1, 'Ann', { grants: MEMBER }), ours(3, 'ann', { origin, grants: MEMBER })],
    });
    check({
      name: '',
      ...two('created'),
      expected: ['Ann leaving: deleted', 'ann leaving: deleted', 'ann joining: created +default/member'],
    });
    check({
      name: '',
      ...two('adopted'),
      expected: ['Ann leaving: deleted', 'ann leaving: released -default/member'],
      skipped: ['KEY_TAKEN ann'],
    });
  });
});

describe('two people who want one key in one run', () => {
  test.each<Case>([
    {
      name: 'newcomers with one login: neither',
      listings: [listing('acme', member(1, 'ann'), member(2, 'ann'))],
      skipped: ['KEY_TAKEN ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'newcomers whose logins differ in case: neither',
      listings: [listing('acme', member(1, 'ann'), member(2, 'Ann'))],
      skipped: ['KEY_TAKEN Ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'across two orgs',
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(2, 'ann'))],
      skipped: ['KEY_TAKEN ann', 'KEY_TAKEN ann'],
    },
    {
      name: 'who has a user already keeps it',
      listings: [listing('acme', member(1, 'ann'), member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'one of whom gets nothing: no conflict',
      rules: [...defaultRules('default'), deny('github:labs:*', '*')],
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(2, 'ann'))],
      expected: ['ann joining: created +default/member'],
    },
    {
      name: 'with ids as keys they want two',
      userSettings: userSettings({ key: '{id}' }),
      listings: [listing('acme', member(1, 'ann'), member(2, 'ann'))],
      expected: ['1 joining: created +default/member', '2 joining: created +default/member'],
    },
    {
      name: 'a template that joins login and id without a separator',
      userSettings: userSettings({ key: '{login}{id}' }),
      listings: [listing('acme', member(11, 'a'), member(1, 'a1'))],
      skipped: ['KEY_TAKEN a11', 'KEY_TAKEN a11'],
    },
  ])('$name', check);

  test('skipped people are sorted', () => {
    const people = [member(1, 'ann'), member(2, 'ann'), member(3, 'ann')];
    const named = [people, people.toReversed()].map((order) =>
      planFor({ listings: [listing('acme', ...order)] }),
    );
    expect(named[0]?.skipped.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(named[0]).toEqual(named[1]);
  });
});
