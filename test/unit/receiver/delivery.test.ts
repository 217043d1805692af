import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  judgeDelivery,
  type NeedsOf,
  outlinePayload,
  parseDeliveryId,
} from '../../../src/receiver/delivery.ts';
import { MIRRORED } from './support.ts';

type Examples = readonly {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}[];

const repositoryIn = (payload: Record<string, unknown>) =>
  (payload.repository as { id: number } | undefined)?.id;

/** GitHub's own example payloads, of github.com and of its server product. */
const examples = ['api.github.com', 'ghes-31', 'ghes-35'].flatMap((place) => {
  const file = new URL(
    `../../../node_modules/@octokit/webhooks-examples/${place}/index.json`,
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, 'utf8')) as Examples).flatMap(({ name, examples }) =>
    examples.map((payload) => ({ place, event: name, action: payload.action, payload })),
  );
});

const AT = '2026-01-02T03:04:05.000Z';
const judge = (event: string, payload: unknown, orgs: readonly string[] = ['acme'], needsOf?: NeedsOf) =>
  judgeDelivery({ id: 'one', event, payload, at: AT }, orgs, needsOf);

const organization = { login: 'acme', id: 100 };
const user = { login: 'ann', id: 7 };
const team = { id: 42, slug: 'platform' };
const repository = { id: 77, name: 'payments-api', owner: { ...organization, type: 'Organization' } };

describe("GitHub's own examples", () => {
  const QUEUED = new Set([
    ...['organization member_added', 'organization member_removed', 'organization renamed'],
    ...['organization deleted', 'membership added', 'membership removed'],
    ...[
      'team created',
      'team deleted',
      'team edited',
      'team added_to_repository',
      'team removed_from_repository',
    ],
  ]);

  test('there are enough of them, of every kind', () => {
    expect(examples.length).toBeGreaterThan(300);
    const seen = new Set(examples.map(({ event, action }) => `${event} ${action}`));
    // GitHub has no example of it.
    expect([...QUEUED].filter((one) => !seen.has(one))).toEqual(['organization deleted']);
    expect(seen).toContain('ping undefined');
  });

  test('those that change who is a member are queued, all others ignored, none is invalid', () => {
    const wrong = examples
      .map(({ event, action, payload, place }) => ({
        what: `${place} ${event} ${action}`,
        expected: QUEUED.has(`${event} ${action}`) ? 'queue' : 'ignored',
        // Examples of GitHub's server product are about another organization.
        got: judge(event, payload, [
          'octocoders',
          String((payload.organization as { login?: string } | undefined)?.login),
        ]).kind,
      }))
      .filter(({ expected, got }) => expected !== got);
    expect(wrong).toEqual([]);
  });

  test('where repositories are mirrored, those that change who has access to one are queued too', () => {
    const more = examples.filter(
      ({ event, payload }) => ['member', 'repository'].includes(event) && payload.organization !== undefined,
    );
    const verdicts = more.map(({ event, action, payload }) => {
      const verdict = judge(event, payload, ['octocoders'], MIRRORED);
      const about =
        verdict.kind === 'queue' &&
        verdict.entries.map((entry) => entry.repository === repositoryIn(payload));
      return `${event} ${action}: ${about || verdict.kind}`;
    });
    expect([...new Set(verdicts)].sort()).toEqual([
      'repository created: true',
      'repository deleted: true',
      'repository edited: ignored',
      'repository privatized: true',
      'repository publicized: true',
      'repository renamed: true',
      'repository transferred: true',
    ]);
  });

  test('of an organization that is not configured, all are ignored', () => {
    expect(new Set(examples.map(({ event, payload }) => judge(event, payload, ['acme']).kind))).toEqual(
      new Set(['ignored']),
    );
  });

  test('the entry holds the ids of the example', () => {
    const added = examples.find(({ event, action }) => `${event} ${action}` === 'organization member_added');
    expect(judge('organization', added?.payload, ['OCTOCODERS'])).toEqual({
      kind: 'queue',
      entries: [
        {
          delivery: 'one',
          event: 'organization',
          action: 'member_added',
          org: 'Octocoders',
          orgId: 38302899,
          login: 'hacktocat',
          id: 39652351,
          team: undefined,
          repository: undefined,
          at: AT,
        },
      ],
    });
  });
});

describe('what an entry says', () => {
  const nobody = { login: undefined, id: undefined, team: undefined, repository: undefined };
  const cases = [
    ['organization', { action: 'member_removed', membership: { user } }, { ...nobody, ...user }],
    ['organization', { action: 'deleted' }, nobody],
    ['organization', { action: 'renamed', changes: { login: { from: 'old' } } }, nobody],
    ['membership', { action: 'removed', member: user, team }, { ...nobody, ...user, team: 42 }],
    ['membership', { action: 'added', member: user, team: { id: '42' } }, { ...nobody, ...user }],
    ['membership', { action: 'added', member: { id: 7 }, team }, { ...nobody, id: 7, team: 42 }],
    ['team', { action: 'edited', team }, { ...nobody, team: 42 }],
    ['team', { action: 'created', team, repository }, { ...nobody, team: 42 }],
    ['team', { action: 'added_to_repository', team, repository }, { ...nobody, team: 42, repository: 77 }],
    [
      'team',
      { action: 'removed_from_repository', team, repository },
      { ...nobody, team: 42, repository: 77 },
    ],
    // GitHub's schema does not promise the repository.
    ['team', { action: 'added_to_repository', team }, { ...nobody, team: 42 }],
    [
      'team',
      {
        action: 'edited',
        team,
        repository,
        changes: { repository: { permissions: { from: { pull: true } } } },
      },
      { ...nobody, team: 42, repository: 77 },
    ],
    [
      'team',
      { action: 'edited', team, repository, changes: { repository: {}, name: { from: 'Ops' } } },
      { ...nobody, team: 42 },
    ],
    ['member', { action: 'added', member: user, repository }, { ...nobody, ...user, repository: 77 }],
    [
      'member',
      { action: 'edited', member: user, repository, changes: { permission: { from: 'write', to: 'admin' } } },
      { ...nobody, ...user, repository: 77 },
    ],
    ['member', { action: 'removed', member: user, repository: { id: 0 } }, { ...nobody, ...user }],
    ...(['created', 'deleted', 'archived', 'unarchived', 'renamed', 'publicized', 'privatized'] as const).map(
      (action) => ['repository', { action, repository }, { ...nobody, repository: 77 }] as const,
    ),
  ] as const;
  test.each(cases)('%s %j', (event, payload, subject) => {
    const verdict = judge(event, { ...payload, organization }, ['acme'], MIRRORED);
    const about = { delivery: 'one', event, action: payload.action, org: 'acme', orgId: 100, at: AT };
    expect(verdict).toEqual({ kind: 'queue', entries: [{ ...about, ...subject }] });
  });
});

describe('the organization', () => {
  const kindFor = (login: unknown, orgs: readonly string[]) =>
    judge('organization', { action: 'deleted', organization: { login, id: 100 } }, orgs).kind;

  test('is compared without regard to case', () => {
    expect(kindFor('ACME', ['acme'])).toBe('queue');
    expect(kindFor('acme', ['Acme'])).toBe('queue');
    expect(kindFor('acme-labs', ['acme'])).toBe('ignored');
  });

  test.each([
    ['the new name', ['new'], 'new'],
    ['the old name', ['OLD'], 'old'],
    ['both', ['old', 'new'], 'new'],
  ])('that was renamed is known by %s, and named so', (_, orgs, named) => {
    const payload = {
      action: 'renamed',
      changes: { login: { from: 'old' } },
      organization: { login: 'new', id: 100 },
    };
    expect(judge('organization', payload, orgs)).toMatchObject({ kind: 'queue', entries: [{ org: named }] });
    expect(judge('organization', payload, ['other']).kind).toBe('ignored');
    // Any other event says nothing about a former name.
    const edited = { ...payload, action: 'edited', team };
    expect(judge('team', edited, ['old']).kind).toBe('ignored');
  });

  test('an invalid id is left out', () => {
    const payload = { action: 'deleted', organization: { login: 'acme', id: '100' } };
    expect(judge('organization', payload)).toMatchObject({ entries: [{ orgId: undefined }] });
  });
});

describe('invalid', () => {
  const added = { action: 'member_added', membership: { user }, organization };
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['nothing', 'organization', null],
    ['a list', 'team', []],
    ['a text', 'membership', 'member_added'],
    ['no action', 'organization', { ...added, action: undefined }],
    ['an action that is a number', 'organization', { ...added, action: 1 }],
    ['no membership', 'organization', { ...added, membership: undefined }],
    ['no user', 'organization', { ...added, membership: {} }],
    ['no id', 'organization', { ...added, membership: { user: { login: 'ann' } } }],
    ...[0, -1, 1.5, 2 ** 53, '7', true, [7], {}, null].map(
      (id) =>
        [
          `the id ${JSON.stringify(id)}`,
          'organization',
          { ...added, membership: { user: { login: 'ann', id } } },
        ] as const,
    ),
    ['no organization', 'organization', { ...added, organization: undefined }],
    ['an organization without a name', 'organization', { ...added, organization: { id: 100 } }],
    ['an organization with an empty name', 'organization', { ...added, organization: { login: '' } }],
    [
      'an organization with a name without end',
      'organization',
      { ...added, organization: { login: 'a'.repeat(101) } },
    ],
    [
      'an organization that acts on a terminal',
      'organization',
      { ...added, organization: { login: 'acme\u001b[2J' } },
    ],
    ['no member', 'membership', { action: 'added', team, organization }],
    ['no team', 'team', { action: 'created', organization }],
    ['a team without id', 'team', { action: 'created', team: { slug: 'platform' }, organization }],
    ['no repository', 'repository', { action: 'created', organization }],
    ['a repository without id', 'repository', { action: 'renamed', repository: { id: '77' }, organization }],
    ['an organization that is none', 'repository', { action: 'created', repository, organization: {} }],
  ];
  test.each(cases)('%s', (_, event, payload) => {
    expect(judge(event, payload).kind).toBe('invalid');
  });

  test('so is a subject that is missing in another organization', () => {
    expect(judge('organization', { action: 'member_added', organization }, ['other']).kind).toBe('invalid');
  });
});

test.each([
  ['organization', 'member_invited'],
  ['organization', 'constructor'],
  ['membership', 'edited'],
  ['team', 'renamed'],
  ['repository', 'edited'],
  ['ping', undefined],
  ['push', 'member_added'],
  ['constructor', 'member_added'],
])('%s %s is ignored, whatever else it holds', (event, action) => {
  expect(judge(event, { action, organization }).kind).toBe('ignored');
});

test('an impossible login is left out, the id is kept', () => {
  for (const login of ['ann\u202e', '../ann', 'a b', 'a'.repeat(101), '', 5, null]) {
    const payload = { action: 'member_added', membership: { user: { login, id: 7 } }, organization };
    expect(judge('organization', payload)).toMatchObject({ entries: [{ login: undefined, id: 7 }] });
  }
});

test.each([
  ['72d3162e-cc78-11e3-81ab-4c9367dc0958', true],
  [undefined, false],
  ['', false],
  ['a'.repeat(65), false],
  ['a b', false],
  ['a, b', false],
  ['ä', false],
])('the delivery id %s is one: %s', (header, is) => {
  expect(parseDeliveryId(header)).toBe(is ? header : undefined);
});

test('any JSON gets a verdict, and an entry holds only what was proven', () => {
  const anything = fc.jsonValue({ maxDepth: 4 });
  const shaped = fc.record(
    {
      action: fc.oneof(
        fc.constantFrom('member_added', 'added', 'edited', 'renamed', 'transferred'),
        anything,
      ),
      membership: fc.oneof(fc.record({ user: fc.record({ id: anything, login: anything }) }), anything),
      member: fc.oneof(fc.record({ id: anything, login: anything }), anything),
      team: fc.oneof(fc.record({ id: anything }), anything),
      repository: fc.oneof(fc.record({ id: anything, owner: anything }), anything),
      changes: fc.oneof(fc.record({ owner: fc.record({ from: anything }) }), anything),
      organization: fc.oneof(fc.constant(organization), anything),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.constantFrom('organization', 'membership', 'team', 'member', 'repository', 'ping', '__proto__'),
      fc.oneof(anything, shaped),
      (event, payload) => {
        outlinePayload(payload);
        const verdict = judge(event, payload, ['acme'], MIRRORED);
        if (verdict.kind !== 'queue') return;
        const { id, team: teamId, repository: repositoryId, login } = verdict.entries[0];
        for (const one of [id, teamId, repositoryId])
          expect(one === undefined || (Number.isSafeInteger(one) && one > 0)).toBe(true);
        expect(login === undefined || login.length <= 100).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

describe('a person that is null', () => {
  test.each([
    ['organization', { action: 'member_added', membership: { user: null } }],
    ['organization', { action: 'member_removed', membership: null }],
    ['membership', { action: 'added', member: null, team }],
    ['membership', { action: 'removed', member: null, team: null }],
    ['member', { action: 'added', member: null }],
  ])('%s %j is ignored', (event, payload) => {
    expect(judge(event, { ...payload, organization })).toMatchObject({ kind: 'ignored' });
  });
});

describe('a transferred repository', () => {
  const labs = { login: 'Labs', id: 200 };
  const person = { user: { ...user, type: 'User' } };
  const to = (owner: object, type = 'Organization') => ({ ...repository, owner: { ...owner, type } });
  const transferred = (from: object, more: object) => ({
    ...{ action: 'transferred', changes: { owner: { from } }, ...more },
  });
  const toLabs = { repository: to(labs) };
  const fromAcme = { organization };
  test.each<[string, object, readonly string[], readonly string[]]>([
    [
      'both',
      transferred(fromAcme, { ...toLabs, organization: labs }),
      ['acme', 'labs'],
      ['Labs 200', 'acme 100'],
    ],
    [
      'both, by either',
      transferred(fromAcme, { ...toLabs, organization }),
      ['labs', 'acme'],
      ['acme 100', 'Labs 200'],
    ],
    [
      'the one that is configured',
      transferred(fromAcme, { ...toLabs, organization: labs }),
      ['ACME'],
      ['acme 100'],
    ],
    ['the one that gains it', transferred(fromAcme, { ...toLabs, organization }), ['labs'], ['Labs 200']],
    ['neither', transferred(fromAcme, { ...toLabs, organization }), ['other'], []],
    [
      'the one that gains it from a person',
      transferred(person, { ...toLabs }),
      ['acme', 'labs'],
      ['Labs 200'],
    ],
    [
      'the one that loses it to a person',
      transferred(fromAcme, { repository: to(user, 'User') }),
      ['acme', 'ann'],
      ['acme 100'],
    ],
    [
      'nobody of ours',
      transferred(person, { repository: to({ login: 'ben', id: 8 }, 'User') }),
      ['acme', 'ben'],
      [],
    ],
  ])('is told to %s', (_, payload, orgs, told) => {
    const verdict = judge('repository', payload, orgs, MIRRORED);
    const entries = verdict.kind === 'queue' ? verdict.entries : [];
    expect(entries.map(({ org, orgId }) => `${org} ${orgId}`)).toEqual(told);
    expect(entries.every((entry) => entry.repository === 77)).toBe(true);
    if (told.length === 0) expect(verdict.kind).toBe('ignored');
  });

  test('is not told to an organization whose repositories are not mirrored', () => {
    const payload = transferred(fromAcme, { ...toLabs, organization: labs });
    const verdict = judge('repository', payload, ['acme', 'labs'], (org) =>
      org === 'acme' ? MIRRORED(org) : { teams: [], collaborators: false, orgRoles: [] },
    );
    expect(verdict).toMatchObject({ kind: 'queue', entries: [{ org: 'acme' }] });
  });
});

describe('where the rules are known', () => {
  const judgeWith = (teams: readonly string[], event: string, payload: object, collaborators = false) =>
    judge(event, { organization, ...payload }, ['acme'], () => ({ teams, collaborators, orgRoles: [] })).kind;
  const chess = { id: 5, slug: 'chess', name: 'Chess' };

  test.each<[string, string, object]>([
    ['created', 'team', { action: 'created', team: chess }],
    ['created without a parent', 'team', { action: 'created', team: { ...chess, parent: null } }],
    ['deleted', 'team', { action: 'deleted', team: chess }],
    ['renamed', 'team', { action: 'edited', team: chess, changes: { name: { from: 'Draughts' } } }],
    ['given a repository', 'team', { action: 'added_to_repository', team: chess }],
    ['joined', 'membership', { action: 'added', member: user, team: chess }],
    ['left', 'membership', { action: 'removed', member: user, team: chess }],
  ])('a team that no rule can match is ignored: %s', (_, event, payload) => {
    for (const teams of [[], ['platform'], ['#42', 'platform', 'sec-*', 'ent:*']])
      expect(judgeWith(teams, event, payload)).toBe('ignored');
    for (const teams of [['chess'], ['CHESS'], ['#5'], ['ch*'], ['*'], ['platform', '*s']])
      expect(judgeWith(teams, event, payload)).toBe('queue');
    expect(judge(event, { organization, ...payload }, ['acme'], MIRRORED).kind).toBe('queue');
  });

  test.each<[string, object]>([
    ['it had a name that a rule names', { action: 'edited', changes: { name: { from: 'Platform' } } }],
    ['it may have left its parent', { action: 'edited', changes: {} }],
    [
      'its members are members of another team too',
      { action: 'deleted', team: { ...chess, parent: { id: 1 } } },
    ],
    ['its slug is not told', { action: 'deleted', team: { id: 5, name: 'Chess' } }],
  ])('a team that a rule may match: %s', (_, payload) => {
    expect(judgeWith(['platform'], 'team', { team: chess, ...payload })).toBe('queue');
  });

  test('a collaborator matters if a rule needs collaborators', () => {
    const payload = { action: 'added', member: user };
    expect(judgeWith([], 'member', payload, true)).toBe('queue');
    expect(judgeWith([], 'member', payload)).toBe('ignored');
    expect(judge('member', { ...payload, organization }).kind).toBe('ignored');
  });

  test('a repository matters where repositories are mirrored, and nowhere else', () => {
    const payload = { action: 'renamed', repository };
    expect(judgeWith(['*'], 'repository', payload, true)).toBe('ignored');
    expect(judge('repository', { ...payload, organization }).kind).toBe('ignored');
    expect(judge('repository', payload, ['acme'], MIRRORED).kind).toBe('ignored');
  });
});
