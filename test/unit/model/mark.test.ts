import { describe, expect, test } from 'vitest';
import {
  markAttributesOf,
  markKeysThatDiffer,
  mergeMark,
  readMark,
  writeMark,
} from '../../../src/model/mark.ts';
import type { Attributes, Json } from '../../../src/model/user.ts';
import { marked, ORG_IDS } from '../../support/builders.ts';

const WHOLE = marked(7, 'ann', { orgs: ['acme', 'labs'], owner: 'acme-identity' });

describe('a whole mark', () => {
  test('holds the id, the login, the organizations and the owner', () => {
    expect(readMark(WHOLE)).toEqual({
      kind: 'valid',
      mark: {
        id: 7,
        login: 'ann',
        orgs: [ORG_IDS.acme, ORG_IDS.labs],
        owner: 'acme-identity',
        origin: 'created',
      },
    });
  });

  test.each<{ name: string; attributes: Attributes; expected: object }>([
    {
      name: 'an adopted user',
      attributes: { ...WHOLE, managed_origin: 'adopted' },
      expected: { origin: 'adopted' },
    },
    {
      name: 'orgs in any order come ascending',
      attributes: { ...WHOLE, github_orgs: [300, 100, 200] },
      expected: { orgs: [100, 200, 300] },
    },
    { name: 'no org at all', attributes: { ...WHOLE, github_orgs: [] }, expected: { orgs: [] } },
    {
      name: 'an owner with a colon',
      attributes: { ...WHOLE, managed_by: 'gh-permit-sync:a:b' },
      expected: { owner: 'a:b' },
    },
    {
      name: 'attributes of others beside it',
      attributes: { ...WHOLE, team: 'x', email: null },
      expected: { id: 7 },
    },
  ])('$name', ({ attributes, expected }) => {
    expect(readMark(attributes)).toMatchObject({ kind: 'valid', mark: expected });
  });

  test('is read as it was written', () => {
    const reading = readMark(WHOLE);
    if (reading.kind !== 'valid') throw new Error('no mark');
    expect(writeMark(reading.mark)).toEqual(WHOLE);
  });
});

describe('not our mark', () => {
  test.each<{ name: string; attributes: Attributes; id?: number }>([
    { name: 'nothing', attributes: {} },
    { name: 'managed by another tool', attributes: { ...WHOLE, managed_by: 'terraform' }, id: 7 },
    { name: 'managed_by in another case', attributes: { ...WHOLE, managed_by: 'GH-PERMIT-SYNC:x' }, id: 7 },
    { name: 'managed_by is not text', attributes: { ...WHOLE, managed_by: 1 }, id: 7 },
    { name: 'released: only the id is left', attributes: { github_id: 7, team: 'x' }, id: 7 },
    { name: 'an id as text is not an id', attributes: { github_id: '7' } },
    { name: 'an id of 0 is not an id', attributes: { github_id: 0 } },
    { name: 'a complete mark except for managed_by', attributes: { ...WHOLE, managed_by: null }, id: 7 },
  ])('$name', ({ attributes, id }) => {
    expect(readMark(attributes)).toEqual({ kind: 'none', id });
  });
});

describe('a bad mark: managed_by is ours, the rest is not valid', () => {
  const without = (key: string): Attributes => {
    const { [key]: _, ...rest } = WHOLE;
    return rest;
  };
  const bad = (key: string, value: Json): Attributes => ({ ...WHOLE, [key]: value });

  test.each<{ name: string; attributes: Attributes; flaw: RegExp }>([
    { name: 'no owner', attributes: bad('managed_by', 'gh-permit-sync:'), flaw: /owner/ },
    { name: 'no id', attributes: without('github_id'), flaw: /github_id/ },
    { name: 'an id as text', attributes: bad('github_id', '7'), flaw: /github_id/ },
    { name: 'an id of 0', attributes: bad('github_id', 0), flaw: /github_id/ },
    { name: 'a negative id', attributes: bad('github_id', -7), flaw: /github_id/ },
    { name: 'a fractional id', attributes: bad('github_id', 7.5), flaw: /github_id/ },
    { name: 'an id past the safe integers', attributes: bad('github_id', 2 ** 53), flaw: /github_id/ },
    { name: 'no login', attributes: without('github_login'), flaw: /github_login/ },
    { name: 'an empty login', attributes: bad('github_login', ''), flaw: /github_login/ },
    { name: 'a login that is not text', attributes: bad('github_login', 7), flaw: /github_login/ },
    { name: 'no orgs', attributes: without('github_orgs'), flaw: /github_orgs/ },
    { name: 'one org, not in a list', attributes: bad('github_orgs', 100), flaw: /github_orgs/ },
    { name: 'an org by its name', attributes: bad('github_orgs', [100, 'acme']), flaw: /github_orgs/ },
    { name: 'no origin', attributes: without('managed_origin'), flaw: /managed_origin/ },
    { name: 'another origin', attributes: bad('managed_origin', 'Created'), flaw: /managed_origin/ },
  ])('$name', ({ attributes, flaw }) => {
    expect(readMark(attributes)).toEqual({ kind: 'bad', flaw: expect.stringMatching(flaw) });
  });
});

describe('attributes of others', () => {
  const FOREIGN: Attributes = { zeta: [1, { a: null }], github_name: 'Ann', alpha: '' };

  test('stay as they are, in their order, when a mark is put on', () => {
    const merged = mergeMark(FOREIGN, writeMarkOf(WHOLE));
    expect(JSON.stringify(merged)).toBe(JSON.stringify({ ...FOREIGN, ...WHOLE }));
  });

  test('stay when the mark is removed, except for what is kept', () => {
    expect(mergeMark({ ...FOREIGN, ...WHOLE }, { github_id: 7 })).toEqual({ ...FOREIGN, github_id: 7 });
  });

  test('stay even under the name __proto__, as JSON may hold it', () => {
    const hostile = JSON.parse('{"__proto__": {"managed_by": "gh-permit-sync:x"}, "team": 1}');
    expect(JSON.stringify(mergeMark(hostile, {}))).toBe(JSON.stringify(hostile));
  });

  test('are no part of ours', () => {
    expect(markAttributesOf({ ...FOREIGN, github_id: 'x', managed_by: null })).toEqual({
      github_id: 'x',
      managed_by: null,
    });
  });

  const writeMarkOf = (attributes: Attributes) => markAttributesOf(attributes);
});

test.each<{ name: string; a: Attributes; b: Attributes; differ: readonly string[] }>([
  { name: 'equal', a: WHOLE, b: { ...WHOLE }, differ: [] },
  { name: 'foreign attributes count for nothing', a: { team: 1 }, b: {}, differ: [] },
  { name: 'a login', a: WHOLE, b: { ...WHOLE, github_login: 'Ann' }, differ: ['github_login'] },
  {
    name: 'orgs in another order',
    a: { github_orgs: [1, 2] },
    b: { github_orgs: [2, 1] },
    differ: ['github_orgs'],
  },
  { name: 'absent is not null', a: {}, b: { github_id: null }, differ: ['github_id'] },
  { name: '7 is not "7"', a: { github_id: 7 }, b: { github_id: '7' }, differ: ['github_id'] },
])('what differs: $name', ({ a, b, differ }) => {
  expect(markKeysThatDiffer(markAttributesOf(a), markAttributesOf(b))).toEqual(differ);
});
