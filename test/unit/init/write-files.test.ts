import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { writeFiles } from '../../../src/init/write-files.ts';
import { SyncError } from '../../../src/model/errors.ts';

const CONFIG = { path: 'gh-permit-sync.yaml', text: 'new config\n' };
const WORKFLOW = { path: '.github/workflows/gh-permit-sync.yml', text: 'new workflow\n' };
const BOTH = [CONFIG, WORKFLOW];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gh-permit-sync-'));
});
const put = (path: string, text: string): void => writeFileSync(join(folder, path), text);
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
const files = (): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !lstatSync(join(folder, path)).isDirectory())
    .toSorted();

function refusal(force = false, among = BOTH): SyncError {
  try {
    writeFiles(folder, among, force);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('writes all, and leaves nothing else behind', () => {
  writeFiles(folder, BOTH, false);
  expect(files()).toEqual([WORKFLOW.path, CONFIG.path]);
  expect([read(CONFIG.path), read(WORKFLOW.path)]).toEqual([CONFIG.text, WORKFLOW.text]);
});

test('if one exists nothing is written, and each existing file is named', () => {
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  put(WORKFLOW.path, 'old\n');
  expect(refusal()).toMatchObject({ code: 'USAGE', message: expect.stringContaining(WORKFLOW.path) });
  expect(files()).toEqual([WORKFLOW.path]);

  put(CONFIG.path, 'old\n');
  const error = refusal();
  expect(error.message).toContain(`${CONFIG.path} and ${WORKFLOW.path} are already there`);
  expect(error.hint).toContain('--force overwrites 2 files');
  expect([read(CONFIG.path), read(WORKFLOW.path)]).toEqual(['old\n', 'old\n']);

  writeFiles(folder, BOTH, true);
  expect([read(CONFIG.path), read(WORKFLOW.path)]).toEqual([CONFIG.text, WORKFLOW.text]);
  expect(files()).toHaveLength(2);
});

test.each(['gh-permit-sync.yml', 'gh-permit-sync.json'])('%s next to the new config is refused', (rival) => {
  put(rival, 'old\n');
  for (const force of [false, true]) expect(refusal(force).message).toContain(rival);
  expect(files()).toEqual([rival]);
});

test('a link instead of a file is replaced with --force, never followed', () => {
  const outside = join(mkdtempSync(join(tmpdir(), 'outside-')), 'precious');
  writeFileSync(outside, 'precious\n');
  symlinkSync(outside, join(folder, CONFIG.path));
  expect(refusal(false, [CONFIG]).message).toContain(CONFIG.path);
  writeFiles(folder, [CONFIG], true);
  expect(readFileSync(outside, 'utf8')).toBe('precious\n');
  expect(lstatSync(join(folder, CONFIG.path)).isFile()).toBe(true);
});

test('a dangling link counts as existing', () => {
  symlinkSync(join(folder, 'nowhere'), join(folder, CONFIG.path));
  expect(refusal(false, [CONFIG]).message).toContain(CONFIG.path);
  expect(files()).toEqual([CONFIG.path]);
});

test.each(['.github', '.github/workflows'])('%s may be a link, but not one that leads outside', (link) => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  mkdirSync(join(outside, 'workflows'));
  if (link !== '.github') mkdirSync(join(folder, '.github'));
  symlinkSync(outside, join(folder, link));
  for (const force of [false, true]) expect(refusal(force).message).toContain('leads out of the folder');
  expect(readdirSync(outside, { recursive: true })).toEqual(['workflows']);
  expect(files()).toEqual([link]);
});

test('a link within the folder is followed', () => {
  mkdirSync(join(folder, 'ci'));
  symlinkSync('ci', join(folder, '.github'));
  writeFiles(folder, BOTH, false);
  expect(read('ci/workflows/gh-permit-sync.yml')).toBe(WORKFLOW.text);
});

test('a folder is not overwritten, and a file is not used as a folder', () => {
  mkdirSync(join(folder, CONFIG.path));
  for (const force of [false, true]) expect(refusal(force).code).toBe('USAGE');
  put('.github', 'a file\n');
  expect(refusal(true, [WORKFLOW]).message).toContain('.github is not a folder');
  expect(files()).toEqual(['.github']);
});

test('a missing folder', () => {
  folder = join(folder, 'typo');
  expect(refusal()).toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^--dir: there is no folder/),
  });
});

test('a file instead of a folder on the way, and names that no file system takes', () => {
  put('file', '');
  const root = folder;
  folder = join(root, 'file/inside');
  expect(refusal()).toMatchObject({ code: 'USAGE', message: `--dir: there is no folder ${folder}` });
  folder = join(root, 'n'.repeat(300));
  expect(refusal()).toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('(ENAMETOOLONG)'),
    hint: expect.stringContaining('--dir'),
  });
});

// Not even root can create a file there.
test.skipIf(!existsSync('/proc/self/fd'))('a file system that refuses names the file and what to do', () => {
  folder = '/proc';
  expect(refusal(false, [CONFIG])).toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^\/proc\/gh-permit-sync\.yaml can't be written \(E[A-Z]+\)$/),
    hint: expect.stringMatching(/another folder with --dir$/),
  });
});
