import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fromFlag } from '../config/source.ts';
import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** A path that a flag names: `path` is absolute, `name` as it was given and harmless to print. */
export type NamedPath = { readonly flag: string; readonly path: string; readonly name: string };

/** @throws SyncError `USAGE`: it is empty, or looks like a secret. */
export function namedPath(flag: string, value: string | undefined): NamedPath | undefined {
  const said = fromFlag(flag, value);
  return said && { flag, path: resolve(said.text), name: printable(said.text) };
}

/**
 * Refuses beforehand what can be known to fail, or to be a mistake: no folder there, or none that can be written into,
 * or something there that is no regular file. A link counts as such: who plants one must not choose what is written.
 * @throws SyncError `USAGE`.
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
    // A plan takes the place of what was there; lines are appended to what is there.
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
