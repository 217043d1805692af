import { describe, expect, test } from 'vitest';
import type { CompleteListing, Look, OrgRole, Team, TeamRole } from '../../../src/model/member.ts';
import { amend } from '../../../src/plan/amend.ts';
import { gitHubId, listing, look, member, ours, outline, planFor } from '../../support/builders.ts';

const amended = (listings: readonly CompleteListing[], ...looks: readonly Look[]): readonly string[] =>
  amend(listings, byId(...looks)).map(
    ({ org, members }) =>
      `${org}: ${members.map(({ id, login, role }) => `${id} ${login} ${role}`).join(', ')}`,
  );

const byId = (...looks: readonly Look[]) => new Map(looks.map((one) => [one.id, one]));

const LISTINGS = [
  listing('acme', member(1, 'ann', 'admin'), member(2, 'bob')),
  listing('labs', member(2, 'bob', 'admin')),
];

describe('what GitHub answered about one person outweighs the listing', () => {
  test.each<{ name: string; looks: readonly Look[]; expected: readonly string[] }>([
    {
      name: 'no look: the listings',
      looks: [],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'the same: the listings',
      looks: [look(2, 'bob', { acme: 'member', labs: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'skipped by a page that shifted: is there',
      looks: [look(3, 'cat', { acme: 'member', labs: undefined })],
      expected: ['acme: 1 ann admin, 2 bob member, 3 cat member', 'labs: 2 bob admin'],
    },
    {
      name: 'gone since',
      looks: [look(2, 'bob', { acme: undefined, labs: 'admin' })],
      expected: ['acme: 1 ann admin', 'labs: 2 bob admin'],
    },
    {
      name: 'promoted since',
      looks: [look(2, 'bob', { acme: 'admin', labs: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob admin', 'labs: 2 bob admin'],
    },
    {
      name: 'renamed since, everywhere',
      looks: [look(2, 'bobby', { acme: 'member', labs: 'member' })],
      expected: ['acme: 1 ann admin, 2 bobby member', 'labs: 2 bobby member'],
    },
    {
      name: 'no account any more: nowhere',
      looks: [look(2, undefined, { acme: undefined, labs: undefined })],
      expected: ['acme: 1 ann admin', 'labs: '],
    },
    {
      name: 'no account any more: nowhere, whatever an org still says',
      looks: [look(2, undefined, { acme: 'member' })],
      expected: ['acme: 1 ann admin', 'labs: '],
    },
    {
      name: 'an org that did not answer: as it was listed, under the name of today',
      looks: [look(2, 'bobby', { acme: undefined })],
      expected: ['acme: 1 ann admin', 'labs: 2 bobby admin'],
    },
    {
      name: 'an org that did not answer, and did not list: not there',
      looks: [look(1, 'ann', { acme: 'admin' })],
      expected: ['acme: 1 ann admin, 2 bob member', 'labs: 2 bob admin'],
    },
    {
      name: 'several people',
      looks: [
        look(1, 'ann', { acme: undefined, labs: 'member' }),
        look(3, 'cat', { acme: 'member', labs: 'member' }),
      ],
      expected: ['acme: 2 bob member, 3 cat member', 'labs: 2 bob admin, 1 ann member, 3 cat member'],
    },
  ])('$name', ({ looks, expected }) => {
    expect(amended(LISTINGS, ...looks)).toEqual(expected);
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
      ...look(id, 'x', { acme: 'member' }),
      teams: new Map([[before.id, new Map([['platform', role]])]]),
    });
    const [after] = amend([before], byId(answer(1, undefined), answer(2, 'maintainer'), answer(3, 'member')));
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
      ...look(id, login, { acme: undefined }),
      collaborates: new Map([[before.id, here]]),
    });
    const looks = [answer(1, 'ann', false), answer(3, 'cat', true), answer(4, undefined, true)];
    const [after] = amend([before], byId(...looks));
    expect(after?.collaborators).toEqual([account(2, 'bob'), account(3, 'cat')]);
    const unread = { ...before, collaborators: undefined };
    expect(amend([unread], byId(...looks))[0]?.collaborators).toBeUndefined();
  });

  test('who stands in one listing twice is there once more, never with two roles', () => {
    const twice = [listing('acme', member(1, 'ann', 'admin'), member(1, 'ann'))];
    const [acme] = amend(twice, new Map([[member(1, 'ann').id, look(1, 'ann', { acme: 'member' })]]));
    expect(new Set(acme?.members.map(({ role }) => role))).toEqual(new Set(['member']));
  });

  test('the listings stay as they are', () => {
    const before = structuredClone(LISTINGS);
    amended(LISTINGS, look(1, 'x', { acme: undefined, labs: 'admin' }));
    expect(LISTINGS).toEqual(before);
  });
});

describe('a second look in the plan', () => {
  const users = [ours(1, 'ann', { grants: ['default/admin'] })];
  const lost = [listing('acme', member(2, 'bob'))];
  const bob = 'bob joining: created +default/member';

  test.each<[name: string, role: OrgRole | undefined, expected: readonly string[]]>([
    ['still an owner: nothing is taken', 'admin', [bob]],
    ['a member now: demoted', 'member', ['ann demoted: +default/member -default/admin', bob]],
    ['really gone: deleted', undefined, ['ann leaving: deleted', bob]],
  ])('%s', (_name, role, expected) => {
    const answer = look(1, 'ann', { acme: role });
    expect(outline(planFor({ listings: amend(lost, new Map([[answer.id, answer]])), users }))).toEqual(
      expected,
    );
  });
});
