import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/model/change.ts';
import type { PersonPlan } from '../../../src/model/plan.ts';
import { type AuditEvent, auditEventOf, auditLine } from '../../../src/report/audit.ts';
import { gitHubId, grant, marked, userKey } from '../../support/builders.ts';

const MARK = marked(7, 'ann');
const because = { user: userKey('ann'), reason: 'because' };
const create: Change = { kind: 'createUser', ...because, mark: MARK };
const remove: Change = { kind: 'deleteUser', ...because, last: MARK };
const update = (from: object, to: object): Change => ({ kind: 'updateUser', ...because, from, to });
const assign: Change = { kind: 'assignRole', ...because, grant: grant('default/member') };
const unassign: Change = { kind: 'unassignRole', ...because, grant: grant('prod/owner@repository:api') };
const released = { github_id: 7 };
const move = { from: userKey('ann'), cause: 'rename' } as const;

type Person = Pick<PersonPlan, 'movement' | 'move'>;

describe('what a change means', () => {
  test.each<[string, Change, Person, AuditEvent]>([
    ['a joiner is created', create, { movement: 'joining' }, 'member.added'],
    ['a joiner gets the first grants', assign, { movement: 'joining' }, 'member.added'],
    ['a joiner loses one that stood there before', unassign, { movement: 'joining' }, 'member.changed'],
    ['a user is adopted', update({}, MARK), { movement: 'joining' }, 'member.added'],
    [
      'a user is adopted who holds everything already',
      update({}, MARK),
      { movement: 'changed' },
      'member.added',
    ],
    ['someone is back', update(released, MARK), { movement: 'joining' }, 'member.added'],
    ['a leaver is deleted', remove, { movement: 'leaving' }, 'member.removed'],
    ['a leaver loses the last grants', unassign, { movement: 'leaving' }, 'member.removed'],
    ['a leaver is released', update(MARK, released), { movement: 'leaving' }, 'member.removed'],
    ['a user without grants is deleted', remove, { movement: 'changed' }, 'member.removed'],
    ['a user without grants is released', update(MARK, released), { movement: 'changed' }, 'member.removed'],
    ['a mark changes', update(MARK, marked(7, 'Ann')), { movement: 'changed' }, 'member.changed'],
    ["a leaver's mark changes", update(MARK, marked(7, 'Ann')), { movement: 'leaving' }, 'member.changed'],
    ['a promotion gives', assign, { movement: 'promoted' }, 'member.changed'],
    ['a promotion takes', unassign, { movement: 'promoted' }, 'member.changed'],
    ['a demotion gives', assign, { movement: 'demoted' }, 'member.changed'],
    ['a demotion takes', unassign, { movement: 'demoted' }, 'member.changed'],
    ['a further grant', assign, { movement: 'changed' }, 'member.changed'],
    [
      'a move creates',
      { ...create, from: userKey('was') } as Change,
      { movement: 'moved', move },
      'member.changed',
    ],
    ['a move deletes', remove, { movement: 'moved', move }, 'member.changed'],
    ['a move assigns', assign, { movement: 'moved', move }, 'member.changed'],
    ['a move unassigns', unassign, { movement: 'moved', move }, 'member.changed'],
  ])('%s', (_, change, person, event) => {
    expect(auditEventOf(change, person)).toBe(event);
  });
});

const person: PersonPlan = {
  id: gitHubId(7),
  login: 'ann',
  user: userKey('ann'),
  movement: 'changed',
  changes: [],
};
const facts = { time: '2026-01-02T03:04:05.000Z', fingerprint: 'sha256:abc' };
const line = (change: Change, whose = person) => JSON.parse(auditLine(change, whose, facts));

test('a line has everything, in a fixed order', () => {
  expect(auditLine(assign, person, facts)).toBe(
    '{"time":"2026-01-02T03:04:05.000Z","event":"member.changed","user":"ann","login":"ann","githubId":7,' +
      '"change":"assignRole","before":null,"after":{"role":"member","tenant":"default"},"reason":"because",' +
      '"fingerprint":"sha256:abc"}\n',
  );
});

test.each<[string, Change, unknown, unknown]>([
  ['createUser', create, null, MARK],
  ['updateUser', update({}, MARK), {}, MARK],
  ['deleteUser', remove, MARK, null],
  ['assignRole', assign, null, { role: 'member', tenant: 'default' }],
  ['unassignRole', unassign, { role: 'owner', tenant: 'prod', resource: 'repository:api' }, null],
])('before and after of %s', (_, change, before, after) => {
  expect(line(change)).toMatchObject({ before, after });
});

test('only our attributes, and no email', () => {
  const mark = { ...MARK, seat: 3, managed_move: { from: 'was', email: 'a@example.com' } };
  expect(line(update(mark, MARK)).before).toEqual({ ...MARK, managed_move: { from: 'was' } });
});

test('text from outside stays on its line and has no effect', () => {
  const login = 'a\nb\u2028c\u001b[31m\u202Ed##[error]';
  const text = auditLine({ ...assign, reason: login }, { ...person, login }, facts);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  expect(text.slice(0, -1)).not.toMatch(/[\n\u2028\u001b\u202e]|##\[/);
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toMatchObject({ login, reason: login });
});
