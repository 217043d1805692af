import { describe, expect, test } from 'vitest';
import type { ClearLookup, CompleteListing, OrgRole, Team, TeamRole } from '../../../src/model/member.ts';
import { applyLookups, isStillListed } from '../../../src/plan/apply-lookups.ts';
import { absent, gitHubId, listing, lookup, member, ours, outline, planFor } from '../../support/builders.ts';

const applied = (
  listings: readonly CompleteListing[],
  ...lookups: readonly ClearLookup[]
): readonly string[] =>
  applyLookups(listings, byId(...lookups)).map(
    ({ org, members }) =>
      `${org}: ${members.map(({ id, login, role }) => `${id} ${login} ${role}`).join(', ')}`,
  );

const byId = (...lookups: readonly ClearLookup[]) => new Map(lookups.map((one) => [one.id, one]));

const LISTINGS = [
  listing('acme', member(1, 'ann', 'admin'), member(2, 'bob')),
  listing('labs', member(2, 'bob', 'admin')),
];

describe("GitHub's answer about one person outweighs the listing", () => {
  test.each<{ name: string; lookups: readonly ClearLookup[]; expected: readonly string[] }>([
    {
      name: 'no lookup: the listings',
      lookups: [],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'the same: the listings',
      lookups: [lookup(2, 'bob', { acme: 'member', labs: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'skipped by a page that shifted: is there',
      lookups: [lookup(3, 'cat', { acme: 'member', labs: undefined })],
      expected: ['acme: 1 ann admin, 2 bob member, 3 cat member', 'labs: 2 bob admin'],
    },
    {
      name: 'gone since',
      lookups: [lookup(2, 'bob', { acme: undefined, labs: 'admin' })],
      expected: ['acme: 1 ann admin', 'labs: 2 bob admin'],
    },
    {
      name: 'promoted since',
      lookups: [lookup(2, 'bob', { acme: 'admin', labs: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob admin', 'labs: 2 bob admin'],
    },
    {
      name: 'renamed since, everywhere',
      lookups: [lookup(2, 'bobby', { acme: 'member', labs: 'member' })],
      expected: ['acme: 1 ann admin, 2 bobby member', 'labs: 2 bobby member'],
    },
    {
      name: 'account gone: nowhere',
      lookups: [lookup(2, undefined, { acme: undefined, labs: undefined })],
      expected: ['acme: 1 ann admin', 'labs: '],
    },
    {
      name: 'account gone: nowhere, even if an org still lists it',
      lookups: [lookup(2, undefined, { acme: 'member' })],
      expected: ['acme: 1 ann admin', 'labs: '],
    },
    {
      name: 'an org that did not answer: as listed, under the current login',
      lookups: [lookup(2, 'bobby', { acme: undefined })],
      expected: ['acme: 1 ann admin', 'labs: 2 bobby admin'],
    },
    {
      name: 'an org that did not answer, and did not list: not there',
      lookups: [lookup(1, 'ann', { acme: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'several people',
      lookups: [
        lookup(1, 'ann', { acme: undefined, labs: 'member' }),
        lookup(3, 'cat', { acme: 'member', labs: 'member' }),
      ],
      expected: ['acme: 2 bob member, 3 cat member', 'labs: 2 bob admin, 1 ann member, 3 cat member'],
    },
  ])('$name', ({ lookups, expected }) => {
    expect(applied(LISTINGS, ...lookups)).toEqual(expected);
  });

  test('teams, where they were asked about', () => {
    const platform = new Map([
      [gitHubId(1), 'member' as const],
      [gitHubId(2), 'member' as const],
    ]);
    const team = (ref: string, members: Team['members'] = platform): Team => ({
      ref,
      asked: 'name',
      members,
    });
    const before = {
      ...listing('acme', member(1, 'ann'), member(2, 'bob')),
      teams: [team('platform'), team('x')],
    };
    const answer = (id: number, role: TeamRole | undefined) => ({
      ...lookup(id, 'x', { acme: 'member' }),
      teams: new Map([[before.id, new Map([['platform', role ?? absent]])]]),
    });
    const [after] = applyLookups(
      [before],
      byId(answer(1, undefined), answer(2, 'maintainer'), answer(3, 'member')),
    );
    expect(after?.teams).toEqual([
      team(
        'platform',
        new Map([
          [gitHubId(2), 'maintainer'],
          [gitHubId(3), 'member'],
        ]),
      ),
      team('x'),
    ]);
    expect(before.teams).toEqual([team('platform'), team('x')]);
  });

  test('collaborators, where they were asked about', () => {
    const account = (id: number, login: string) => ({ id: gitHubId(id), login });
    const before = { ...listing('acme'), collaborators: [account(1, 'ann'), account(2, 'bob')] };
    const answer = (id: number, login: string | undefined, here: boolean) => ({
      ...lookup(id, login, { acme: undefined }),
      collaborates: new Map([[before.id, here ? (true as const) : absent]]),
    });
    const lookups = [answer(1, 'ann', false), answer(3, 'cat', true), answer(4, undefined, true)];
    const [after] = applyLookups([before], byId(...lookups));
    expect(after?.collaborators).toEqual([account(2, 'bob'), account(3, 'cat')]);
    const unread = { ...before, collaborators: undefined };
    expect(applyLookups([unread], byId(...lookups))[0]?.collaborators).toBeUndefined();
  });

  test('a person listed twice counts once, never with two roles', () => {
    const twice = [listing('acme', member(1, 'ann', 'admin'), member(1, 'ann'))];
    const [acme] = applyLookups(
      twice,
      new Map([[member(1, 'ann').id, lookup(1, 'ann', { acme: 'member' })]]),
    );
    expect(new Set(acme?.members.map(({ role }) => role))).toEqual(new Set(['member']));
  });

  test('the listings are not modified', () => {
    const before = structuredClone(LISTINGS);
    applied(LISTINGS, lookup(1, 'x', { acme: undefined, labs: 'admin' }));
    expect(LISTINGS).toEqual(before);
  });
});

describe('a second lookup in the plan', () => {
  const users = [ours(1, 'ann', { grants: ['default/admin'] })];
  const lost = [listing('acme', member(2, 'bob'))];
  const bob = 'bob joining: created +default/member';

  test.each<[name: string, role: OrgRole | undefined, expected: readonly string[]]>([
    ['still an owner: nothing is taken', 'admin', [bob]],
    ['a member now: demoted', 'member', ['ann demoted: +default/member -default/admin', bob]],
    ['really gone: deleted', undefined, ['ann leaving: deleted', bob]],
  ])('%s', (_name, role, expected) => {
    const answer = lookup(1, 'ann', { acme: role });
    expect(outline(planFor({ listings: applyLookups(lost, new Map([[answer.id, answer]])), users }))).toEqual(
      expected,
    );
  });
});

describe('a listing that shows the person where the lookup found nobody', () => {
  const inTeam: CompleteListing = {
    ...listing('acme', member(1, 'ann'), member(2, 'bob')),
    teams: [{ ref: 'platform', asked: 'name', members: new Map([[gitHubId(1), 'member']]) }],
  };
  const outside: CompleteListing = {
    ...listing('acme'),
    collaborators: [{ id: gitHubId(1), login: 'ann' }],
  };
  const notInTeam = (id: number): ClearLookup => ({
    ...lookup(id, 'x', { acme: 'member' }),
    teams: new Map([[inTeam.id, new Map([['platform', absent]])]]),
  });
  const noCollaborator = (role: OrgRole | undefined): ClearLookup => ({
    ...lookup(1, 'ann', { acme: role }),
    collaborates: new Map([[outside.id, absent]]),
  });

  test.each<[string, boolean, ClearLookup, CompleteListing]>([
    ['a member', true, lookup(1, 'ann', { acme: undefined }), inTeam],
    ['a member who is found', false, lookup(1, 'ann', { acme: 'member' }), inTeam],
    ['a stranger', false, lookup(3, 'cat', { acme: undefined }), inTeam],
    ['a member of another organization', false, lookup(1, 'ann', { labs: undefined }), inTeam],
    ['in the team', true, notInTeam(1), inTeam],
    ['not in the team', false, notInTeam(2), inTeam],
    ['a collaborator', true, noCollaborator(undefined), outside],
    ['a collaborator who is a member by now', false, noCollaborator('member'), outside],
  ])('%s: %s', (_, expected, one, listed) => {
    expect(isStillListed(one, [listed])).toBe(expected);
  });
});
