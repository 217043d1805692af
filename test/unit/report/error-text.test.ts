import { describe, expect, test } from 'vitest';
import { renderError } from '../../../src/report/text.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { FAILED } from './reports.ts';

const PLAIN = { color: false };

test('one line each for what happened and for what to do', () => {
  const error = { code: 'GITHUB_AUTH', message: 'GitHub refused the token', hint: 'check GH_TOKEN' };
  expect(renderError(error, PLAIN)).toBe(
    'error: GitHub refused the token (GITHUB_AUTH)\n  hint: check GH_TOKEN\n',
  );
  expect(renderError({ ...error, hint: '' }, PLAIN)).toBe('error: GitHub refused the token (GITHUB_AUTH)\n');
});

test('our own line breaks are kept', () => {
  expect(renderError(FAILED.error ?? { code: '', message: '', hint: '' }, PLAIN)).toBe(`\
error: Permit lacks 2 roles (PERMIT_MISSING_ROLE):
    deployer
    insider
  hint: create them with
          gh-permit-sync policy
`);
});

test('color only if it is wanted', () => {
  const error = { code: 'TIMEOUT', message: 'too slow', hint: 'try again' };
  expect(renderError(error, { color: true })).toContain('\u001b[31m');
  expect(renderError(error, PLAIN)).not.toMatch(INVISIBLE);
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j does nothing', (text) => {
    const rendered = renderError(
      { code: 'INTERNAL', message: `a\n${text}`, hint: `${text}\n${text}` },
      PLAIN,
    );
    expect(rendered).not.toMatch(INVISIBLE);
    expect(rendered).not.toContain('##[');
    expect(rendered).not.toMatch(/^\s*::/m);
  });
});

test('on a terminal it wraps between words, and the hint is indented', () => {
  const error = {
    code: 'USAGE',
    message: 'something is wrong with a thing that has a name',
    hint: 'do this and that, and then run it again',
  };
  expect(renderError(error, { color: false, width: 40 })).toBe(
    [
      'error: something is wrong with a thing',
      'that has a name (USAGE)',
      '  hint: do this and that, and then run',
      '        it again',
      '',
    ].join('\n'),
  );
});
