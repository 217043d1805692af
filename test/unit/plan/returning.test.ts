import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { changesOf } from '../../../src/model/plan.ts';
import type { Attributes } from '../../../src/model/user.ts';
import { judge } from '../../../src/plan/judge.ts';
import { makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import { applyToUsers } from '../../support/apply-to-users.ts';
import {
  listing,
  marked,
  member,
  ours,
  outline,
  planFor,
  planInput,
  skips,
  user,
  userSettings,
} from '../../support/builders.ts';

const FOREIGN = ['billing/payer'];
const MEMBER = ['default/member'];
const ANNA = [listing('acme', member(1, 'anna'))];
const released = (key: string, id = 1, grants: readonly string[] = FOREIGN) =>
  user(key, { grants, attributes: { github_id: id, team: 'core' } });

type Case = Partial<PlanInput> & {
  readonly name: string;
  readonly expected?: readonly string[];
  readonly skipped?: readonly string[];
};

describe('somebody whose user was released comes back under another login', () => {
  test.each<Case>([
    {
      name: 'the user moves, with what it holds',
      users: [released('ann')],
      expected: ['anna joining: ann deleted, created from ann marked() +billing/payer +default/member'],
    },
    {
      name: 'one under the right key is re-adopted there, and no other one is touched',
      users: [released('anna'), released('ann')],
      expected: ['anna joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
    },
    {
      name: 'two with the same id: no guess is made',
      users: [released('ann'), released('annie')],
      skipped: ['DUPLICATE_ID ann'],
    },
    {
      name: 'the new key is someone else’s: re-adopted under its old key',
      users: [released('ann'), user('anna')],
      expected: ['ann joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'upsert-only: re-adopted under its old key',
      mode: 'upsert-only',
      users: [released('ann')],
      expected: ['ann joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
    },
    {
      name: 'a protected one is unchanged, and no second one is created',
      userSettings: userSettings({ protect: ['ann'] }),
      users: [released('ann')],
    },
    {
      name: 'an address is no login that this program made a key of: it belongs to another program',
      users: [released('ann@example.com')],
      expected: ['anna joining: created +default/member'],
    },
    {
      name: 'another tool’s user with that id is not ours to move',
      users: [user('ann', { attributes: { github_id: 1, managed_by: 'terraform' } })],
      expected: ['anna joining: created +default/member'],
    },
  ])('$name', ({ name: _, expected = [], skipped = [], ...input }) => {
    const plan = planFor({ listings: ANNA, ...input });
    expect(outline(plan)).toEqual(expected);
    expect(skips(plan)).toEqual(skipped);
  });

  test('counts against the limit of moves, since only a number says whose the user was', () => {
    const plan = planFor({ listings: ANNA, users: [released('ann')] });
    const limits = { ...DEFAULT_LIMITS, moves: [{ kind: 'count', people: 0 }] as const };
    expect(judge(plan, limits, {}).violations).toMatchObject([{ limit: 'moves', planned: 1 }]);
  });

  test.each([0, 1, 2, 3])('cut off after %i of its changes, the next run finishes it', (done) => {
    const input = planInput({ listings: ANNA, users: [released('ann')] });
    const [person, ...others] = makePlan(input).people;
    expect(others).toEqual([]);
    const order = ['createUser', 'assignRole', 'unassignRole', 'deleteUser', 'updateUser'];
    const changes = (person?.changes ?? []).toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    const cut = planFor({ listings: [], users: [] });
    const reached = changes
      .slice(0, done)
      .reduce(
        (users, change) =>
          applyToUsers(
            { ...cut, people: [{ ...(person as NonNullable<typeof person>), changes: [change] }] },
            users,
          ),
        input.users,
      );
    const finished = applyToUsers(makePlan({ ...input, users: reached }), reached);
    expect(finished).toMatchObject([
      {
        key: 'anna',
        attributes: { github_id: 1, team: 'core', managed_by: 'gh-permit-sync:default' },
        grants: [{ role: 'payer' }, { role: 'member' }],
      },
    ]);
    expect(makePlan({ ...input, users: finished }).people).toEqual([]);
  });
});

describe('somebody whose mark is not valid, under another login', () => {
  const bad = (attributes: Attributes) =>
    user('ann', { grants: MEMBER, attributes: { ...marked(1, 'ann'), ...attributes } });

  test('is not given a second user', () => {
    const plan = planFor({ listings: ANNA, users: [bad({ github_orgs: 'acme' })] });
    expect(outline(plan)).toEqual([]);
    expect(skips(plan)).toEqual(['BAD_MARK ann']);
  });

  test('is repaired and moved by adopt: all', () => {
    const plan = planFor({
      listings: ANNA,
      users: [bad({ github_orgs: 'acme' })],
      userSettings: userSettings({ adopt: 'all' }),
    });
    expect(outline(plan)).toEqual(['anna moved: ann deleted, created from ann marked() +default/member']);
    expect(skips(plan)).toEqual([]);
  });
});

describe('what an update says of itself', () => {
  const reasonOf = (attributes: Attributes, adopt: 'plain' | 'all') =>
    changesOf(
      planFor({
        listings: [listing('acme', member(1, 'ann'))],
        users: [user('ann', { attributes })],
        userSettings: userSettings({ adopt }),
      }),
    ).flatMap((change) => (change.kind === 'updateUser' ? [change.reason] : []));

  test.each([
    ['adopted', {}],
    ['back; taken up again', { github_id: 1 }],
    ['adopted', { github_id: 'junk' }],
    ['adopted', { managed_move: 'junk' }],
  ] as const)('%s', (reason, attributes) => expect(reasonOf(attributes, 'plain')).toEqual([reason]));

  test('a repaired mark', () => {
    expect(reasonOf({ ...marked(1, 'ann'), managed_move: 'junk' }, 'all')).toEqual([
      'adopted; its mark was not valid (managed_move names no user key and email)',
    ]);
  });
});

describe('a half-done move', () => {
  const halfDone = (grants: readonly string[]) => [
    ours(1, 'ann', { grants: MEMBER }),
    ours(1, 'anna', { grants, attributes: { managed_move: { from: 'ann', email: null } } }),
  ];

  test('what only the new user holds is a loss like any other', () => {
    const plan = planFor({ listings: ANNA, users: halfDone(['default/admin']) });
    expect(plan.people).toMatchObject([{ user: 'anna', movement: 'demoted' }]);
  });

  test('whose former user is gone already is ended when its person leaves, and the email is not forgotten', () => {
    const [, to] = halfDone(MEMBER);
    const plan = planFor({
      listings: [listing('acme')],
      users: to
        ? [{ ...to, attributes: { ...to.attributes, managed_move: { from: 'ann', email: 'a@b.c' } } }]
        : [],
      userSettings: userSettings({ onLeave: 'unassign' }),
    });
    expect(changesOf(plan)).toMatchObject([
      {
        kind: 'updateUser',
        from: { managed_move: { email: 'a@b.c' } },
        to: { managed_by: 'gh-permit-sync:default' },
      },
      { kind: 'unassignRole' },
    ]);
  });

  test('a waiting email keeps waiting when its person is renamed again', () => {
    const plan = planFor({
      listings: [listing('acme', member(1, 'annabel'))],
      users: [ours(1, 'anna', { attributes: { managed_move: { from: 'ann', email: 'a@b.c' } } })],
    });
    expect(changesOf(plan)).toContainEqual(
      expect.objectContaining({
        kind: 'createUser',
        user: 'annabel',
        mark: expect.objectContaining({ managed_move: { from: 'anna', email: 'a@b.c' } }),
      }),
    );
  });
});

describe('under a key that is somebody else’s login by now', () => {
  /** ann (1) was renamed to anna, whose key a service has; someone else (9) is now called ann. */
  const listings = [listing('acme', member(1, 'anna', 'admin'), member(9, 'ann'))];

  test('nobody is given more: whoever asks by that login would ask for it', () => {
    const plan = planFor({ listings, users: [ours(1, 'ann', { grants: MEMBER }), user('anna')] });
    expect(plan.people.flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'assignRole'))).toEqual(
      [],
    );
    expect(outline(plan)).toEqual(['ann leaving: -default/member']);
    expect(skips(plan)).toEqual(['KEY_CLAIMED ann', 'KEY_TAKEN ann']);
  });

  test('nor is a released user re-adopted', () => {
    const plan = planFor({ listings, users: [released('ann'), user('anna')] });
    expect(outline(plan)).toEqual([]);
  });

  test('a move there that was interrupted is undone, and ends at the current login', () => {
    const users = [
      ours(1, 'ann-old', { grants: MEMBER }),
      ours(1, 'ann', { grants: MEMBER, attributes: { managed_move: { from: 'ann-old', email: null } } }),
    ];
    const plan = planFor({ listings, users });
    expect(skips(plan)).toEqual([]);
    expect(applyToUsers(plan, users)).toMatchObject([
      { key: 'ann', attributes: { github_id: 9 }, grants: [{ role: 'member' }] },
      { key: 'anna', attributes: { github_id: 1 }, grants: [{ role: 'admin' }] },
    ]);
  });

  test("a move there that was interrupted and can't go anywhere leaves nobody else’s grants", () => {
    const users = [
      ours(1, 'ann-old', { grants: MEMBER }),
      ours(1, 'ann', { grants: MEMBER, attributes: { managed_move: { from: 'ann-old', email: null } } }),
      user('anna'),
    ];
    const plan = planFor({ listings, users });
    expect(skips(plan)).toEqual(['KEY_TAKEN ann-old']);
    expect(applyToUsers(plan, users)).toMatchObject([
      { key: 'ann-old', attributes: { github_id: 1 }, grants: [{ role: 'admin' }] },
      { key: 'anna', grants: [] },
      { key: 'ann', attributes: { github_id: 9 }, grants: [{ role: 'member' }] },
    ]);
  });
});

describe('while an organization was not listed', () => {
  const narrowed = { listings: [listing('acme', member(1, 'ann'))], configuredOrgs: ['acme', 'labs'] };

  test.each([
    ['adopted', user('ann', { grants: ['default/admin'] })],
    ['released', user('ann', { grants: ['default/admin'], attributes: { github_id: 1 } })],
  ])('a user that is to be %s is not, as long as it holds what the other one may have given', (_, one) => {
    const plan = planFor({ ...narrowed, users: [one], userSettings: userSettings({ adopt: 'all' }) });
    expect(outline(plan)).toEqual([]);
    expect(plan.notes).toMatchObject([{ code: 'KEPT_OUT_OF_SCOPE', users: ['ann'] }]);
  });

  test('one that holds nothing of the kind is', () => {
    const plan = planFor({ ...narrowed, users: [user('ann')], userSettings: userSettings({ adopt: 'all' }) });
    expect(plan.people).toHaveLength(1);
  });
});

test('a chain through someone who returned starts at the free end', () => {
  const plan = planFor({
    listings: [listing('acme', member(1, 'bob'), member(2, 'carl'))],
    users: [ours(1, 'ann', { grants: MEMBER }), released('bob', 2)],
  });
  expect(plan.people.map(({ user: key, move }) => `${move?.from} → ${key}`)).toEqual([
    'ann → bob',
    'bob → carl',
  ]);
  expect(skips(plan)).toEqual([]);
});

test('somebody who left in the middle of a move is gone after one run', () => {
  const users = [
    ours(1, 'ann', { grants: MEMBER }),
    ours(1, 'anna', { attributes: { managed_move: { from: 'ann', email: 'a@b.c' } } }),
  ];
  const plan = planFor({ listings: [listing('acme', member(2, 'zoe', 'admin'))], users });
  expect(outline(plan)).toContain('anna leaving: deleted deleted');
  expect(applyToUsers(plan, users).map(({ key }) => key)).toEqual(['zoe']);
});

test('a half-done move counts as one holder, not two', () => {
  const users = [
    ours(1, 'ann', { grants: ['default/admin'] }),
    ours(1, 'anna', {
      grants: ['default/admin'],
      attributes: { managed_move: { from: 'ann', email: null } },
    }),
    ours(2, 'bob', { grants: ['default/admin'] }),
  ];
  const plan = planFor({
    listings: [listing('acme', member(1, 'anna', 'admin'), member(2, 'bob', 'admin'))],
    users,
  });
  expect(judge(plan, { ...DEFAULT_LIMITS, floors: { admin: 3 } }, {}).verdict).toBe('pass');
});
