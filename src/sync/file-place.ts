import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SyncError } from '../model/errors.ts';

/** A file that a flag names: `path` is absolute, `name` is the path as given, safe to print. */
export type NamedPath = { readonly flag: string; readonly path: string; readonly name: string };

/**
 * Checks before any request that the file can be written. A symbolic link is refused: whoever plants one must not choose
 * which file is written.
 * @throws SyncError `USAGE`: the folder does not exist or is not writable, or the path is not a regular file.
 */
export function requireFilePlace(place: NamedPath): void {
  const { flag, path, name } = place;
  const folder = dirname(path);
  try {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new SyncError('USAGE', `${flag}: there is no folder for ${name}`, 'make the folder first');
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) {
      const what = there.isDirectory() ? 'a folder' : there.isSymbolicLink() ? 'a link' : 'no regular file';
      throw new SyncError('USAGE', `${flag}: ${name} is ${what}`, `name a file of its own after ${flag}`);
    }
    accessSync(folder, constants.X_OK);
    // A plan replaces the file; an audit appends to it.
    accessSync(there === undefined || flag === '--out' ? folder : path, constants.W_OK);
  } catch (error) {
    throw error instanceof SyncError ? error : cannotWrite(place, error);
  }
}

export function cannotWrite({ flag, name }: NamedPath, error: unknown): SyncError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new SyncError(
    'USAGE',
    `${flag}: ${name} can not be written (${code})`,
    `make it writable, or name another file after ${flag}`,
    { cause: error },
  );
}
