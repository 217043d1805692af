import fc from 'fast-check';
import type { UserKey } from '../../src/model/identity.ts';
import type { CompleteListing, OrgRole, TeamRole } from '../../src/model/member.ts';
import { defaultRules, type Rule } from '../../src/model/rule.ts';
import type { Attributes, Json, PermitUser, UserSettings } from '../../src/model/user.ts';
import type { PlanInput } from '../../src/plan/make-plan.ts';
import {
  allow,
  deny,
  gitHubId,
  listing,
  type MarkOptions,
  marked,
  member,
  ORG_IDS,
  type OrgName,
  planInput,
  stillListed,
  user,
} from '../support/builders.ts';

/** How many worlds a property is held against; more of them on request, `PROPERTY_RUNS=10000 npx vitest run test/property`. */
export const RUNS = { numRuns: Number(process.env.PROPERTY_RUNS ?? 100) };

/** Whose a user is, as the world made it: what the properties hold the plan against. */
export type Whose = 'ours' | 'unmarked' | 'released' | 'other tool' | 'other owner' | 'bad mark';

export type World = { readonly input: PlanInput; readonly whose: ReadonlyMap<UserKey, Whose> };

const ORGS = Object.keys(ORG_IDS) as OrgName[];
/** One for each of the people 1 to 9; few, and some of them equal but for their case, so that they collide. */
const LOGINS = ['ann', 'bob', 'cat', 'dan', 'ci-bot', 'Ann', 'BOB', 'eve', 'fay'] as const;
const TEMPLATES = ['{login}', '{login}@github', '{id}', 'github|{id}'] as const;

const RULES: readonly Rule[] = [
  ...defaultRules('default'),
  ...defaultRules('{org}'),
  allow('github:acme:role:*', 'x', { resource: 'repo:1' }),
  allow('github:labs:*', 'insider', { also: ['github:acme:role:*'] }),
  allow('github:*:role:*', 'insider', { unless: ['github:labs:role:*'] }),
  allow(['github:*:user:ann', 'github:*:user:b*'], ['admin', 'extra']),
  deny('github:*:user:*-bot', '*', { tenant: '*' }),
  deny('github:labs:role:admin', 'admin'),
  deny('github:*:user:bob', 'member', { tenant: '{org}' }),
  deny('github:acme:*', 'in*', { tenant: '*', unless: ['github:research:role:*'] }),
  deny('github:*:role:*', 'auditor', { also: ['github:*:user:c*'] }),
  allow('github:acme:team:platform:*', 'x', { resource: 'repo:1' }),
  allow('github:labs:team:#42:maintainer', ['extra', 'admin']),
  allow('github:*:role:*', 'extra', { also: ['github:acme:team:platform:*'] }),
  allow('github:acme:role:*', 'outsider', { unless: ['github:acme:team:contractors:*'] }),
  allow('github:*:collaborator', 'guest', { tenant: '{org}' }),
  deny('github:acme:team:contractors:*', ['member', 'insider'], { also: ['github:*:role:member'] }),
  deny('github:acme:collaborator', '*', { tenant: 'default', unless: ['github:acme:team:platform:member'] }),
];

const GRANTS = [
  'default/admin',
  'default/member',
  'default/insider',
  'default/extra',
  'default/x@repo:1',
  'acme/admin',
  'acme/member',
  'labs/member',
  'acme/guest',
  'default/outsider',
  'default/auditor',
  'prod/admin',
  'prod/owner@repo:9',
];

const oftenOr = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const login = (slot: number): fc.Arbitrary<string> =>
  oftenOr<string>(LOGINS[slot] ?? '', fc.constantFrom(...LOGINS));

const role: fc.Arbitrary<OrgRole | undefined> = fc.constantFrom(
  undefined,
  undefined,
  'admin',
  'member',
  'member',
);

type Person = {
  readonly login: string;
  /** The name in an org that was listed after the person was renamed. */
  readonly renamedIn: OrgName | undefined;
  readonly roles: { readonly [org in OrgName]: OrgRole | undefined };
  /** By `org/team`. Whoever is in a team without being in its org counts for nothing. */
  readonly teams: { readonly [team in TeamName]: TeamRole | undefined };
  /** Of acme, unless a member of it. */
  readonly collaborates: boolean;
};

const TEAMS = ['acme/platform', 'acme/contractors', 'labs/#42'] as const;
type TeamName = (typeof TEAMS)[number];

const teamRole: fc.Arbitrary<TeamRole | undefined> = fc.constantFrom(
  undefined,
  undefined,
  'member',
  'maintainer',
);

const person = (slot: number): fc.Arbitrary<Person> =>
  fc.record({
    login: login(slot),
    renamedIn: fc.oneof(
      { weight: 15, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...ORGS) },
    ),
    roles: fc.record({ acme: role, labs: role, research: role }),
    teams: fc.record({ 'acme/platform': teamRole, 'acme/contractors': teamRole, 'labs/#42': teamRole }),
    collaborates: oftenOr(false, fc.constant(true)),
  });

const foreignAttributes: fc.Arbitrary<Attributes> = fc
  .array(
    fc.tuple(fc.constantFrom('team', 'email', '__proto__', 'github_name'), fc.jsonValue({ maxDepth: 1 })),
    { maxLength: 2 },
  )
  .map((entries) => Object.fromEntries(entries as [string, Json][]));

type RawUser = {
  readonly slot: number;
  readonly whose: Whose;
  /** The login that the key is made of; undefined for the one that the person has. */
  readonly login: string | undefined;
  readonly mark: Required<Pick<MarkOptions, 'orgs' | 'origin'>>;
  readonly flaw: Attributes;
  readonly foreign: Attributes;
  readonly grants: readonly string[];
  /** An interrupted move to another login's key, and what is already there. */
  readonly halfMoved: { readonly login: string; readonly grants: readonly string[] } | undefined;
};

const rawUser: fc.Arbitrary<RawUser> = fc.record({
  slot: fc.nat(LOGINS.length - 1),
  whose: oftenOr<Whose>(
    'ours',
    fc.constantFrom('unmarked', 'released', 'other tool', 'other owner', 'bad mark'),
  ),
  login: oftenOr<string | undefined>(undefined, fc.constantFrom(...LOGINS, 'svc')),
  mark: fc.record({
    orgs: oftenOr<readonly OrgName[]>(['acme'], fc.subarray(ORGS)),
    origin: oftenOr('created', fc.constant('adopted')),
  }),
  flaw: fc.constantFrom<Attributes>(
    { github_id: 'x' },
    { github_orgs: 1 },
    { managed_origin: null },
    { managed_by: 'gh-permit-sync:', github_login: 'x' },
    { managed_by: 'gh-permit-sync:other', github_login: 0 },
  ),
  foreign: foreignAttributes,
  grants: fc.oneof(
    { weight: 2, arbitrary: fc.subarray(GRANTS.slice(0, 4), { maxLength: 2 }) },
    { weight: 1, arbitrary: fc.subarray(GRANTS, { maxLength: 5 }) },
  ),
  halfMoved: fc.option(
    fc.record({ login: fc.constantFrom(...LOGINS), grants: fc.subarray(GRANTS, { maxLength: 2 }) }),
    { nil: undefined, freq: 8 },
  ),
});

function attributesOf({ slot, whose, mark, flaw, foreign }: RawUser, name: string): Attributes {
  const id = slot + 1;
  const whole = marked(id, name, mark);
  switch (whose) {
    case 'ours':
      return { ...foreign, ...whole };
    case 'unmarked':
      return foreign;
    case 'released':
      return { ...foreign, github_id: id };
    case 'other tool':
      return { ...foreign, ...whole, managed_by: 'terraform' };
    case 'other owner':
      return { ...foreign, ...marked(id, name, { ...mark, owner: 'other' }) };
    case 'bad mark':
      return { ...foreign, ...whole, ...flaw };
    default:
      return whose satisfies never;
  }
}

const rules: fc.Arbitrary<readonly Rule[]> = fc.oneof(
  fc.constant(defaultRules('default')),
  fc.constant(defaultRules('{org}')),
  fc.shuffledSubarray([...RULES], { minLength: 1 }),
);

export type WorldOptions = {
  /** Every organization was listed, and nobody was renamed in the meantime. */
  readonly whole?: boolean;
  /** Some people were cut off in the middle of a move. */
  readonly halfMoved?: boolean;
};

/** Everything that a plan is made of: three organizations, nine people, and users of every kind. */
export function worlds({ whole = false, halfMoved = false }: WorldOptions = {}): fc.Arbitrary<World> {
  return fc
    .record({
      people: fc.tuple(...LOGINS.map((_, slot) => person(slot))),
      listed: whole ? fc.constant(ORGS) : oftenOr(ORGS, fc.subarray(ORGS, { minLength: 1 })),
      users: fc.array(rawUser, { maxLength: 12 }),
      rules,
      settings: fc.record({
        key: oftenOr<string>('{login}', fc.constantFrom(...TEMPLATES)),
        onLeave: oftenOr<UserSettings['onLeave']>('delete', fc.constant('unassign')),
        adopt: oftenOr<UserSettings['adopt']>('none', fc.constantFrom('plain', 'all')),
        protect: oftenOr<readonly string[]>([], fc.subarray(['svc*', 'B*', '*3'])),
      }),
      manages: oftenOr<readonly string[]>([], fc.subarray(['prod/*', '*/auditor', 'labs/member'])),
      mode: whole ? fc.constant('sync' as const) : oftenOr('sync', fc.constant('upsert-only' as const)),
      unconfirmed: whole ? fc.constant([]) : oftenOr<readonly number[]>([], fc.subarray([1, 2, 3, 4, 5])),
      logins: whole
        ? fc.constant(undefined)
        : oftenOr<readonly string[] | undefined>(undefined, fc.subarray([...LOGINS])),
    })
    .map(({ people, listed, users, rules, unconfirmed, logins, settings, ...rest }) => {
      const whose = new Map<UserKey, Whose>();
      const held: PermitUser[] = [];
      for (const raw of users) {
        const name = raw.login ?? people[raw.slot]?.login ?? '';
        const key = settings.key.replace('{login}', name).replace('{id}', String(raw.slot + 1));
        const one = user(key, { attributes: attributesOf(raw, name), grants: raw.grants });
        if (whose.has(one.key)) continue;
        whose.set(one.key, raw.whose);
        held.push(one);
        const begun = halfMoved ? halfMovedTo(raw, key, settings.key) : undefined;
        if (begun === undefined || whose.has(begun.key)) continue;
        whose.set(begun.key, 'ours');
        held.push(begun);
      }
      const input = planInput({
        ...rest,
        listings: listed.map((org) => listingOf(org, people, whole)),
        users: held,
        rules,
        configuredOrgs: ORGS,
        userSettings: settings,
        unconfirmed: stillListed(...unconfirmed),
        ...(logins === undefined ? {} : { logins }),
      });
      return { input, whose };
    });
}

/** The user that someone was about to move to. A user that returns after a release counts as adopted from then on. */
function halfMovedTo(
  { halfMoved, whose, slot, mark, foreign }: RawUser,
  from: string,
  template: string,
): PermitUser | undefined {
  if (halfMoved === undefined || (whose !== 'ours' && whose !== 'released')) return undefined;
  const { login: name, grants } = halfMoved;
  const key = template.replace('{login}', name).replace('{id}', String(slot + 1));
  const origin = whose === 'ours' ? mark.origin : 'adopted';
  const attributes = {
    ...foreign,
    ...marked(slot + 1, name, { ...mark, origin }),
    managed_move: { from, email: null },
  };
  return key === from ? undefined : user(key, { attributes, grants });
}

function listingOf(org: OrgName, people: readonly Person[], whole: boolean): CompleteListing {
  const members = people.flatMap(({ login: name, renamedIn, roles }, slot) => {
    const now = roles[org];
    const shown = !whole && renamedIn === org ? `${name}-2` : name;
    return now === undefined ? [] : [member(slot + 1, shown, now)];
  });
  const teams = TEAMS.filter((team) => team.startsWith(`${org}/`)).map((team) => ({
    ref: team.slice(org.length + 1),
    asked: 'name' as const,
    members: new Map(
      people.flatMap(({ teams: { [team]: now } }, slot) =>
        now === undefined ? [] : [[gitHubId(slot + 1), now] as const],
      ),
    ),
  }));
  const collaborators = people.flatMap(({ login: name, roles, collaborates }, slot) =>
    collaborates && roles.acme === undefined ? [{ id: gitHubId(slot + 1), login: name }] : [],
  );
  return { ...listing(org, ...members), teams, collaborators: org === 'acme' ? collaborators : [] };
}

/** What of a listing could not be read: the answers are missing, and the listing says so. */
export const withUnread = (input: PlanInput): fc.Arbitrary<PlanInput> =>
  fc.record({ teams: fc.subarray([...TEAMS]), collaborators: fc.boolean() }).map((lost) => ({
    ...input,
    listings: input.listings.map((one) => {
      const refs = lost.teams.flatMap((team) => {
        const [org, ref = ''] = team.split('/');
        return org === one.org ? [ref] : [];
      });
      const collaborators = lost.collaborators && one.org === 'acme' ? undefined : one.collaborators;
      return {
        ...one,
        teams: one.teams.filter(({ ref }) => !refs.includes(ref)),
        collaborators,
        unread: [
          ...refs.map((ref) => ({ what: { kind: 'team' as const, ref }, message: '' })),
          ...(collaborators === undefined ? [{ what: { kind: 'collaborators' as const }, message: '' }] : []),
        ],
      };
    }),
  }));

/** The listings as pages may show them that shifted while they were read: with people missing, or in another role. */
export const shifted = (input: PlanInput): fc.Arbitrary<PlanInput> =>
  fc
    .tuple(
      ...input.listings.map((one) =>
        fc
          .record({
            members: fc.subarray([...one.members]),
            promoted: fc.boolean(),
            teams: fc.tuple(...one.teams.map(({ members }) => fc.subarray([...members]))),
            collaborators: fc.subarray([...(one.collaborators ?? [])]),
          })
          .map(({ members, promoted, teams, collaborators }) => ({
            ...one,
            members: members.map((now) => (promoted ? { ...now, role: 'admin' as const } : now)),
            teams: one.teams.map((team, i) => ({ ...team, members: new Map(teams[i]) })),
            collaborators,
          })),
      ),
    )
    .map((listings) => ({ ...input, listings }));

/** Rules, and one more of the given effect, put in at any place. */
export const withOneMore = (
  effect: Rule['effect'],
): fc.Arbitrary<{ readonly fewer: readonly Rule[]; readonly more: readonly Rule[] }> =>
  fc
    .tuple(
      fc.shuffledSubarray([...RULES], { minLength: 1 }),
      fc.constantFrom(...RULES.filter((one) => one.effect === effect)),
      fc.nat(RULES.length),
    )
    .map(([fewer, added, at]) => ({ fewer, more: fewer.toSpliced(at, 0, added) }));

/** The same in another order: whatever a server or a page may put first. */
export const reordered = (input: PlanInput): fc.Arbitrary<PlanInput> => {
  const anyOrder = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
  return fc
    .record({
      listings: fc
        .tuple(...input.listings.map((one) => anyOrder(one.members).map((members) => ({ ...one, members }))))
        .chain(anyOrder),
      users: fc
        .tuple(...input.users.map((one) => anyOrder(one.grants).map((grants) => ({ ...one, grants }))))
        .chain(anyOrder),
    })
    .map((changed) => ({ ...input, ...changed }));
};
