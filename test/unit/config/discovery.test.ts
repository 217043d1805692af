import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/config/document/check.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { ENOUGH } from './support.ts';

const FILE = 'gh-permit-sync.yaml';

/** CONTRACT §3: the nearest file on the way up to the root of the git repository; elsewhere only the working directory. */
describe('where a config file is found', () => {
  let root = '';
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'gh-permit-sync-discovery-')));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const settingsIn = (folder: string) => {
    mkdirSync(join(root, folder), { recursive: true });
    return loadSettings({ flags: {}, env: ENOUGH, parse: parseConfigFile, cwd: join(root, folder) });
  };

  test('at the root of the repository, from a folder below it', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    write(`repo/${FILE}`, 'owner: root');
    const settings = settingsIn('repo/a/b');
    expect([settings.owner, settings.configFile]).toEqual(['root', join('..', '..', FILE)]);
  });

  test('in a worktree or submodule, whose .git is a file', () => {
    write('repo/.git', 'gitdir: elsewhere');
    write('repo/gh-permit-sync.json', '{ "owner": "worktree" }');
    expect(settingsIn('repo/a').owner).toBe('worktree');
  });

  test('the nearest one wins', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    write(`repo/${FILE}`, 'owner: root');
    write('repo/a/gh-permit-sync.yml', 'owner: nearest');
    expect(settingsIn('repo/a/b').owner).toBe('nearest');
    expect(settingsIn('repo/a').owner).toBe('nearest');
    expect(settingsIn('repo').owner).toBe('root');
  });

  test('never above the root of the repository', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    write(FILE, 'owner: outside');
    expect(settingsIn('repo/a').configFile).toBeUndefined();
    expect(settingsIn('repo').configFile).toBeUndefined();
  });

  test('outside a repository only in the working directory', () => {
    write(`plain/${FILE}`, 'owner: parent');
    expect(settingsIn('plain/a').configFile).toBeUndefined();
    expect(settingsIn('plain').owner).toBe('parent');
  });

  test('two files in the nearest folder are ambiguous, and the message names the folder', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    write(`repo/${FILE}`, '');
    write('repo/gh-permit-sync.json', '{}');
    expect(() => settingsIn('repo/a')).toThrow(
      `more than one config file in ${join(root, 'repo')}: ${FILE} and gh-permit-sync.json`,
    );
  });

  test('a link to a file that does not exist is refused, not ignored', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    symlinkSync('elsewhere.yaml', join(root, 'repo', FILE));
    const expected = { code: 'CONFIG_INVALID', hint: expect.stringContaining('the link') };
    const says = (path: string) => ({
      ...expected,
      message: `${path}: is a link to a file that does not exist`,
    });
    expect(() => settingsIn('repo')).toThrow(expect.objectContaining(says(FILE)));
    expect(() => settingsIn('repo/a')).toThrow(expect.objectContaining(says(join('..', FILE))));
    write('repo/elsewhere.yaml', 'owner: linked');
    expect(settingsIn('repo').owner).toBe('linked');
  });

  test('a mistake in it is reported with the path to the file', () => {
    mkdirSync(join(root, 'repo/.git'), { recursive: true });
    write(`repo/${FILE}`, 'onwer: x');
    expect(() => settingsIn('repo/a')).toThrow(`${join('..', FILE)}:1:1: onwer: unknown key`);
  });
});
