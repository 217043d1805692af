import { expect, test } from 'vitest';
import { renderMoreHelp } from '../../../src/cli/parser.ts';
import { runInThisProcess } from '../../support/in-process.ts';

/** Of a usual terminal, and what commander assumes without one. */
const WIDTH = 80;

/** The names below "Commands:" in the help of the program, or of one of its commands. */
async function commandsOf(path: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runInThisProcess([...path, '--help']);
  const [, list = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(stdout) ?? [];
  return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help');
}

const top = await commandsOf([]);
const below = (await commandsOf(['queue'])).map((name) => ['queue', name]);
const PATHS: readonly (readonly string[])[] = [[], ...top.map((name) => [name]), ...below, ['help']];

test('the list contains every command', () => {
  for (const name of ['reconcile', 'apply', 'policy', 'explain', 'check', 'doctor', 'init', 'demo']) {
    expect(top).toContain(name);
  }
});

test.each(PATHS)('the help of %j %j fits a terminal, shows an example and ends well', async (...path) => {
  const { code, stdout, stderr } = await runInThisProcess([
    ...path.filter((word) => typeof word === 'string'),
    '--help',
  ]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.split('\n').filter((line) => line.length > WIDTH)).toEqual([]);
  if (path[0] !== 'help') expect(stdout).toContain('  $ gh-permit-sync ');
});

test.each(top.filter((name) => !['queue', 'demo', 'completion'].includes(name)))(
  '%s --help lists the common flags under their own heading, after its own',
  async (name) => {
    const { stdout } = await runInThisProcess([name, '--help']);
    expect(stdout).toMatch(/^Common options:\n(?: {2}.*\n)* {2}--color/m);
    expect(stdout.match(/^Options:$/gm)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(stdout.indexOf('Common options:')).toBeGreaterThan(stdout.indexOf('Options:'));
  },
);

test('every command of the list takes one line', async () => {
  const { stdout } = await runInThisProcess(['--help']);
  for (const name of top) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b.* {2}\\w`, 'm'));
  const [, list = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(stdout) ?? [];
  expect(list.match(/^ {3,}/gm)).toBeNull();
});

test('help COMMAND is COMMAND --help; an unknown COMMAND is an error with a suggestion', async () => {
  expect((await runInThisProcess(['help', 'explain'])).stdout).toBe(
    (await runInThisProcess(['explain', '--help'])).stdout,
  );
  expect((await runInThisProcess(['help'])).stdout).toBe((await runInThisProcess(['--help'])).stdout);
  expect(await runInThisProcess(['help', 'nosuch'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/unknown command 'nosuch' \(USAGE\)/),
  });
  expect((await runInThisProcess(['help', 'reconcil'])).stderr).toContain('did you mean "reconcile"?');
});

test('explain --help lists the exit codes', async () => {
  expect((await runInThisProcess(['explain', '--help'])).stdout).toMatch(/Exit codes: 0 .*\b1 .*\b4 /s);
});

test('remarks are next to the examples if there is room, and above them otherwise', () => {
  const more = { examples: [['a --long', 'first'] as const, 'b'] };
  expect(renderMoreHelp(more, 80)).toBe('\nExamples:\n  $ a --long  first\n  $ b');
  expect(renderMoreHelp(more, 12)).toBe('\nExamples:\n  # first\n  $ a --long\n  $ b');
});
