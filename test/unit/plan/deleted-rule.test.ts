import { describe, expect, test } from 'vitest';
import { changesOf } from '../../../src/model/plan.ts';
import {
  allow,
  deny,
  keeps,
  listing,
  member,
  ours,
  planFor,
  user,
  userSettings,
} from '../../support/builders.ts';

const ANN = [listing('acme', member(1, 'ann'))];
const ADMINS_ONLY = [allow('github:acme:role:admin', 'admin')];

describe('a rule that was deleted', () => {
  test.each(['delete', 'unassign'] as const)(
    'its people keep mark and grant, and are reported in every run (%s)',
    (onLeave) => {
      const plan = planFor({
        listings: ANN,
        rules: ADMINS_ONLY,
        users: [ours(1, 'ann', { grants: ['prod/deployer'] })],
        userSettings: userSettings({ onLeave }),
      });
      expect(plan.people).toEqual([]);
      expect(plan.unmanaged).toMatchObject([{ user: 'ann', govern: 'prod/deployer' }]);
    },
  );

  test('the manages line that names them removes them', () => {
    const plan = planFor({
      listings: ANN,
      rules: ADMINS_ONLY,
      manages: ['prod/deployer'],
      users: [ours(1, 'ann', { grants: ['prod/deployer'] })],
    });
    expect(plan.people).toMatchObject([
      { user: 'ann', movement: 'leaving', changes: [{ kind: 'deleteUser' }] },
    ]);
  });

  test('someone who is gone is released, and is not called a former member', () => {
    const plan = planFor({
      listings: [listing('acme', member(2, 'bob', 'admin'))],
      rules: ADMINS_ONLY,
      users: [ours(1, 'ann', { grants: ['prod/deployer'] })],
    });
    expect(changesOf(plan).filter((change) => change.user === 'ann')).toMatchObject([
      {
        kind: 'updateUser',
        reason: expect.stringContaining('no rule gives or governs anything here any more'),
      },
    ]);
  });
});

describe('a narrowed run', () => {
  const narrowed = {
    listings: ANN,
    configuredOrgs: ['acme', 'labs'],
    rules: [
      allow('github:acme:role:member', 'insider', { unless: ['github:labs:role:*'] }),
      allow('github:acme:role:member', 'member'),
      deny('github:labs:user:ann', 'nothing'),
    ],
  };

  test('says what it holds back, since an organization that it left out may object', () => {
    const plan = planFor({ ...narrowed, users: [ours(1, 'ann', { grants: ['default/member'] })] });
    expect(plan.people).toEqual([]);
    expect(keeps(plan)).toEqual(['KEPT_OUT_OF_SCOPE ann']);
    expect(plan.notes[0]?.message).toContain('not given everything');
  });

  test('says nothing about grants already held', () => {
    const users = [ours(1, 'ann', { grants: ['default/member', 'default/insider'] })];
    expect(keeps(planFor({ ...narrowed, users }))).toEqual([]);
  });

  test('says nothing about other people', () => {
    const listings = [listing('acme', member(1, 'ann'), member(2, 'bob'))];
    const users = [ours(1, 'ann', { grants: ['default/member'] })];
    expect(keeps(planFor({ ...narrowed, listings, users, logins: ['ann'] }))).toEqual([
      'KEPT_OUT_OF_SCOPE ann',
    ]);
  });
});

test('a bad mark of another owner is named, and changes no exit code', () => {
  const users = [user('svc', { attributes: { managed_by: 'gh-permit-sync:other', github_id: 'x' } })];
  const plan = planFor({ listings: ANN, users });
  expect(keeps(plan)).toEqual(['BAD_MARK svc']);
  expect(plan.skipped).toEqual([]);
});
