import { expect, test } from 'vitest';
import { receive } from '../../../src/cli/commands/receive.ts';
import { buildParser } from '../../../src/cli/parser.ts';
import { PROBES } from '../../../src/receiver/server.ts';

const silent = { out: () => undefined, err: () => undefined };

/** The options that `receive` would run with. */
function parse(...args: readonly string[]): Readonly<Record<string, unknown>> {
  let parsed: Readonly<Record<string, unknown>> = {};
  const argv = ['receive', ...args];
  const parser = buildParser([receive], argv, silent, async (_, options) => {
    parsed = options;
  });
  parser.parse(argv, { from: 'user' });
  return parsed;
}

test('the defaults are those of the contract', () => {
  expect(parse()).toMatchObject({ port: 4000, path: '/github-membership', maxEntries: 100_000 });
});

test.each(PROBES)('the path %s is already in use', (path) => {
  expect(() => parse('--path', path)).toThrow('that path is already in use');
});

test.each(['hooks', '', '/a b', '/a?b', '/a#b', '/ä', `/${'a'.repeat(300)}`])('%j is not a path', (path) => {
  expect(() => parse('--path', path)).toThrow('expected a path');
});

test.each(['', '-1', '1.5', '0x10', '65536', '1e3', ' 80'])('%j is no port', (port) => {
  expect(() => parse('--port', port)).toThrow();
});
