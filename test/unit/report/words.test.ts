import { expect, test } from 'vitest';
import { displayWidth, hang, wrap, wrapSpans } from '../../../src/report/columns.ts';
import { clip, code, codeBlock, prose } from '../../../src/report/markdown-text.ts';
import { duration } from '../../../src/report/words.ts';

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1_000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [119_600, '2 min 0 s'],
  [3_599_600, '1 h 0 min'],
  [7_260_000, '2 h 1 min'],
])('%d ms reads %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test.each([
  ['plain', '`plain`'],
  ['a`b', '``a`b``'],
  ['`', '`` ` ``'],
  ['``a', '``` ``a ```'],
  [' \n ', ''],
])('code(%j)', (text, expected) => {
  expect(code(text)).toBe(expected);
});

test.each([
  ['the user kees, (who left) is not ours.', 'the user kees, (who left) is not ours.'],
  ['ask @octocat, or see #12', 'ask `@octocat`, or see `#12`'],
  ['read https://evil.example/.', 'read `https://evil.example/`.'],
  ['since deadbeef and effaced', 'since `deadbeef` and `effaced`'],
  ['GH-1 a_b *c* 1234567', '`GH-1` `a_b` `*c*` `1234567`'],
  ['12,345 users for 45s', '12,345 users for 45s'],
])('prose(%j)', (text, expected) => {
  expect(prose(text)).toBe(expected);
});

test('a block of code ends only where it should', () => {
  expect(codeBlock('a\n```\nb')).toBe('````\na\n```\nb\n````');
});

test('clipping never splits a surrogate pair', () => {
  expect(clip('😀😀', 3)).toBe('😀…');
  expect(clip('😀😀', 4)).toBe('😀😀');
  expect(clip('a😀b', 3)).toBe('a…');
});

test('wrapping never begins a line with ::', () => {
  expect(wrap('a sentence of some words ::error::here and on', 26)).toEqual([
    'a sentence of some',
    'words ::error::here and on',
  ]);
});

test('spans are broken between words, each with its own marks, and a number keeps its unit', () => {
  const spans = [
    { text: 'Plan:', strong: true },
    { text: ' 3 users to create, 3 roles to assign.' },
    { text: ' 4 members, 87 ms.', tone: 'faint' },
  ] as const;
  expect(wrapSpans(spans, undefined)).toEqual([spans]);
  expect(wrapSpans(spans, 80)).toEqual([spans]);
  expect(wrapSpans(spans, 30)).toEqual([
    [{ text: 'Plan:', strong: true }, { text: ' 3 users to create, 3' }],
    [{ text: 'roles to assign.' }, { text: ' 4 members,', tone: 'faint' }],
    [{ text: '87 ms.', tone: 'faint' }],
  ]);
});

test.each([
  ['octocat', 7],
  ['山田太郎', 8],
  ['ｶﾀｶﾅ', 4],
  ['한글', 4],
  ['🦊fox', 5],
  ['e\u0301', 1],
  ['Ünï', 3],
  ['Ω', 1],
])('%s takes %d columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('text is indented to its own first word', () => {
  expect(hang('  1. ', 'to be or not to be, that is the question', 32)).toBe(
    '  1. to be or not to be, that is\n     the question\n',
  );
  expect(hang('  1. ', 'to be or not to be, that is the question', undefined)).toBe(
    '  1. to be or not to be, that is the question\n',
  );
});
