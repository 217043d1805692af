import { describe, expect, test } from 'vitest';
import { changesOf } from '../../../src/model/plan.ts';
import type { Attributes, UserSettings } from '../../../src/model/user.ts';
import type { PlanInput } from '../../../src/plan/make-plan.ts';
import {
  keeps,
  listing,
  marked,
  member,
  ours,
  outline,
  planFor,
  skips,
  user,
  userSettings,
} from '../../support/builders.ts';

type Case = Omit<Partial<PlanInput>, 'userSettings'> & {
  readonly name: string;
  readonly settings: Partial<UserSettings>;
  readonly expected?: readonly string[];
  readonly skipped?: readonly string[];
  readonly kept?: readonly string[];
};

const MEMBER = ['default/member'];
const ADMIN = ['default/admin'];
const ANN = [listing('acme', member(1, 'ann'))];
const NOBODY = [listing('acme')];
const MARK = 'github_id github_login github_orgs managed_by managed_origin';

function check({ name: _, settings, expected = [], skipped = [], kept = [], ...input }: Case): void {
  const plan = planFor({ ...input, userSettings: userSettings(settings) });
  expect(outline(plan)).toEqual(expected);
  expect(skips(plan)).toEqual(skipped);
  expect(keeps(plan)).toEqual(kept);
}

describe('adoption of a user under a member’s key', () => {
  test.each<Case>([
    { name: 'none', settings: {}, users: [user('ann')], skipped: ['KEY_TAKEN ann'] },
    {
      name: 'plain: one without grants',
      settings: { adopt: 'plain' },
      users: [user('ann', { attributes: { team: 'x' } })],
      expected: [`ann joining: marked(${MARK}) +default/member`],
    },
    {
      name: 'plain: one with managed grants, which are corrected',
      settings: { adopt: 'plain' },
      users: [user('ANN', { grants: ADMIN })],
      expected: [`ANN demoted: marked(${MARK}) +default/member -default/admin`],
    },
    {
      name: 'plain: not one with other grants',
      settings: { adopt: 'plain' },
      users: [user('ann', { grants: [...MEMBER, 'prod/x'] })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'all: one with other grants, which it keeps',
      settings: { adopt: 'all' },
      users: [user('ann', { grants: [...MEMBER, 'prod/x'] })],
      expected: [`ann changed: marked(${MARK})`],
    },
    {
      name: 'all: in upsert-only, surplus grants are kept',
      settings: { adopt: 'all' },
      mode: 'upsert-only',
      users: [user('ann', { grants: ADMIN })],
      expected: [`ann changed: marked(${MARK}) +default/member`],
      kept: ['KEPT_UPSERT_ONLY ann'],
    },
    {
      name: 'never one with another person’s id',
      settings: { adopt: 'all' },
      users: [user('ann', { attributes: { github_id: 2 } })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'never one of another owner',
      settings: { adopt: 'all' },
      users: [ours(1, 'ann', { owner: 'other' })],
      skipped: ['FOREIGN_OWNER ann'],
    },
    {
      name: 'one that another tool manages: by "all" alone',
      settings: { adopt: 'all' },
      users: [user('ann', { attributes: { managed_by: 'terraform' } })],
      expected: [
        'ann joining: marked(github_id github_login github_orgs managed_by managed_origin) +default/member',
      ],
    },
    {
      name: 'one with an empty managed_by: like one without',
      settings: { adopt: 'plain' },
      users: [user('ann', { attributes: { managed_by: null } })],
      expected: [
        'ann joining: marked(github_id github_login github_orgs managed_by managed_origin) +default/member',
      ],
    },
    {
      name: 'never one of another person, no matter what else it says',
      settings: { adopt: 'all' },
      users: [user('ann', { attributes: { managed_by: 'terraform', github_id: 9 } })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'not by "plain" one that another tool manages',
      settings: { adopt: 'plain' },
      users: [user('ann', { attributes: { managed_by: 'terraform' } })],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'never one of two under the key',
      settings: { adopt: 'all' },
      users: [user('Ann'), user('ann')],
      skipped: ['KEY_TAKEN Ann'],
    },
    {
      name: 'never one whose person has a user already',
      settings: { adopt: 'all' },
      users: [ours(1, 'ann', { grants: MEMBER }), user('Ann', { grants: ADMIN })],
    },
    {
      name: 'nobody who is not a member',
      settings: { adopt: 'all' },
      listings: NOBODY,
      users: [user('ann', { grants: ADMIN })],
    },
  ])('$name', (one) => check({ listings: ANN, ...one }));

  test('an adopted user is marked as one, and keeps its attributes', () => {
    const plan = planFor({
      listings: ANN,
      users: [user('ann')],
      userSettings: userSettings({ adopt: 'plain' }),
    });
    expect(changesOf(plan)).toMatchObject([
      { kind: 'updateUser', to: { github_id: 1, managed_origin: 'adopted' } },
      { kind: 'assignRole' },
    ]);
  });
});

describe('a bad mark under a member’s key', () => {
  const bad = (flaw: Attributes) => [user('ann', { attributes: { ...marked(1, 'ann'), ...flaw } })];

  test.each<Case>([
    {
      name: 'plain does not repair it',
      settings: { adopt: 'plain' },
      users: bad({ github_orgs: 'acme' }),
      skipped: ['BAD_MARK ann'],
    },
    {
      name: 'all repairs it, and no longer reports it',
      settings: { adopt: 'all' },
      users: bad({ github_orgs: 'acme' }),
      expected: ['ann joining: marked(github_orgs managed_origin) +default/member'],
    },
    {
      name: 'all repairs one that lost its id',
      settings: { adopt: 'all' },
      users: bad({ github_id: null }),
      expected: ['ann joining: marked(github_id managed_origin) +default/member'],
    },
    {
      name: 'all does not repair one with another person’s id',
      settings: { adopt: 'all' },
      users: bad({ github_orgs: 'acme', github_id: 2 }),
      skipped: ['BAD_MARK ann'],
    },
    {
      name: 'all does not repair one of another owner',
      settings: { adopt: 'all' },
      users: bad({ github_id: 'x', managed_by: 'gh-permit-sync:other' }),
      skipped: ['BAD_MARK ann'],
    },
  ])('$name', (one) => check({ listings: ANN, ...one }));
});

describe('who leaves with onLeave: unassign', () => {
  const settings = { onLeave: 'unassign' } as const;

  test.each<Case>([
    {
      name: 'loses our grants and keeps the user and the mark',
      settings,
      users: [ours(1, 'ann', { grants: [...MEMBER, 'prod/x'] })],
      expected: ['ann leaving: -default/member'],
    },
    { name: 'and there is nothing more to do', settings, users: [ours(1, 'ann')] },
    {
      name: 'the same for an adopted user',
      settings,
      users: [ours(1, 'ann', { origin: 'adopted', grants: MEMBER })],
      expected: ['ann leaving: -default/member'],
    },
    {
      name: 'but not a user with an org that was not listed',
      settings,
      users: [ours(1, 'ann', { grants: MEMBER, orgs: ['labs'] })],
      kept: ['KEPT_OUT_OF_SCOPE ann'],
    },
    {
      name: 'and whoever claims the login waits',
      settings,
      listings: [listing('acme', member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      expected: ['ann leaving: -default/admin'],
      skipped: ['KEY_TAKEN ann'],
    },
    {
      name: 'who returns gets them again',
      settings,
      listings: ANN,
      users: [ours(1, 'ann')],
      expected: ['ann joining: +default/member'],
    },
  ])('$name', (one) => check({ listings: NOBODY, ...one }));
});

describe('a protected user key is never written', () => {
  const settings = { protect: ['svc-*', 'ANN'] };

  test.each<Case>([
    {
      name: 'not created',
      settings,
      listings: [listing('acme', member(1, 'svc-ci'), member(2, 'bob'))],
      expected: ['bob joining: created +default/member'],
      kept: ['PROTECTED svc-ci'],
    },
    {
      name: 'not changed',
      settings,
      listings: ANN,
      users: [ours(1, 'ann', { grants: ADMIN })],
      kept: ['PROTECTED ann'],
    },
    {
      name: 'not deleted',
      settings,
      listings: NOBODY,
      users: [ours(1, 'ann', { grants: ADMIN })],
      kept: ['PROTECTED ann'],
    },
    {
      name: 'not adopted',
      settings: { ...settings, adopt: 'all' },
      listings: ANN,
      users: [user('Ann')],
      kept: ['PROTECTED ann'],
    },
    {
      name: 'not named when there is nothing to write',
      settings,
      listings: ANN,
      users: [ours(1, 'ann', { grants: MEMBER })],
    },
    {
      name: 'named once, who had it and who claims it',
      settings,
      listings: [listing('acme', member(2, 'ann'))],
      users: [ours(1, 'ann', { grants: ADMIN })],
      skipped: ['KEY_CLAIMED ann'],
      kept: ['PROTECTED ann'],
    },
    {
      name: 'half moved: the user that may be written still loses what nothing gives',
      settings,
      listings: [listing('acme', member(1, 'ann'))],
      users: [
        ours(1, 'old', { grants: ADMIN }),
        ours(1, 'ann', { grants: ADMIN, attributes: { managed_move: { from: 'old', email: null } } }),
      ],
      expected: ['ann changed: -default/admin'],
      skipped: ['KEY_TAKEN ann'],
      kept: ['PROTECTED ann'],
    },
    {
      name: 'under a template, by the whole key',
      settings: { key: 'github|{login}', protect: ['ann', 'github|bob'] },
      listings: [listing('acme', member(1, 'ann'), member(2, 'bob'))],
      expected: ['github|ann joining: created +default/member'],
      kept: ['PROTECTED github|bob'],
    },
  ])('$name', check);
});

describe('manages', () => {
  test.each<{ name: string; manages: readonly string[]; expected: readonly string[] }>([
    { name: 'a line', manages: ['prod/auditor'], expected: ['ann demoted: -prod/auditor'] },
    { name: 'roles by a pattern', manages: ['prod/aud*'], expected: ['ann demoted: -prod/auditor'] },
    {
      name: 'tenants by a pattern, grants on instances too',
      manages: ['*/owner'],
      expected: ['ann demoted: -prod/owner@repo:1'],
    },
    { name: 'with regard to case', manages: ['Prod/auditor', 'prod/Auditor'], expected: [] },
    { name: 'the whole key', manages: ['pro/auditor', 'prod/audit'], expected: [] },
  ])('$name', ({ manages, expected }) => {
    const held = ['default/member', 'prod/auditor', 'prod/owner@repo:1'];
    const plan = planFor({ listings: ANN, manages, users: [ours(1, 'ann', { grants: held })] });
    expect(outline(plan)).toEqual(expected);
    expect(plan.unmanaged).toHaveLength(2 - expected.length);
  });
});
