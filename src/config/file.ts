import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** Looked for in the working directory when no file is named. */
const USUAL_NAMES = ['gh-permit-sync.yaml', 'gh-permit-sync.yml', 'gh-permit-sync.json'] as const;
const MOST_BYTES = 1_000_000;

/** The first bytes of a file, at most `most` of them; throws what `node:fs` throws. */
export type ReadFile = (path: string, most: number) => Uint8Array;

/** `name` is the path as the person knows it. */
export type ConfigText = { readonly name: string; readonly text: string };

/**
 * The config file that is named, else the one with a usual name in `cwd`, if there is one.
 * @param by the flag or variable that named it.
 * @throws SyncError `CONFIG_INVALID`: not there, unreadable, too large, not UTF-8, or several usual ones.
 */
export function readConfigFile(
  named: { readonly path: string; readonly by: string } | undefined,
  cwd: string,
  readFile: ReadFile = readRegularFile,
): ConfigText | undefined {
  if (named !== undefined) {
    const bytes = read(named.path, cwd, readFile);
    if (bytes !== undefined) return { name: named.path, text: decode(named.path, bytes) };
    throw new SyncError(
      'CONFIG_INVALID',
      `${named.by}: there is no file ${printable(named.path)}`,
      `name an existing file, relative to ${printable(cwd)}; \`gh-permit-sync init\` writes one`,
    );
  }
  const found = USUAL_NAMES.flatMap((name) => {
    const bytes = read(name, cwd, readFile);
    return bytes === undefined ? [] : [{ name, bytes }];
  });
  const [only, ...others] = found;
  if (only === undefined) return undefined;
  if (others.length > 0) {
    throw new SyncError(
      'CONFIG_INVALID',
      `which config file? ${found.map(({ name }) => name).join(' and ')} are both in ${printable(cwd)}`,
      'name one by --config or GH_PERMIT_SYNC_CONFIG, or remove the other',
    );
  }
  return { name: only.name, text: decode(only.name, only.bytes) };
}

/** @returns undefined where there is no such file. */
function read(path: string, cwd: string, readFile: ReadFile): Uint8Array | undefined {
  const name = printable(path);
  try {
    const bytes = readFile(resolve(cwd, path), MOST_BYTES + 1);
    if (bytes.length <= MOST_BYTES) return bytes;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EISDIR') {
      throw new SyncError(
        'CONFIG_INVALID',
        `${name}: is a directory`,
        `name a file, such as ${name}/${USUAL_NAMES[0]}`,
      );
    }
    if (code === NOT_REGULAR) {
      throw new SyncError(
        'CONFIG_INVALID',
        `${name}: is not a regular file (a pipe, a socket or a device)`,
        'save the config as a file, and name that file',
      );
    }
    throw new SyncError('CONFIG_INVALID', `${name}: can not be read (${code})`, 'make the file readable', {
      cause: error,
    });
  }
  throw new SyncError(
    'CONFIG_INVALID',
    `${name}: is larger than 1 MB`,
    'no config is that long; is it the right file?',
  );
}

const NOT_REGULAR = 'NOT_REGULAR';

/**
 * Reads no further than asked, so that a wrong path (a disk image) does no harm. A pipe would make the program wait
 * for a writer, and opening a device can have an effect, so that neither is opened.
 * @throws what `node:fs` throws; an error with the code `EISDIR` or `NOT_REGULAR` for what is no regular file.
 */
export function readRegularFile(path: string, most: number): Uint8Array {
  requireRegular(statSync(path));
  // Something else may stand there by now.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    requireRegular(fstatSync(file));
    const bytes = Buffer.alloc(most);
    let length = 0;
    while (length < most) {
      const got = readSync(file, bytes, length, most - length, null);
      if (got === 0) break;
      length += got;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function requireRegular(facts: Stats): void {
  if (facts.isFile()) return;
  const code = facts.isDirectory() ? 'EISDIR' : NOT_REGULAR;
  throw Object.assign(new Error('not a regular file'), { code });
}

/** The text of UTF-8 bytes; the mark that some editors put before it is dropped. */
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  const control = text.search(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/);
  if (control < 0) return text;
  throw unreadable(name, text, control, 'holds a control character here', 'remove it; is it a text file?');
}

function unreadable(name: string, text: string, offset: number, what: string, hint: string): SyncError {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new SyncError('CONFIG_INVALID', `${printable(name)}:${before.length}:${column}: ${what}`, hint);
}
