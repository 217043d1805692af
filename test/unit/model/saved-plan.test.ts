import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CHANGE_KINDS, type Change } from '../../../src/model/change.ts';
import {
  configDifferences,
  configDigest,
  type Hash,
  parseSavedPlan,
  planDifferences,
  planDocument,
  planScope,
  type SavedPlan,
  savePlan,
} from '../../../src/model/saved-plan.ts';
import { canonicalJson } from '../../../src/model/text/canonical-json.ts';
import type { Attributes } from '../../../src/model/user.ts';
import { renderSavedPlan } from '../../../src/report/saved-plan.ts';
import { grant, listing, marked, member, ours, planFor, user, userKey } from '../../support/builders.ts';

const hash: Hash = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const CREATED = '2026-01-02T03:04:05.000Z';

/** Somebody joins, leaves, is promoted, is released, and changes the login's case. */
const world = () => ({
  listings: [
    listing('acme', member(1, 'ann', 'admin'), member(2, 'bob'), member(3, 'cat', 'admin'), member(4, 'Dan')),
  ],
  users: [
    ours(1, 'ann', { grants: ['default/admin'] }),
    ours(3, 'cat', { grants: ['default/member'], attributes: { seat: 'window', token: 'tok-3' } }),
    ours(4, 'dan', { grants: ['default/member'], login: 'dan', attributes: { seat: 'aisle' } }),
    ours(5, 'eve', { grants: ['default/member'], attributes: { diary: 'private' } }),
    ours(6, 'fox', { grants: ['default/member', 'default/billing'], origin: 'adopted' }),
    user('svc', { grants: ['default/admin'], attributes: { secret: 'ours' } }),
  ],
});

const saved = (given = world(), facts: Partial<SavedPlan> = {}): SavedPlan =>
  savePlan(
    planFor(given),
    {
      createdAt: CREATED,
      verdict: 'pass',
      scope: planScope(['acme'], undefined, 'sync', 'none'),
      config: configDigest({ grants: ['a'], limits: { removals: 1 } }, hash),
      ...facts,
    },
    hash,
    (text) => text,
  );

const reread = (text: string) => parseSavedPlan(JSON.parse(text), hash);

describe('canonical JSON', () => {
  test.each<[string, unknown, unknown, boolean]>([
    ['the order of keys says nothing', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    ['what is undefined is not there', { a: 1, b: undefined }, { a: 1 }, true],
    ['the order of a list says something', [1, 2], [2, 1], false],
    ['the order of a set says nothing', new Set(['a', 'b']), new Set(['b', 'a']), true],
    ['what a set holds says something', new Set(['a']), new Set(['b']), false],
    ['a key that is called __proto__ counts', JSON.parse('{"__proto__": 1}'), {}, false],
  ])('%s', (_, a, b, same) => {
    expect(canonicalJson(a) === canonicalJson(b)).toBe(same);
  });
});

describe('a saved plan', () => {
  test('comes back as it was, through its text', () => {
    const plan = saved();
    expect(new Set(plan.changes.map(({ kind }) => kind))).toEqual(new Set(CHANGE_KINDS));
    expect(reread(renderSavedPlan(plan))).toEqual(plan);
    const empty = saved({ listings: [listing('acme')], users: [] });
    expect(reread(renderSavedPlan(empty))).toEqual(empty);
  });

  test('equal inputs give equal bytes, but for the time, which the fingerprint leaves out', () => {
    const shuffled = { listings: world().listings, users: world().users.toReversed() };
    expect(renderSavedPlan(saved(shuffled))).toBe(renderSavedPlan(saved()));
    const later = saved(world(), { createdAt: '2027-01-01T00:00:00.000Z' });
    expect(later.fingerprint).toBe(saved().fingerprint);
    expect(renderSavedPlan(later).replace('2027-01-01T00:00:00.000Z', CREATED)).toBe(
      renderSavedPlan(saved()),
    );
  });

  test('holds only mark attributes and managed grants', () => {
    const text = renderSavedPlan(saved());
    for (const foreign of [
      'seat',
      'window',
      'aisle',
      'tok-3',
      'diary',
      'private',
      'billing',
      'svc',
      'secret',
    ]) {
      expect(text).not.toContain(foreign);
    }
    expect(text).toContain('"github_id"');
  });

  test('holds no email of somebody who moves', () => {
    const move = { from: 'old', email: 'ann@example.com' };
    const mark: Attributes = { ...marked(1, 'new'), managed_move: move, nickname: 'n' };
    const changes: readonly Change[] = [
      { kind: 'createUser', user: userKey('new'), from: userKey('old'), mark, reason: 'renamed' },
      { kind: 'updateUser', user: userKey('new'), from: mark, to: marked(1, 'new'), reason: 'renamed' },
      { kind: 'deleteUser', user: userKey('old'), last: marked(1, 'old'), reason: 'renamed' },
    ];
    const people = [{ id: 1, login: 'new', user: userKey('new'), movement: 'moved', changes }];
    const text = renderSavedPlan(
      savePlan(
        { ...planFor({}), people } as never,
        { ...saved(), scope: planScope(['acme'], ['NEW', 'old', 'new'], 'sync', 'all') },
        hash,
        (text) => text,
      ),
    );
    expect(text).not.toMatch(/example\.com|email|nickname/);
    expect(reread(text)).toMatchObject({
      scope: { users: ['new', 'old'], adopt: 'all' },
      changes: [{ from: 'old', mark: { managed_move: { from: 'old' } } }, {}, {}],
    });
  });

  test('one change is one line, and invisible characters are escaped', () => {
    const text = renderSavedPlan(
      saved({
        listings: [listing('acme', member(1, 'ann', 'admin'), member(2, 'b\u202Eo\u0007b##[x]'))],
        users: [],
      }),
    );
    expect(text.split('\n').filter((line) => line.startsWith('    {"kind":'))).toHaveLength(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|##\[/);
  });
});

type Document = Record<string, unknown> & { changes: Record<string, unknown>[] };

describe('an incomplete plan is recognized', () => {
  const document = (): Document => JSON.parse(renderSavedPlan(saved()));
  const flawOf = (given: unknown): string => {
    const read = parseSavedPlan(given, hash);
    return 'flaw' in read ? read.flaw : 'a plan';
  };
  const find = (plan: Document, kind: string) => plan.changes.find((change) => change.kind === kind) ?? {};

  test.each<[string, unknown, RegExp]>([
    ['a number', 7, /not a plan/],
    ['null', null, /not a plan/],
    ['a list', [], /not a plan/],
    ['another document', { version: 1, command: 'reconcile' }, /not a plan/],
    ['another version', { ...document(), version: 2 }, /another version/],
    ['no changes', { ...document(), changes: undefined }, /damaged/],
    ['no command', { ...document(), command: null }, /damaged/],
    ['no digest', { ...document(), configDigest: undefined }, /damaged/],
    ['a verdict that is none', { ...document(), verdict: 'fine' }, /damaged/],
    ['other people', { ...document(), command: { ...saved().scope, users: ['eve'] } }, /changed after/],
    ['another config', { ...document(), config: { grants: hash('b') } }, /changed after/],
    ['another digest', { ...document(), configDigest: hash('b') }, /changed after/],
    ['another fingerprint', { ...document(), fingerprint: hash('b') }, /changed after/],
    ['a change less', { ...document(), changes: document().changes.slice(1) }, /changed after/],
  ])('%s', (_, given, flaw) => {
    expect(flawOf(given)).toMatch(flaw);
  });

  test.each<[string, string, (change: Record<string, unknown>) => unknown, RegExp]>([
    ['a kind of change that is none', 'createUser', (one) => Object.assign(one, { kind: 'burn' }), /damaged/],
    ['a field too many', 'createUser', (one) => Object.assign(one, { also: 1 }), /damaged/],
    ['a field too few', 'assignRole', (one) => delete one.tenant, /damaged/],
    ['a foreign attribute', 'createUser', (one) => Object.assign(one.mark ?? {}, { seat: 1 }), /damaged/],
    ['another role', 'assignRole', (one) => Object.assign(one, { role: 'owner' }), /changed after/],
    ['another reason', 'deleteUser', (one) => Object.assign(one, { reason: 'fine' }), /changed after/],
  ])('%s', (_, kind, change, flaw) => {
    const plan = document();
    change(find(plan, kind));
    expect(flawOf(plan)).toMatch(flaw);
  });

  test('the time and the verdict are only for the reader', () => {
    expect(parseSavedPlan({ ...document(), createdAt: 'then', verdict: 'refused' }, hash)).toMatchObject({
      verdict: 'refused',
      fingerprint: saved().fingerprint,
    });
  });
});

describe('differences', () => {
  const assign = (who: string, what: string, reason = 'because'): Change => ({
    kind: 'assignRole',
    user: userKey(who),
    grant: grant(what),
    reason,
  });
  const create = (who: string, login = who): Change => ({
    kind: 'createUser',
    user: userKey(who),
    mark: marked(1, login),
    reason: 'because',
  });
  test.each<[string, readonly Change[], readonly Change[], readonly string[]]>([
    ['none', [create('a'), assign('a', 't/r')], [assign('a', 't/r'), create('a')], []],
    ['somebody joined between', [], [create('b'), assign('b', 't/r')], ['only now b', 'only now b']],
    ['somebody else was first', [assign('a', 't/r')], [], ['only saved a']],
    ['another role', [assign('a', 't/r')], [assign('a', 't/s')], ['only saved a', 'only now a']],
    ['another instance', [assign('a', 't/r@x:1')], [assign('a', 't/r')], ['only now a', 'only saved a']],
    ['another reason', [assign('a', 't/r')], [assign('a', 't/r', 'hence')], ['altered a']],
    ['another mark', [create('a')], [create('a', 'A')], ['altered a']],
  ])('%s', (_, before, now, expected) => {
    expect(
      planDifferences({ changes: before }, { changes: now }).map(
        ({ kind, change }) => `${kind} ${'user' in change ? change.user : change.target}`,
      ),
    ).toEqual(expected);
  });

  test("settings are named, and their values can't be read from the digest", () => {
    const digest = configDigest({ grants: ['deployer'], limits: 1, owner: 'x' }, hash);
    expect(JSON.stringify(digest)).not.toContain('deployer');
    expect(
      configDifferences(digest, configDigest({ owner: 'x', limits: 1, grants: ['deployer'] }, hash)),
    ).toEqual([]);
    expect(
      configDifferences(digest, configDigest({ grants: [], limits: 1, users: 1, owner: 'x' }, hash)),
    ).toEqual(['grants', 'users']);
  });
});

test('the document says what it is, and for whom', () => {
  expect(planDocument(saved())).toMatchObject({
    kind: 'gh-permit-sync plan',
    version: 1,
    createdAt: CREATED,
    command: { orgs: ['acme'], mode: 'sync', adopt: 'none' },
  });
});
