import { describe, expect, test } from 'vitest';
import { count, enumerate, printable } from '../../../src/model/text/text.ts';

describe('printable drops what could take effect in a terminal', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', '[31mred[0m'],
    ['a C1 control', 'a\u009b31mb', 'a31mb'],
    ['a link with bell', '\u001b]8;;http://x\u0007y', ']8;;http://xy'],
    ['line breaks of every kind', 'a\r\nb\u2028c\u2029d\u0085e', 'abcde'],
    ['a tab and a null', 'a\tb\0c', 'abc'],
    ['text turned around', 'abc\u202egnp.exe', 'abcgnp.exe'],
    ['isolates', '\u2066a\u2069', 'a'],
    ['invisible characters', 'ad\u200bmin\u00ad\ufeff', 'admin'],
    ['tag characters past the first plane', 'a\u{e0041}b', 'ab'],
    ['nothing else', 'Ünïcode 名前 🎉 a  b|`*', 'Ünïcode 名前 🎉 a  b|`*'],
    ['nothing of nothing', '', ''],
  ])('%s', (_name, text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

test.each([
  [0, '0 users'],
  [1, '1 user'],
  [2, '2 users'],
])('%d users are counted', (n, expected) => {
  expect(count(n, 'user')).toBe(expected);
});

test('an irregular plural', () => {
  expect(count(1, 'person', 'people')).toBe('1 person');
  expect(count(3, 'person', 'people')).toBe('3 people');
});

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
])('%j is enumerated, three at most', (names, expected) => {
  expect(enumerate(names, 3)).toBe(expected);
});

test('ten names are shown unless told otherwise', () => {
  const names = Array.from({ length: 11 }, (_, index) => `u${index}`);
  expect(enumerate(names.slice(0, 10))).toBe('u0, u1, u2, u3, u4, u5, u6, u7, u8 and u9');
  expect(enumerate(names)).toMatch(/u9 and 1 more$/);
});
