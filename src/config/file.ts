import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text/text.ts';

/** File names to search for when none is given. */
const FILE_NAMES = ['gh-permit-sync.yaml', 'gh-permit-sync.yml', 'gh-permit-sync.json'] as const;
const MAX_FILE_MB = 1;

/** Reads at most the first `max` bytes of a file. Throws what `node:fs` throws. */
export type ReadFile = (path: string, max: number) => Uint8Array;

/** `name` is the path to show: as it was given, or relative to the working directory. */
export type ConfigText = { readonly name: string; readonly text: string };

/**
 * The config file that a flag or variable names, else the nearest one (CONTRACT §3).
 * @param named the path, and the flag or variable (`by`) that gave it.
 * @returns undefined if none was named and none is found.
 * @throws SyncError `CONFIG_INVALID`: missing, unreadable, too large, not UTF-8, or several in one folder.
 */
export function readConfigFile(
  named: { readonly path: string; readonly by: string } | undefined,
  cwd: string,
  readFile: ReadFile = readRegularFile,
): ConfigText | undefined {
  if (named === undefined) return findNearestFile(cwd, readFile);
  const ifMissing = `name an existing file, relative to ${printable(cwd)}; \`gh-permit-sync init\` writes one`;
  return readNamedFile({ ...named, ifMissing }, cwd, readFile);
}

/**
 * The text of a file that a flag, a variable or the config (`by`) names. `ifMissing` is the hint if it does not exist.
 * @throws SyncError `CONFIG_INVALID`: missing, unreadable, larger than `maxMB`, or not UTF-8.
 */
export function readNamedFile(
  { path, by, ifMissing }: { readonly path: string; readonly by: string; readonly ifMissing: string },
  cwd: string,
  readFile: ReadFile = readRegularFile,
  maxMB = MAX_FILE_MB,
): ConfigText {
  const bytes = read(path, cwd, readFile, maxMB);
  if (bytes !== undefined) return { name: path, text: decode(path, bytes) };
  throw new SyncError('CONFIG_INVALID', `${by}: file not found: ${printable(path)}`, ifMissing);
}

function findNearestFile(cwd: string, readFile: ReadFile): ConfigText | undefined {
  for (const folder of foldersToSearch(cwd, readFile)) {
    const found = FILE_NAMES.flatMap((file) => {
      const name = join(relative(cwd, folder), file);
      const bytes = read(name, cwd, readFile);
      return bytes === undefined ? [] : [{ file, name, bytes }];
    });
    const [only, ...others] = found;
    if (only === undefined) continue;
    if (others.length === 0) return { name: only.name, text: decode(only.name, only.bytes) };
    throw new SyncError(
      'CONFIG_INVALID',
      `more than one config file in ${printable(folder)}: ${found.map(({ file }) => file).join(' and ')}`,
      'choose one with --config or GH_PERMIT_SYNC_CONFIG, or remove the other',
    );
  }
  return undefined;
}

/** The working directory and its parents up to the root of the git repository, nearest first. */
function foldersToSearch(cwd: string, readFile: ReadFile): readonly string[] {
  const folders = [cwd];
  for (let folder = cwd; !exists(join(folder, '.git'), readFile); folder = dirname(folder)) {
    // The root of the file system: this is not a repository. A stranger's file further up must not count.
    if (dirname(folder) === folder) return [cwd];
    folders.push(dirname(folder));
  }
  return folders;
}

/** Whether there is a file or folder of this name. An unreadable one counts too. */
function exists(path: string, readFile: ReadFile): boolean {
  try {
    readFile(path, 1);
    return true;
  } catch (error) {
    return !isMissing(errorCode(error));
  }
}

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
const isMissing = (code: string): boolean => code === 'ENOENT' || code === 'ENOTDIR';

/** @returns undefined if the file does not exist. */
function read(path: string, cwd: string, readFile: ReadFile, maxMB = MAX_FILE_MB): Uint8Array | undefined {
  const name = printable(path);
  try {
    const maxBytes = maxMB * 1_000_000;
    const bytes = readFile(resolve(cwd, path), maxBytes + 1);
    if (bytes.length <= maxBytes) return bytes;
  } catch (error) {
    const code = errorCode(error);
    if (isMissing(code)) return undefined;
    const [what, hint] = describeUnread(code, name);
    throw new SyncError('CONFIG_INVALID', `${name}: ${what}`, hint, { cause: error });
  }
  throw new SyncError(
    'CONFIG_INVALID',
    `${name}: is larger than ${maxMB} MB`,
    'a config file is never that large; is it the right file?',
  );
}

const NOT_REGULAR = 'NOT_REGULAR';
const DANGLING = 'DANGLING';

function describeUnread(code: string, name: string): readonly [what: string, hint: string] {
  if (code === 'EISDIR') return ['is a directory', `name a file, such as ${name}/${FILE_NAMES[0]}`];
  if (code === DANGLING) return ['is a link to a file that does not exist', 'fix or remove the link'];
  if (code === NOT_REGULAR) {
    return [
      'is not a regular file (a pipe, a socket or a device)',
      'save the config as a file, and name that file',
    ];
  }
  return [`cannot be read (${code})`, 'make the file readable'];
}

/**
 * Reads at most `max` bytes, so that a wrong path (a disk image) does no harm. Pipes and devices are never opened: a
 * pipe blocks until someone writes, and opening a device can have an effect.
 * @throws what `node:fs` throws, or an error with the code `EISDIR`, `NOT_REGULAR` or `DANGLING`.
 */
export function readRegularFile(path: string, max: number): Uint8Array {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) throw missing(path);
  requireRegular(facts);
  // It may have been replaced since.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    requireRegular(fstatSync(file));
    const bytes = Buffer.alloc(max);
    let length = 0;
    while (length < max) {
      const got = readSync(file, bytes, length, max - length, null);
      if (got === 0) break;
      length += got;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** A link whose file is gone is a mistake: to ignore it would be to run without its settings. */
function missing(path: string): Error {
  const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return Object.assign(new Error('no such file'), { code: isLink ? DANGLING : 'ENOENT' });
}

function requireRegular(facts: Stats): void {
  if (facts.isFile()) return;
  const code = facts.isDirectory() ? 'EISDIR' : NOT_REGULAR;
  throw Object.assign(new Error('not a regular file'), { code });
}

/** Decodes UTF-8 and drops a byte order mark. */
function decode(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new SyncError('CONFIG_INVALID', `${printable(name)}:1:1: is UTF-16`, 'save the file as UTF-8');
  }
  const text = new TextDecoder('utf-8').decode(bytes);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(
      name,
      text,
      text.indexOf('\uFFFD'),
      'is not UTF-8 from here on',
      'save the file as UTF-8',
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are refused.
  const control = text.search(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/);
  if (control < 0) return text;
  throw unreadable(name, text, control, 'holds a control character here', 'remove it; is it a text file?');
}

function unreadable(name: string, text: string, offset: number, what: string, hint: string): SyncError {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new SyncError('CONFIG_INVALID', `${printable(name)}:${before.length}:${column}: ${what}`, hint);
}

/** Where editors find the JSON Schema of a major version: in the npm package, served by jsDelivr. */
export const schemaAddress = (version: string): string =>
  `https://cdn.jsdelivr.net/npm/gh-permit-sync@${version.split('.')[0]}/dist/config.schema.json`;
