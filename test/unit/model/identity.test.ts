import { describe, expect, test } from 'vitest';
import { compareText, folded, parseGitHubId, parseOrgId, parseUserKey } from '../../../src/model/identity.ts';

describe('a numeric id', () => {
  test.each([1, 583231, Number.MAX_SAFE_INTEGER])('%d is one', (value) => {
    expect(parseGitHubId(value)).toBe(value);
    expect(parseOrgId(value)).toBe(value);
  });

  test.each([0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, [1], true])(
    '%j is none',
    (value) => {
      expect(parseGitHubId(value)).toBeUndefined();
      expect(parseOrgId(value)).toBeUndefined();
    },
  );
});

describe('a user key', () => {
  test.each(['octocat', 'Octo-Cat_', '583231', 'github|583231', 'a@b.c', '+', 'a.b'])('%j is one', (text) => {
    expect(parseUserKey(text)).toBe(text);
  });

  test.each(['', 'a b', 'a/b', 'a:b', 'é', 'a\n', '\u202eabc', 'a[bot]', 'a{login}'])(
    '%j is none',
    (text) => {
      expect(parseUserKey(text)).toBeUndefined();
    },
  );
});

test('names compare without regard to case, and keep their dashes', () => {
  expect(folded('Octo-CAT')).toBe(folded('octo-cat'));
  expect(folded('octo-cat')).not.toBe(folded('octocat'));
});

test('text is ordered by code unit, not by the language of the machine', () => {
  expect(['b', 'ä', 'a', 'B', '-', 'a-', '10', '9'].sort(compareText)).toEqual([
    '-',
    '10',
    '9',
    'B',
    'a',
    'a-',
    'b',
    'ä',
  ]);
});
