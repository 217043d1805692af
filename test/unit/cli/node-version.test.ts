import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { BIN, emptyFolder, run } from '../../support/program.ts';

/** Runs the program in a Node that says it is another version. */
function runAs(version: string, args: readonly string[]) {
  const file = join(emptyFolder(), 'fake.cjs');
  writeFileSync(
    file,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );
  return run(args, { env: { NODE_OPTIONS: `--require=${file}` } });
}

test.each(['18.20.4', '20.18.3', '14.0.0'])(
  'Node %s gets one line, whatever the command',
  async (version) => {
    for (const args of [['--version'], ['--help'], ['reconcile', '--org', 'acme']]) {
      expect(await runAs(version, args)).toEqual({
        code: 1,
        stdout: '',
        stderr: `error: gh-permit-sync needs Node 20.19 or later, and this is Node ${version}\n`,
      });
    }
  },
);

test('a Node that is far too old can read the line that says so', () => {
  const code = readFileSync(BIN, 'utf8');
  const inNode = (target: string) =>
    transformSync(code, { target, supported: { 'template-literal': true } }).code;
  expect(inNode('node8'), 'without what Node 8 lacks').toBe(inNode('esnext'));
});

test.each(['20.19.0', '22.0.0', '100.1.0'])('Node %s is new enough', async (version) => {
  expect(await runAs(version, ['--version'])).toMatchObject({ code: 0, stderr: '' });
});

test('the version that is needed is the one of package.json', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(engines.node).toBe('>=20.19');
  expect(readFileSync(BIN, 'utf8')).toContain("'20.19'");
});
