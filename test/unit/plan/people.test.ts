import { describe, expect, test } from 'vitest';
import { changesOf } from '../../../src/model/plan.ts';
import { defaultRules } from '../../../src/model/rule.ts';
import { losers, makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import {
  allow,
  deny,
  keeps,
  listing,
  member,
  ORG_IDS,
  ours,
  outline,
  planFor,
  planInput,
  skips,
  stillListed,
  user,
  userSettings,
} from '../../support/builders.ts';

type Case = Partial<PlanInput> & {
  readonly name: string;
  readonly expected: readonly string[];
  readonly kept?: readonly string[];
};

const MEMBER = ['default/member'];
const ADMIN = ['default/admin'];
const PER_ORG = defaultRules('{org}');

describe('join', () => {
  test.each<Case>([
    {
      name: 'a member',
      listings: [listing('acme', member(1, 'ann'))],
      expected: ['ann joining: created +default/member'],
    },
    {
      name: 'an owner',
      listings: [listing('acme', member(1, 'ann', 'admin'))],
      expected: ['ann joining: created +default/admin'],
    },
    {
      name: 'of two orgs: one user',
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(1, 'ann', 'admin'))],
      rules: PER_ORG,
      expected: ['ann joining: created +acme/member +labs/admin'],
    },
    {
      name: 'with a key of another template',
      userSettings: userSettings({ key: 'github|{id}' }),
      listings: [listing('acme', member(7, 'ann'))],
      expected: ['github|7 joining: created +default/member'],
    },
    {
      name: 'matched by no rule: no user',
      rules: [allow('github:acme:role:admin', 'admin')],
      listings: [listing('acme', member(1, 'ann'))],
      expected: [],
    },
    {
      name: 'denied everything: no user',
      rules: [...defaultRules('default'), deny('github:*:user:*-bot', '*')],
      listings: [listing('acme', member(1, 'ci-bot'))],
      expected: [],
    },
    {
      name: 'user created, but not the grants: the rest of them',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann')],
      expected: ['ann joining: +default/member'],
    },
    {
      name: 'also in upsert-only',
      mode: 'upsert-only',
      listings: [listing('acme', member(1, 'ann'))],
      expected: ['ann joining: created +default/member'],
    },
    {
      name: 'also when unconfirmed: nothing is taken',
      unconfirmed: stillListed(1),
      listings: [listing('acme', member(1, 'ann'))],
      expected: ['ann joining: created +default/member'],
    },
  ])('$name', ({ name: _, expected, ...input }) => {
    expect(outline(planFor(input))).toEqual(expected);
  });

  test('the mark holds the person, the owner and the organizations', () => {
    const plan = planFor({
      listings: [listing('labs', member(7, 'Ann')), listing('acme', member(7, 'Ann'))],
      owner: 'acme-identity',
    });
    expect(changesOf(plan)[0]).toEqual({
      kind: 'createUser',
      user: 'Ann',
      reason: 'github:acme:role:member, github:labs:role:member',
      mark: {
        github_id: 7,
        github_login: 'Ann',
        github_orgs: [ORG_IDS.acme, ORG_IDS.labs],
        managed_by: 'gh-permit-sync:acme-identity',
        managed_origin: 'created',
      },
    });
  });

  test('the reason is the same, whichever org was listed first', () => {
    const listings = [listing('labs', member(1, 'ann')), listing('acme', member(1, 'ann', 'admin'))];
    for (const order of [listings, listings.toReversed()]) {
      const [created] = changesOf(planFor({ rules: PER_ORG, listings: order }));
      expect(created?.reason).toBe('github:acme:role:admin, github:labs:role:member');
    }
  });

  test("a login that Permit doesn't accept as a key is skipped, the others continue", () => {
    const plan = planFor({ listings: [listing('acme', member(1, 'x[bot]'), member(2, 'bob'))] });
    expect(skips(plan)).toEqual(['PERMIT_REFUSED x[bot]']);
    expect(outline(plan)).toEqual(['bob joining: created +default/member']);
  });
});

describe('stay', () => {
  test.each<Case>([
    {
      name: 'in sync: nothing',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: [],
    },
    {
      name: 'adopted and in sync: nothing',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER, origin: 'adopted' })],
      expected: [],
    },
    {
      name: 'grants and attributes of others are ignored',
      listings: [listing('acme', member(1, 'ann'))],
      users: [
        ours(1, 'ann', { grants: [...MEMBER, 'default/auditor', 'prod/admin'], attributes: { team: 'x' } }),
      ],
      expected: [],
    },
    {
      name: 'a grant that was removed by hand comes back',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['default/auditor'] })],
      expected: ['ann joining: +default/member'],
    },
    {
      name: 'a role on an instance does not replace the role in the tenant',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['default/member@repo:1'] })],
      expected: ['ann joining: +default/member'],
    },
    {
      name: 'an id as key: a rename changes only the mark',
      userSettings: userSettings({ key: '{id}' }),
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, '1', { login: 'ann', grants: MEMBER })],
      expected: ['1 changed: marked(github_login)'],
    },
    {
      name: 'a login that changed its case keeps its key',
      listings: [listing('acme', member(1, 'Ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['ann changed: marked(github_login)'],
    },
    {
      name: 'a second grant is no promotion unless it is stronger',
      rules: [...defaultRules('default'), allow('github:labs:role:*', 'lab')],
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER, orgs: ['acme', 'labs'] })],
      expected: ['ann changed: +default/lab'],
    },
  ])('$name', ({ name: _, expected, ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(skips(plan)).toEqual([]);
    expect(keeps(plan)).toEqual([]);
  });
});

describe('promotion and demotion', () => {
  test.each<Case>([
    {
      name: 'member to owner',
      listings: [listing('acme', member(1, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['ann promoted: +default/admin -default/member'],
    },
    {
      name: 'owner to member',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann demoted: +default/member -default/admin'],
    },
    {
      name: 'a stronger grant beside the one held',
      rules: [allow('github:*:role:admin', 'admin'), allow('github:*:role:*', 'member')],
      listings: [listing('acme', member(1, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['ann promoted: +default/admin'],
    },
    {
      name: 'a surplus one: loses, and gains nothing',
      listings: [listing('acme', member(1, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: [...ADMIN, ...MEMBER] })],
      expected: ['ann demoted: -default/member'],
    },
    {
      name: 'a swap within one rule',
      rules: [allow('github:*:role:admin', ['a', 'b']), allow('github:*:role:member', 'b')],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['default/a'] })],
      expected: ['ann demoted: +default/b -default/a'],
    },
    {
      name: 'a swap of equal rank is a demotion',
      rules: [allow('github:*:role:member', 'x', { tenant: '{org}' })],
      listings: [listing('acme'), listing('labs', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['acme/x'] })],
      expected: ['ann demoted: marked(github_orgs) +labs/x -acme/x'],
      kept: ['NEW_ORG '],
    },
    {
      name: 'a grant known only from a deny ranks last: exchanging it for anything is a promotion',
      rules: [deny('github:*:role:*', 'banned'), allow('github:*:role:*', 'member')],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['default/banned'] })],
      expected: ['ann promoted: +default/member -default/banned'],
    },
    {
      name: 'the strongest of several losses counts',
      rules: ['a', 'b', 'c'].map((role) =>
        allow(role === 'b' ? 'github:*:role:*' : 'github:*:role:admin', role),
      ),
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['default/a', 'default/c'] })],
      expected: ['ann demoted: +default/b -default/a -default/c'],
    },
    {
      name: 'demoted in one org, promoted in another: the stronger loss counts',
      rules: PER_ORG,
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(1, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: ['acme/admin', 'labs/member'], orgs: ['acme', 'labs'] })],
      expected: ['ann demoted: +acme/member +labs/admin -acme/admin -labs/member'],
    },
    {
      name: 'in upsert-only the new one comes, the old one stays',
      mode: 'upsert-only',
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann changed: +default/member'],
      kept: ['KEPT_UPSERT_ONLY ann'],
    },
    {
      name: 'unconfirmed: the new one comes, the old one stays',
      unconfirmed: stillListed(1),
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann changed: +default/member'],
      kept: ['KEPT_UNCONFIRMED ann'],
    },
  ])('$name', ({ name: _, expected, kept = [], ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(keeps(plan)).toEqual(kept);
  });
});

describe('several organizations', () => {
  const both = { grants: ['acme/member', 'labs/member'], orgs: ['acme', 'labs'] } as const;

  test.each<Case>([
    {
      name: 'leaving one of them loses what it gave, and nothing else',
      rules: PER_ORG,
      listings: [listing('acme', member(1, 'ann')), listing('labs')],
      users: [ours(1, 'ann', both)],
      expected: ['ann demoted: marked(github_orgs) -labs/member'],
    },
    {
      name: 'leaving one of two that give the same keeps it',
      listings: [listing('acme', member(1, 'ann')), listing('labs')],
      users: [ours(1, 'ann', { ...both, grants: MEMBER })],
      expected: ['ann changed: marked(github_orgs)'],
    },
    {
      name: 'who leaves both is gone',
      rules: PER_ORG,
      listings: [listing('acme'), listing('labs')],
      users: [ours(1, 'ann', both)],
      expected: ['ann leaving: deleted'],
    },
    {
      name: 'who joins a second one',
      rules: PER_ORG,
      listings: [listing('acme', member(1, 'ann')), listing('labs', member(1, 'ann', 'admin'))],
      users: [ours(1, 'ann', { grants: ['acme/member'] })],
      expected: ['ann promoted: marked(github_orgs) +labs/admin'],
      kept: ['NEW_ORG '],
    },
    {
      name: 'one that was not listed keeps its grants and its place in the mark',
      rules: PER_ORG,
      configuredOrgs: ['acme', 'labs'],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', both)],
      expected: [],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'demoted in one while another was not listed: gains, loses nothing',
      rules: PER_ORG,
      configuredOrgs: ['acme', 'labs'],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: ['acme/admin', 'labs/member'], orgs: ['acme', 'labs'] })],
      expected: ['ann changed: +acme/member'],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'who left the listed one, while another was not listed, stays',
      rules: PER_ORG,
      configuredOrgs: ['acme', 'labs'],
      listings: [listing('acme')],
      users: [ours(1, 'ann', both)],
      expected: [],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'an org outside of this config, of a second one with the same owner',
      configuredOrgs: ['acme'],
      listings: [listing('acme')],
      users: [ours(1, 'ann', { grants: MEMBER, orgs: ['acme', 'research'] })],
      expected: [],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'an org that is new is added to the mark beside the one that was not listed',
      configuredOrgs: ['acme', 'labs'],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER, orgs: ['labs'] })],
      expected: ['ann changed: marked(github_orgs)'],
      kept: ['NEW_ORG '],
    },
    {
      name: 'in upsert-only an org that was left stays in the mark with its grants',
      mode: 'upsert-only',
      rules: PER_ORG,
      listings: [listing('acme', member(1, 'ann')), listing('labs')],
      users: [ours(1, 'ann', both)],
      expected: [],
      kept: ['KEPT_UPSERT_ONLY ann'],
    },
    {
      name: 'unconfirmed, an org that was left stays in the mark with its grants',
      unconfirmed: stillListed(1),
      rules: PER_ORG,
      listings: [listing('acme', member(1, 'ann')), listing('labs')],
      users: [ours(1, 'ann', both)],
      expected: [],
      kept: ['KEPT_UNCONFIRMED ann'],
    },
  ])('$name', ({ name: _, expected, kept = [], ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(keeps(plan)).toEqual(kept);
  });

  test('the mark lists the orgs ascending, those listed and those that were not', () => {
    const plan = planFor({
      configuredOrgs: ['acme', 'labs', 'research'],
      listings: [listing('acme', member(1, 'ann')), listing('research', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER, orgs: ['labs'] })],
    });
    expect(changesOf(plan)).toMatchObject([{ kind: 'updateUser', to: { github_orgs: [100, 200, 300] } }]);
  });
});

describe('leave', () => {
  const gone = [listing('acme')];

  test.each<Case>([
    {
      name: 'created: deleted',
      listings: gone,
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann leaving: deleted'],
    },
    {
      name: 'created, with attributes of others: deleted, for nobody uses it',
      listings: gone,
      users: [ours(1, 'ann', { grants: MEMBER, attributes: { team: 'x' } })],
      expected: ['ann leaving: deleted'],
    },
    {
      name: 'created, without any grant: deleted, and no removal',
      listings: gone,
      users: [ours(1, 'ann')],
      expected: ['ann changed: deleted'],
    },
    {
      name: 'created, with foreign grants: released',
      listings: gone,
      users: [ours(1, 'ann', { grants: [...MEMBER, 'default/auditor'] })],
      expected: ['ann leaving: released -default/member'],
    },
    {
      name: 'created, with a grant on an instance alone: released',
      listings: gone,
      users: [ours(1, 'ann', { grants: ['default/member@repo:1'] })],
      expected: ['ann changed: released'],
    },
    {
      name: 'adopted: released',
      listings: gone,
      users: [ours(1, 'ann', { origin: 'adopted', grants: [...ADMIN, ...MEMBER] })],
      expected: ['ann leaving: released -default/admin -default/member'],
    },
    {
      name: 'adopted, without any grant: released',
      listings: gone,
      users: [ours(1, 'ann', { origin: 'adopted' })],
      expected: ['ann changed: released'],
    },
    {
      name: 'still in the org, but no rule gives anything now',
      rules: [allow('github:*:role:admin', 'admin'), deny('github:*:role:member', 'member')],
      listings: [listing('acme', member(1, 'ann'))],
      users: [ours(1, 'ann', { grants: MEMBER })],
      expected: ['ann leaving: deleted'],
    },
    {
      name: 'renamed and gone: found by its id',
      listings: [listing('acme', member(2, 'bob'))],
      users: [
        ours(1, 'old-name', { login: 'older-name', grants: MEMBER }),
        ours(2, 'bob', { grants: MEMBER }),
      ],
      expected: ['old-name leaving: deleted'],
    },
    {
      name: 'in upsert-only: kept',
      mode: 'upsert-only',
      listings: gone,
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: [],
      kept: ['KEPT_UPSERT_ONLY ann'],
    },
    {
      name: 'of an org that was not listed: kept',
      configuredOrgs: ['acme', 'labs'],
      listings: gone,
      users: [ours(1, 'ann', { grants: ADMIN, orgs: ['labs'] })],
      expected: [],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'unconfirmed: kept',
      unconfirmed: stillListed(1),
      listings: gone,
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: [],
      kept: ['KEPT_UNCONFIRMED ann'],
    },
    {
      name: 'the reasons to keep are named apart, the users sorted',
      configuredOrgs: ['acme', 'labs'],
      unconfirmed: stillListed(1, 4),
      listings: gone,
      users: [
        ours(4, 'zoe', { grants: MEMBER }),
        ours(1, 'ann', { grants: MEMBER }),
        ours(2, 'bob', { grants: MEMBER, orgs: ['labs'] }),
        ours(3, 'cat', { grants: MEMBER }),
      ],
      expected: ['cat leaving: deleted'],
      kept: ['KEPT_OUT_OF_SCOPE bob', 'KEPT_UNCONFIRMED ann zoe'],
    },
  ])('$name', ({ name: _, expected, kept = [], ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(keeps(plan)).toEqual(kept);
  });

  test('a released user keeps its GitHub id and nothing else of the mark', () => {
    const plan = planFor({ listings: gone, users: [ours(7, 'ann', { origin: 'adopted' })] });
    expect(changesOf(plan)).toMatchObject([{ kind: 'updateUser', to: { github_id: 7 } }]);
    expect(changesOf(plan)[0]).not.toHaveProperty('to.managed_by');
  });

  test('the reason names the orgs behind the grants, in one order', () => {
    const listings = [listing('labs'), listing('acme'), listing('research')];
    const users = [ours(1, 'ann', { grants: MEMBER, orgs: ['acme', 'labs'] })];
    for (const order of [listings, listings.toReversed()]) {
      const plan = planFor({ configuredOrgs: ['acme', 'labs', 'research'], listings: order, users });
      expect(changesOf(plan).map(({ reason }) => reason)).toEqual(['no longer a member of acme and labs']);
    }
  });
});

describe('return of somebody who was released', () => {
  const back = [listing('acme', member(7, 'ann'))];
  const released = { attributes: { github_id: 7, team: 'x' } };

  test.each<Case>([
    {
      name: 'the mark is put on again, as adopted',
      listings: back,
      users: [user('ann', released)],
      expected: ['ann joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
    },
    {
      name: 'under a key that differs in case',
      listings: back,
      users: [user('Ann', released)],
      expected: ['Ann joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
    },
    {
      name: 'grants of others stay',
      listings: back,
      users: [user('ann', { ...released, grants: ['default/auditor'] })],
      expected: ['ann joining: marked(github_login github_orgs managed_by managed_origin) +default/member'],
    },
    {
      name: 'a managed grant that was given by hand meanwhile is a managed one again',
      listings: back,
      users: [user('ann', { ...released, grants: ADMIN })],
      expected: [
        'ann demoted: marked(github_login github_orgs managed_by managed_origin) +default/member -default/admin',
      ],
    },
    {
      name: 'but not in upsert-only',
      mode: 'upsert-only',
      listings: back,
      users: [user('ann', { ...released, grants: ADMIN })],
      expected: ['ann changed: marked(github_login github_orgs managed_by managed_origin) +default/member'],
      kept: ['KEPT_UPSERT_ONLY ann'],
    },
    {
      name: 'and not unconfirmed',
      unconfirmed: stillListed(7),
      listings: back,
      users: [user('ann', { ...released, grants: ADMIN })],
      expected: ['ann changed: marked(github_login github_orgs managed_by managed_origin) +default/member'],
      kept: ['KEPT_UNCONFIRMED ann'],
    },
  ])('$name', ({ name: _, expected, kept = [], ...input }) => {
    const plan = planFor(input);
    expect(outline(plan)).toEqual(expected);
    expect(keeps(plan)).toEqual(kept);
    expect(plan.skipped).toEqual([]);
  });

  test('counts as adopted from now on, so that it is never deleted', () => {
    const plan = planFor({ listings: back, users: [user('ann', released)] });
    expect(changesOf(plan)[0]).toMatchObject({
      kind: 'updateUser',
      from: { github_id: 7 },
      to: { github_id: 7, github_orgs: [ORG_IDS.acme], managed_origin: 'adopted' },
    });
  });

  test('what the plan governs again is not reported as unmanaged', () => {
    const plan = planFor({ listings: back, users: [user('ann', { ...released, grants: ADMIN })] });
    expect(plan.unmanaged).toEqual([]);
  });

  test.each<[string, Partial<PlanInput>, readonly string[]]>([
    [
      'with another id is another person',
      { users: [user('ann', { attributes: { github_id: 8 } })] },
      ['KEY_TAKEN ann'],
    ],
    ['without an id is nobody known', { users: [user('ann')] }, ['KEY_TAKEN ann']],
    [
      'with the id as text is nobody known',
      { users: [user('ann', { attributes: { github_id: '7' } })] },
      ['KEY_TAKEN ann'],
    ],
    [
      'that another tool manages now is that tool’s',
      { users: [user('ann', { attributes: { github_id: 7, managed_by: 'terraform' } })] },
      ['KEY_TAKEN ann'],
    ],
    [
      'beside another under the same key is ambiguous',
      { users: [user('Ann', released), user('ann')] },
      ['KEY_TAKEN Ann'],
    ],
  ])('a user %s', (_name, input, expected) => {
    const plan = planFor({ listings: back, ...input });
    expect(skips(plan)).toEqual(expected);
    expect(plan.people).toEqual([]);
  });
});

describe('the plan as a whole', () => {
  const input = planInput({
    listings: [listing('acme', member(1, 'ann', 'admin'), member(2, 'bob'), member(5, 'eve'))],
    users: [
      ours(1, 'ann', { grants: ADMIN }),
      ours(2, 'bob', { grants: ADMIN }),
      ours(3, 'cat', { grants: MEMBER }),
      ours(4, 'dan', { grants: MEMBER, orgs: ['labs'] }),
      ours(6, 'twin-a'),
      ours(6, 'twin-b'),
      user('svc', { grants: ADMIN }),
    ],
  });

  test('counts members, and users that carry our mark', () => {
    expect(makePlan(input)).toMatchObject({ members: 3, managedBefore: 6 });
  });

  test('counts them however it is narrowed', () => {
    expect(makePlan({ ...input, logins: ['eve'] })).toMatchObject({ members: 3, managedBefore: 6 });
  });

  test('names those who lose something, whom a second look has to confirm', () => {
    expect(losers(makePlan(input))).toEqual([2, 3]);
  });

  test('is a value: it can be written down and read', () => {
    const plan = makePlan(input);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test('leaves its input as it is', () => {
    const before = structuredClone(input);
    makePlan(input);
    expect(input).toEqual(before);
  });

  test('every change says why', () => {
    for (const { reason } of changesOf(makePlan(input))) expect(reason).not.toBe('');
  });
});
