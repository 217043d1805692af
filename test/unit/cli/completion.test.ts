import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../../src/cli/completion-script.ts';
import { COMMANDS } from '../../../src/cli/program.ts';
import { emptyFolder } from '../../support/program.ts';

describe('bash', () => {
  const folder = emptyFolder();
  const script = join(folder, 'completion.bash');
  writeFileSync(script, completionScript('bash', COMMANDS));
  mkdirSync(join(folder, 'plans'));

  /** What a Tab at the end of these words offers. */
  function complete(...words: readonly string[]): readonly string[] {
    const typed = ['gh-permit-sync', ...words];
    const run =
      'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gh_permit_sync; declare -p COMPREPLY';
    const stdout = execFileSync('bash', ['--norc', '-c', run, script, ...typed], {
      cwd: folder,
      encoding: 'utf8',
    });
    // declare -a COMPREPLY=([0]="reconcile" [1]="receive")
    return [...stdout.matchAll(/\[\d+\]="([^"]*)"/g)].map(([, word = '']) => word);
  }

  test('commands, and commands of commands', () => {
    expect(complete('')).toEqual(expect.arrayContaining(['reconcile', 'queue', 'completion', 'help']));
    expect(complete('re')).toEqual(['reconcile', 'receive', 'redeliver']);
    expect(complete('queue', '')).toEqual(['status', 'list', 'retry', 'discard']);
    expect(complete('help', 'exp')).toEqual(['explain']);
    expect(complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('the flags of the command, after others too', () => {
    expect(complete('reconcile', '--dr')).toEqual(['--dry-run', '--drain']);
    expect(complete('reconcile', '--org', 'acme', '--allow-rem')).toEqual(['--allow-removals']);
    expect(complete('queue', 'list', '--de')).toEqual(['--dead']);
    expect(complete('queue', '--de')).toEqual([]);
    expect(complete('doctor', '--allow-removals')).toEqual([]);
    expect(complete('--ver')).toEqual(['--version']);
  });

  test('values: choices and files', () => {
    expect(complete('reconcile', '--output', '')).toEqual(['text', 'json', 'markdown']);
    expect(complete('reconcile', '-o', 'm')).toEqual(['markdown']);
    expect(complete('reconcile', '--config', 'pl')).toEqual(['plans']);
    expect(complete('reconcile', '--timeout', '')).toEqual([]);
  });
});

const hasShell = (shell: string): boolean =>
  ['/bin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].some((folder) =>
    existsSync(join(folder, shell)),
  );

test.each(['bash', 'zsh', 'fish'] as const)('%s finds no mistake in the syntax of its script', (shell) => {
  const script = completionScript(shell, COMMANDS);
  expect(script).toContain('detailed-exitcode');
  if (!hasShell(shell)) return;
  const file = join(emptyFolder(), `completion.${shell}`);
  writeFileSync(file, script);
  execFileSync(shell, ['-n', file]);
});
