import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SyncError } from '../model/errors.ts';
import { parseSavedPlan, type SavedPlan } from '../model/saved-plan.ts';
import { printable } from '../model/text.ts';
import { renderSavedPlan } from '../report/saved-plan.ts';
import { sha256 } from './config-digest.ts';
import { cannotWrite, type NamedPath } from './new-file.ts';

/** A plan for 100,000 people has about 60 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Writes the plan so that nobody else can read it, whole or not at all: what was there before, and its wider rights,
 * make way for a new file. @throws SyncError `USAGE` where the file system refuses.
 */
export function writePlanFile(place: NamedPath, plan: SavedPlan): void {
  const draft = join(dirname(place.path), `.${basename(place.path)}.${randomUUID()}.tmp`);
  try {
    const file = openSync(draft, 'wx', 0o600);
    try {
      // A narrower umask would leave a plan that its owner can't read.
      fchmodSync(file, 0o600);
      writeFileSync(file, renderSavedPlan(plan));
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

/** @throws SyncError `USAGE`: there is no such file, it can't be read, or it is no whole plan of this version. */
export function readPlanFile(path: string): SavedPlan {
  const name = printable(path);
  const text = readText(path, name);
  const plan = parse(text);
  if (!('flaw' in plan)) return plan;
  throw new SyncError('USAGE', `${name} ${plan.flaw}`, SAVE_ANEW);
}

const SAVE_ANEW = 'save a plan by gh-permit-sync reconcile --dry-run --out plan.json, and apply that file';

function parse(text: string): ReturnType<typeof parseSavedPlan> {
  try {
    return parseSavedPlan(JSON.parse(text), sha256);
  } catch (error) {
    // A RangeError: nested so deeply that no plan of ours can be meant.
    if (error instanceof SyntaxError || error instanceof RangeError) return { flaw: 'is no JSON document' };
    throw error;
  }
}

function readText(path: string, name: string): string {
  let file: number | undefined;
  try {
    // Not to wait for somebody to write where the path names a pipe.
    file = openSync(resolve(path), constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(file);
    if (!facts.isFile()) throw new SyncError('USAGE', `${name} is no regular file`, SAVE_ANEW);
    if (facts.size > MOST_BYTES) {
      throw new SyncError('USAGE', `${name} is larger than 256 MB`, `no plan is that long; ${SAVE_ANEW}`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SyncError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const what = code === 'ENOENT' ? 'is not there' : `can not be read (${code})`;
    throw new SyncError('USAGE', `the plan ${name} ${what}`, SAVE_ANEW, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
