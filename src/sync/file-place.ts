import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SyncError } from '../model/errors.ts';

/** A file that a flag names: `path` is absolute, `name` is the path as given, safe to print. */
export type NamedPath = { readonly flag: string; readonly path: string; readonly name: string };

/**
 * Checks before any request that the file can be written. A symbolic link is refused: an attacker who plants one must
 * not choose which file is written.
 * @throws SyncError `USAGE`: the folder does not exist or is not writable, or the path is not a regular file.
 */
export function requireFilePlace(place: NamedPath): void {
  const { flag, path, name } = place;
  const folder = dirname(path);
  try {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new SyncError('USAGE', `${flag}: there is no folder for ${name}`, 'create the folder first');
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) {
      const what = there.isDirectory()
        ? 'a folder'
        : there.isSymbolicLink()
          ? 'a link'
          : 'not a regular file';
      throw new SyncError('USAGE', `${flag}: ${name} is ${what}`, `name a file of its own after ${flag}`);
    }
    accessSync(folder, constants.X_OK);
    // An audit appends to the file; everything else replaces it.
    accessSync(there !== undefined && flag === '--audit' ? path : folder, constants.W_OK);
  } catch (error) {
    throw error instanceof SyncError ? error : cannotWrite(place, error);
  }
}

/**
 * Replaces a file completely or not at all, and with it any other permissions.
 * @param content a text, or its bytes in pieces, so that a long one need not be in memory at once.
 * @param mode 0o600 for its owner only. @throws SyncError `USAGE` when the file system refuses.
 */
export function replaceFile(place: NamedPath, content: string | Iterable<Uint8Array>, mode: number): void {
  const draft = join(dirname(place.path), `.${basename(place.path)}.${randomUUID()}.tmp`);
  try {
    const file = openSync(draft, 'wx', mode);
    try {
      // A narrow umask could leave a file that its reader cannot open.
      fchmodSync(file, mode);
      for (const chunk of typeof content === 'string' ? [content] : content) writeFileSync(file, chunk);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, place.path);
  } catch (error) {
    throw cannotWrite(place, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What the system says of a file, such as ENOENT. */
export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

export function cannotWrite({ flag, name }: NamedPath, error: unknown): SyncError {
  return new SyncError(
    'USAGE',
    `${flag}: ${name} can not be written (${errorCode(error)})`,
    `make it writable, or name another file after ${flag}`,
    { cause: error },
  );
}
