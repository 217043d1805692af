import { randomUUID } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { readConfigFile } from '../config/file.ts';
import { SyncError } from '../model/errors.ts';
import { count, enumerate, printable } from '../model/text/text.ts';

/** Files that conflict with a new one: every command refuses two configs in one folder. */
const RIVALS: { readonly [path: string]: readonly string[] } = {
  'gh-permit-sync.yaml': ['gh-permit-sync.yml', 'gh-permit-sync.json'],
};

/**
 * Refuses all files if any of them can't be written. Writes nothing.
 * @param folder an existing one.
 * @throws SyncError `USAGE`: there is no such folder, files exist (all are named), or a link leads out of the folder.
 */
export function requireFree(folder: string, paths: readonly string[], force: boolean): void {
  requireFolder(folder);
  const exists = (path: string): boolean => stat(join(folder, path)) !== undefined;
  for (const path of paths) requireInside(folder, path);
  const rivals = paths.flatMap((path) => (RIVALS[path] ?? []).filter(exists));
  if (rivals.length > 0) {
    throw new SyncError(
      'USAGE',
      `${shown(folder, rivals)} already there, and every command refuses two configs in one folder`,
      `remove it, or write into another folder with --dir; nothing was written`,
    );
  }
  const present = paths.filter(exists);
  const folders = present.filter((path) => stat(join(folder, path))?.isDirectory());
  if (folders.length > 0) {
    throw new SyncError('USAGE', `${shown(folder, folders)} a folder, not a file`, 'nothing was written');
  }
  if (present.length === 0 || force) return;
  throw new SyncError(
    'USAGE',
    `${shown(folder, present)} already there`,
    `nothing was written; --force overwrites ${count(present.length, 'file')}, --dir FOLDER writes elsewhere`,
  );
}

/**
 * The config file further up that applies in `folder`, until the new one `path` hides it.
 * @returns its absolute path; undefined if there is none, or if the folder has its own already.
 * @throws SyncError `CONFIG_INVALID` if it can't be read.
 */
export function configAbove(folder: string, path: string): string | undefined {
  if (stat(join(folder, path)) !== undefined) return undefined;
  const found = readConfigFile(undefined, folder);
  return found && join(folder, found.name);
}

/**
 * Writes all files, each completely or not at all. Their paths are relative to `folder`, with `/`. All texts are on
 * disk before the first file is put in place, so that a full disk or a missing permission leaves nothing behind.
 * @throws SyncError as `requireFree` does, or `USAGE` where the file system refuses.
 */
export function writeFiles(
  folder: string,
  files: readonly { readonly path: string; readonly text: string }[],
  force: boolean,
): void {
  const paths = files.map(({ path }) => path);
  requireFree(folder, paths, force);
  const drafts: { readonly draft: string; readonly path: string }[] = [];
  try {
    for (const { path, text } of files) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      const draft = `${target}.${randomUUID()}.tmp`;
      drafts.push({ draft, path: target });
      writeFileSync(draft, text, { flag: 'wx' });
    }
    for (const { draft, path } of drafts) (force ? renameSync : placeNew)(draft, path);
  } catch (error) {
    throw refused(error, drafts.at(-1)?.path ?? folder);
  } finally {
    for (const { draft } of drafts) discard(draft);
  }
}

/** How to fix the usual errors. Using another folder also works for each of them. */
const FIXES: { readonly [code: string]: string } = {
  EACCES: 'make the folder writable',
  EPERM: 'make the folder writable',
  EROFS: 'the file system is mounted read-only',
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'your disk quota is used up: free some space',
  ENOENT: 'this file system does not allow files there',
};

/** @param path the intended file, used where the error names only our draft. */
function refused(error: unknown, path: string): SyncError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const fix = FIXES[code] ?? 'check that files can be created there';
  return new SyncError(
    'USAGE',
    `${printable(path)} can't be written (${code})`,
    `${fix}, or write into another folder with --dir`,
    { cause: error },
  );
}

/** A draft that can't be removed must not hide the error that left it behind. */
function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // The original error is more useful.
  }
}

/** Renames `draft` to `path`, unless a file has appeared there in the meantime, which a rename would overwrite. */
function placeNew(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Some file systems don't support hard links.
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error;
    renameSync(draft, path);
  }
}

function requireFolder(folder: string): void {
  const found = stat(folder)?.isSymbolicLink() ? stat(realpath(folder) ?? folder) : stat(folder);
  if (found?.isDirectory()) return;
  throw new SyncError(
    'USAGE',
    `--dir: there is no folder ${printable(folder)}`,
    'name an existing folder, the root of your repository',
  );
}

/** @throws SyncError if part of `path` is a link that leads out of `folder`, or is not a folder. */
function requireInside(folder: string, path: string): void {
  const root = realpath(folder) ?? folder;
  const steps = path.split('/').slice(0, -1);
  for (const [i] of steps.entries()) {
    const way = join(folder, ...steps.slice(0, i + 1));
    const found = stat(way);
    if (found === undefined) return;
    const real = found.isSymbolicLink() ? realpath(way) : way;
    const outside = real === undefined || (found.isSymbolicLink() && isOutside(root, real));
    if (!outside && stat(real)?.isDirectory()) continue;
    throw new SyncError(
      'USAGE',
      `${printable(way)} ${found.isSymbolicLink() ? 'is a link that leads out of the folder' : 'is not a folder'}`,
      'replace it with a folder, or omit the workflow with --no-workflow; nothing was written',
    );
  }
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '..' || way.startsWith(`..${sep}`) || way.includes(':');
}

/**
 * @returns undefined if nothing is there, or if a file is in the way.
 * @throws SyncError `USAGE` if the file system refuses.
 */
function stat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    throw new SyncError(
      'USAGE',
      `${printable(path)} can't be read (${code})`,
      'name a folder that you can read with --dir; nothing was written',
      { cause: error },
    );
  }
}

/** @returns undefined for a dangling link. */
function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

const shown = (folder: string, paths: readonly string[]): string =>
  `in ${printable(folder)}: ${enumerate(paths)} ${paths.length === 1 ? 'is' : 'are'}`;
