import { expect, test } from 'vitest';
import { grantId } from '../../../src/model/grant.ts';
import { makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import { review } from '../../../src/plan/review.ts';
import {
  allow,
  gitHubId,
  listing,
  marked,
  member,
  ours,
  planInput,
  user,
  userKey,
  userSettings,
} from '../../support/builders.ts';

const reviewOf = (options: Partial<PlanInput>) => {
  const input = planInput(options);
  return review(input, makePlan(input), () => undefined);
};

/** A row in a few words: `ann* default/admin: held by 1`, where `*` marks an administrator. */
const outline = (options: Partial<PlanInput>): readonly string[] =>
  reviewOf(options).rows.map(({ login, user: key, isAdmin, grant, status, rules }) => {
    const who = `${login ?? `? ${key}`}${isAdmin ? '*' : ''}`;
    return `${who} ${grant ? grantId(grant) : '-'}: ${status}${rules.length > 0 ? ` by ${rules.join(' ')}` : ''}`;
  });

const ANN = member(1, 'ann');
const STAFF = ['default/member'];
const unreadTeam = { what: { kind: 'team', ref: 'platform' }, message: 'no' } as const;

test.each<[string, Partial<PlanInput>, readonly string[]]>([
  [
    'administrators come first: owners of an organization, and holders of a role that is named so',
    {
      listings: [listing('acme', ANN, member(2, 'bob'), member(3, 'zoe', 'admin'))],
      users: [
        ours(1, 'ann', { grants: STAFF }),
        ours(2, 'bob', { grants: [...STAFF, 'production/SuperAdmin'] }),
        ours(3, 'zoe', { grants: ['default/admin'] }),
      ],
    },
    [
      'bob* default/member: held by 2',
      'bob* production/SuperAdmin: unmanaged',
      'zoe* default/admin: held by 1',
      'ann default/member: held by 2',
    ],
  ],
  [
    'every rule that gives a grant',
    {
      listings: [listing('acme', ANN)],
      users: [ours(1, 'ann', { grants: STAFF })],
      rules: [allow('github:acme:role:member', 'member'), allow('github:*:user:ann', 'member')],
    },
    ['ann default/member: held by 1 2'],
  ],
  ['a joiner', { listings: [listing('acme', ANN)], users: [] }, ['ann default/member: to be assigned by 2']],
  [
    'a leaver',
    {
      listings: [listing('acme', ANN)],
      users: [ours(1, 'ann', { grants: STAFF }), ours(2, 'bob', { grants: STAFF })],
    },
    ['ann default/member: held by 2', 'bob default/member: to be removed'],
  ],
  [
    'a leaver whom the run keeps',
    { listings: [], configuredOrgs: ['acme'], users: [ours(2, 'bob', { grants: STAFF })] },
    ['bob default/member: kept'],
  ],
  [
    'a grant that depends on a team that could not be read',
    {
      listings: [{ ...listing('acme', ANN), unread: [unreadTeam] }],
      users: [ours(1, 'ann', { grants: ['default/deployer'] })],
      rules: [allow('github:acme:team:platform:member', 'deployer')],
    },
    ['ann default/deployer: undecided'],
  ],
  [
    'a person who moves to another user key keeps what a rule gives',
    {
      listings: [listing('acme', member(1, 'anna'))],
      users: [ours(1, 'ann', { grants: [...STAFF, 'default/admin', 'other/guest'] })],
    },
    ['anna* default/admin: to be removed', 'anna* default/member: held by 2', 'anna* other/guest: unmanaged'],
  ],
  [
    'a user that the plan adopts',
    {
      listings: [listing('acme', ANN)],
      users: [user('ann', { grants: STAFF })],
      userSettings: userSettings({ adopt: 'plain' }),
    },
    ['ann default/member: held by 2'],
  ],
  [
    'an unmarked user with a managed grant, and one whose mark is broken',
    {
      listings: [listing('acme')],
      users: [
        user('svc', { grants: ['default/admin', 'other/guest'] }),
        user('odd', { grants: STAFF, attributes: { ...marked(9, 'odd'), github_id: 'nine' } }),
        user('app'),
      ],
    },
    ['? svc* default/admin: unmanaged', '? odd default/member: unmanaged'],
  ],
  [
    'an unmarked user whose grant is pruned',
    { listings: [listing('acme')], users: [user('svc', { grants: STAFF })], pruneUnmanaged: 1 },
    ['? svc default/member: to be removed'],
  ],
  [
    'a person whom no rule gives anything, and a collaborator',
    {
      listings: [{ ...listing('acme', ANN), collaborators: [{ id: gitHubId(5), login: 'guest' }] }],
      rules: [allow('github:acme:collaborator', 'guest')],
    },
    ['ann -: no grants', 'guest default/guest: to be assigned by 1'],
  ],
])('%s', (_, options, rows) => {
  expect(outline(options)).toEqual(rows);
});

test('counts what the rows do not show', () => {
  const made = reviewOf({
    listings: [listing('acme', member(1, 'ann', 'admin')), listing('labs', ANN)],
    users: [
      ours(1, 'ann'),
      user('app'),
      user('svc', { grants: STAFF }),
      ours(7, 'else', { owner: 'labs-team', grants: STAFF }),
    ],
  });
  expect(made).toMatchObject({
    people: 1,
    admins: 1,
    unlistedUsers: 1,
    withoutCollaborators: ['acme', 'labs'],
  });
  expect([...made.otherOwners]).toEqual([['labs-team', 1]]);
  expect(made.rows[0]?.onGitHub).toEqual(['owner of acme', 'member of labs']);
});

test('says since when of what a person holds, and asks with their id', () => {
  const input = planInput({
    listings: [listing('acme', ANN, member(2, 'bob'))],
    users: [ours(1, 'ann', { grants: STAFF })],
  });
  const asked = review(input, makePlan(input), (key, id, grant) => `${key} ${id} ${grantId(grant)}`);
  expect(asked.rows.map(({ since }) => since)).toEqual([`${userKey('ann')} 1 default/member`, undefined]);
});
