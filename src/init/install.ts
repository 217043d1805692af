import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '../config/problem.ts';
import { fromFlag, refuse } from '../config/source.ts';
import type { Install } from './workflow-file.ts';

type InstallPlaces = {
  /** Root of the repository that gets the workflow. */
  readonly folder: string;
  /** Root of the clone that this program runs from; undefined for an installed package. */
  readonly clone: string | undefined;
  /** Of this package. */
  readonly version: string;
};

/**
 * Where the workflow gets the program from: `--install`, or a suitable default. A clone builds itself. A tarball in the
 * repository is used. A program that runs from a clone elsewhere may not be published on npm, so it has to be packed.
 * @throws SyncError `USAGE`: neither `npm` nor `clone`, nor a path to a tarball inside the repository.
 */
export function chooseInstall(given: string | undefined, { folder, clone, version }: InstallPlaces): Install {
  const flag = fromFlag('--install', given);
  if (flag !== undefined) {
    const { text } = flag;
    if (text === 'npm' || text === 'clone') return { kind: text };
    const isInside = /^(?!.*\.\.)[\w@.-][\w@./-]*\.tgz$/.test(text);
    if (isInside) return { kind: 'tarball', file: text.replace(/^\.\//, '') };
    refuse(
      flag,
      invalid(
        `"${text}" is not a way to install`,
        'give npm, clone, or the path of a .tgz file in the repository',
      ),
    );
  }
  const file = `gh-permit-sync-${version}.tgz`;
  if (isClone(folder)) return { kind: 'clone' };
  if (clone !== undefined || existsSync(join(folder, file))) return { kind: 'tarball', file };
  return { kind: 'npm' };
}

/** Whether a folder is a clone or fork of this project: it can be built. */
export function isClone(folder: string): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return name === 'gh-permit-sync' && existsSync(join(folder, 'scripts', 'build.js'));
  } catch {
    return false;
  }
}
