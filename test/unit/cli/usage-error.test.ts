import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInThisProcess } from '../../support/in-process.ts';
import { emptyFolder, run } from '../../support/program.ts';

const SECRET = 'ghp_0123456789abcdef0123';

test.each<[readonly string[], string, string]>([
  [['reconcile', 'acme'], '"acme"', 'did you mean --org acme?'],
  [['doctor', 'acme'], '"acme"', 'did you mean --org acme?'],
  [['explain', 'octocat', 'acme'], 'takes one argument, but got "acme" too', 'explain --help'],
  [['reconcile', '--token', 'x'], "'--token'", 'environment only: set GH_TOKEN'],
  [['reconcile', '--api-key', 'x'], "'--api-key'", 'environment only: set PERMIT_API_KEY'],
  [['doctor', '--webhook-secret=x'], "'--webhook-secret'", 'set GITHUB_WEBHOOK_SECRET'],
  [['reconcile', '--dry-rum'], "'--dry-rum'", 'Did you mean --dry-run?'],
  [['reconcil'], "'reconcil'", 'Did you mean reconcile?'],
  [['sync'], "'sync'", 'did you mean "reconcile"?'],
  [['run'], "'run'", 'did you mean "reconcile"?'],
  [['diff'], "'diff'", 'did you mean "reconcile --dry-run"?'],
  [['plan'], "'plan'", 'did you mean "reconcile --dry-run"?'],
  [['status'], "'status'", '"queue status" for the queue'],
  [['version'], "'version'", 'did you mean "--version"?'],
  [['help', 'sync'], "'sync'", 'did you mean "reconcile"?'],
])('%j', async (args, what, next) => {
  const { code, stdout, stderr } = await runInThisProcess(args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('(USAGE)');
  expect(stderr).toContain(what);
  expect(stderr).toContain(next);
});

test.each<[readonly string[]]>([
  [['reconcile', `--token=${SECRET}`]],
  [['reconcile', `--ourg=${SECRET}`]],
  [['reconcile', SECRET]],
  [['explain', 'octocat', SECRET]],
  [['reconcile', '--output', SECRET]],
  [[SECRET]],
  [['help', SECRET]],
])('a secret in the wrong place is not repeated: %j', async (args) => {
  for (const more of [[], ['--log-format', 'json'], ['--output', 'json']]) {
    const { code, stdout, stderr } = await runInThisProcess([...args, ...more]);
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stderr).toContain('USAGE');
  }
});

test('a working directory that was removed is an error of usage, not a bug', async () => {
  const script = `const fs=require('node:fs');const d=fs.mkdtempSync(require('node:os').tmpdir()+'/gone-');process.chdir(d);fs.rmdirSync(d);`;
  const file = join(emptyFolder(), 'gone.cjs');
  writeFileSync(file, script);
  const { code, stderr } = await run(['init', '--org', 'acme'], {
    env: { NODE_OPTIONS: `--require=${file}` },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('the working directory no longer exists (USAGE)');
});
