import { describe, expect, test } from 'vitest';
import type { Identity, IdentityReading } from '../../../src/model/corporate-identity.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { explain } from '../../../src/plan/explain.ts';
import { judge } from '../../../src/plan/judge.ts';
import { losers, makePlan, type PlanInput } from '../../../src/plan/make-plan.ts';
import {
  gitHubId,
  keeps,
  listing,
  member,
  ours,
  outline,
  planInput,
  skips,
  user,
  userSettings,
} from '../../support/builders.ts';

const MEMBER = ['default/member'];
const everyone = [listing('acme', member(1, 'ann'), member(2, 'bob'))];
const SAML = userSettings({ key: '{saml.nameId}' });

const identity = (id: number, login: string, ...nameIds: readonly string[]): Identity => ({
  id: gitHubId(id),
  login,
  source: 'SAML of acme',
  names: { 'saml.nameId': nameIds },
});
const reading = (...identities: readonly Identity[]): IdentityReading => ({ identities, flaw: undefined });

type Case = Partial<PlanInput> & {
  readonly name: string;
  readonly expected?: readonly string[];
  readonly skipped?: readonly string[];
  readonly kept?: readonly string[];
};

const plan = (input: Partial<PlanInput>) =>
  makePlan(planInput({ listings: everyone, userSettings: SAML, ...input }));

const ANN = ours(1, 'ann@x', { login: 'ann', grants: MEMBER });
const BOB = ours(2, 'bob@x', { login: 'bob', grants: MEMBER });
const BOTH = { users: [ANN, BOB] };
const B = identity(2, 'bob', 'bob@x');

describe('identities as user keys', () => {
  test.each<Case>([
    {
      name: 'new people get the key of their identity',
      identities: reading(identity(1, 'ann', 'ann@x'), B),
      expected: ['ann@x joining: created +default/member', 'bob@x joining: created +default/member'],
    },
    {
      name: 'the same identity in another case moves nobody',
      ...BOTH,
      identities: reading(identity(1, 'ann', 'Ann@X'), B),
    },
    {
      name: 'a new person without one waits, a managed one stays',
      users: [ANN],
      identities: reading(),
      skipped: ['NO_IDENTITY bob'],
      kept: ['NO_IDENTITY ann@x'],
    },
    {
      name: 'two values for one person count as none',
      ...BOTH,
      identities: reading(identity(1, 'ann', 'ann@x', 'ann@y'), B),
      kept: ['NO_IDENTITY ann@x'],
    },
    {
      name: 'if two people share one, neither is newly given it',
      users: [ANN],
      identities: reading(identity(1, 'ann', 'new@x'), identity(2, 'bob', 'NEW@x')),
      skipped: ['NO_IDENTITY bob'],
      kept: ['NO_IDENTITY ann@x'],
    },
    {
      name: 'someone outside the organization counts for that too',
      identities: reading(identity(1, 'ann', 'new@x'), identity(9, 'zoe', 'new@x'), B),
      expected: ['bob@x joining: created +default/member'],
      skipped: ['NO_IDENTITY ann'],
    },
    {
      name: 'a person without an identity still loses what no rule gives',
      users: [ours(1, 'ann@x', { login: 'ann', grants: ['default/admin', 'default/member'] }), BOB],
      identities: reading(B),
      expected: ['ann@x demoted: -default/admin'],
      kept: ['NO_IDENTITY ann@x'],
    },
    {
      name: 'a leaver without one leaves',
      listings: [listing('acme', member(2, 'bob'))],
      ...BOTH,
      identities: reading(B),
      expected: ['ann@x leaving: deleted'],
    },
    {
      name: 'after a partial read nobody moves, and new people wait',
      users: [ANN],
      identities: { identities: [identity(1, 'ann', 'new@x'), B], flaw: 'the list did not come whole' },
      skipped: ['NO_IDENTITY bob'],
      kept: ['NO_IDENTITY '],
    },
    {
      name: 'characters that Permit refuses are never rewritten',
      users: [ANN],
      identities: reading(identity(1, 'ann', 'ann o’x'), identity(2, 'bob', 'bob/x')),
      skipped: ['PERMIT_REFUSED ann@x', 'PERMIT_REFUSED bob'],
    },
    {
      name: 'an identity counts as taken if its former holder shows none, and nobody loses anything',
      listings: [listing('acme', member(1, 'ann'), member(3, 'zoe'))],
      users: [ANN],
      identities: reading(identity(3, 'zoe', 'ann@x')),
      skipped: ['KEY_TAKEN ann@x'],
      kept: ['NO_IDENTITY ann@x'],
    },
    {
      name: 'an identity goes to a new person in the same run in which its holder moves on',
      listings: [listing('acme', member(1, 'ann'), member(3, 'zoe'))],
      users: [ANN],
      identities: reading(identity(1, 'ann', 'new@x'), identity(3, 'zoe', 'ann@x')),
      expected: [
        'ann@x joining: created +default/member',
        'new@x moved: ann@x deleted, created from ann@x marked() +default/member',
      ],
    },
    {
      name: 'a holder who cannot move keeps every grant, even though the identity is now another person’s',
      listings: [listing('acme', member(1, 'ann'), member(3, 'zoe'))],
      users: [ANN, user('svc@x')],
      identities: reading(identity(1, 'ann', 'svc@x'), identity(3, 'zoe', 'ann@x')),
      skipped: ['KEY_TAKEN ann@x', 'KEY_TAKEN ann@x'],
    },
    {
      name: 'an unmarked user under the key is someone else’s until it is adopted',
      users: [user('ann@x'), BOB],
      identities: reading(identity(1, 'ann', 'ann@x'), B),
      skipped: ['KEY_TAKEN ann@x'],
    },
  ])('$name', ({ name: _, expected = [], skipped = [], kept = [], ...input }) => {
    const made = plan(input);
    expect(outline(made)).toEqual(expected);
    expect(skips(made)).toEqual(skipped);
    expect(keeps(made)).toEqual(kept);
  });

  test('a key that someone else still has is not called a login', () => {
    const made = plan({
      listings: [listing('acme', member(1, 'ann'), member(3, 'zoe'))],
      users: [ANN, user('svc@x')],
      identities: reading(identity(1, 'ann', 'svc@x'), identity(3, 'zoe', 'ann@x')),
    });
    expect(made.skipped.find(({ id }) => id === gitHubId(3))?.message).toBe(
      'zoe (GitHub id 3) is not synced: the user ann@x already belongs to GitHub id 1',
    );
  });

  test('a changed identity is a move that counts against the limit, and needs no lookup', () => {
    const made = plan({
      ...BOTH,
      identities: reading(identity(1, 'ann', 'new@x'), identity(2, 'bob', 'other@x')),
    });
    expect(made.people.map(({ move }) => move)).toEqual([
      { from: 'ann@x', cause: 'identity' },
      { from: 'bob@x', cause: 'identity' },
    ]);
    expect(losers(made)).toEqual([]);
    const limits = { ...DEFAULT_LIMITS, moves: [{ kind: 'count' as const, people: 1 }] };
    expect(judge(made, limits, {}).violations).toMatchObject([{ limit: 'moves', allowed: 1, planned: 2 }]);
  });
});

describe('a map of people', () => {
  const mapped = (...rows: readonly (readonly [string, string])[]) =>
    userSettings({ key: '{map}', map: rows.map(([person, key]) => ({ person, key })) });

  test.each<Case>([
    {
      name: 'rows by login and by id',
      userSettings: mapped(['ann', 'a@x'], ['2', 'b@x']),
      expected: ['a@x joining: created +default/member', 'b@x joining: created +default/member'],
    },
    {
      name: 'a person who is in it by both is ambiguous',
      userSettings: mapped(['ann', 'a@x'], ['1', 'a@y'], ['2', 'b@x']),
      expected: ['b@x joining: created +default/member'],
      skipped: ['NO_IDENTITY ann'],
    },
    {
      name: 'a removed row moves nobody, and one about a stranger is reported',
      users: [ANN, BOB],
      userSettings: mapped(['2', 'bob@x'], ['zoe', 'z@x']),
      kept: ['NO_IDENTITY ann@x', 'MAP_UNKNOWN zoe'],
    },
    {
      name: 'a narrowed run knows only the people it is about',
      users: [ANN, BOB],
      userSettings: mapped(['1', 'ann@x'], ['2', 'bob@x'], ['zoe', 'z@x']),
      logins: ['ann'],
    },
  ])('$name', ({ name: _, expected = [], skipped = [], kept = [], ...input }) => {
    const made = plan(input);
    expect(outline(made)).toEqual(expected);
    expect(skips(made)).toEqual(skipped);
    expect(keeps(made)).toEqual(kept);
  });
});

describe('a first run with existing users', () => {
  const withEmail = (key: string, email: string) => ({ ...user(key), profile: { email } });

  test.each([
    [
      'under their identity',
      user('ann@mail'),
      { people: 1, adoptable: { template: '{saml.email}', plain: 1, all: 0 } },
    ],
    ['with their email', withEmail('okta|7', 'ANN@mail'), { people: 1, adoptable: undefined }],
    ['with the email of someone else', withEmail('okta|7', 'zoe@mail'), undefined],
  ])('an unmarked user %s counts as theirs', (_, existing, expected) => {
    const names = { 'saml.nameId': ['ann@x'], 'saml.email': ['ann@mail'] };
    const made = plan({ users: [existing], identities: reading({ ...identity(1, 'ann'), names }, B) });
    expect(made.existing).toEqual(expected);
  });

  test.each([
    ['under an email', [user('ann@mail')], ['ann@mail']],
    ['with an email', [withEmail('okta|7', 'ann@mail')], ['okta|7']],
    ['with neither', [user('okta|7')], []],
    ['under a login', [withEmail('ann', 'ann@mail')], []],
    ['with an email, beside a user of ours', [withEmail('okta|7', 'ann@mail'), ANN], []],
  ])('where no identities are read, users %s that may be members are noted', (_, users, expected) => {
    const { notes } = plan({ users, identities: undefined, userSettings: { ...SAML, key: '{id}' } });
    expect(notes.filter(({ code }) => code === 'EXISTING_USER').flatMap((note) => note.users)).toEqual(
      expected,
    );
  });
});

test('explain shows an identity with its source, or why there is none', () => {
  const input = planInput({
    listings: everyone,
    users: [ANN],
    userSettings: SAML,
    identities: reading(identity(1, 'ann', 'ann@x'), identity(2, 'bob', 'b@x', 'b@y')),
  });
  expect(explain(input, 'ann').identity).toEqual({
    values: [{ name: 'saml.nameId', value: 'ann@x', source: 'SAML of acme' }],
    why: undefined,
  });
  expect(explain(input, 'bob')).toMatchObject({
    identity: { values: [{ value: 'b@x' }, { value: 'b@y' }], why: 'GitHub shows more than one SAML NameID' },
    drift: { skipped: [{ code: 'NO_IDENTITY' }] },
  });
});
