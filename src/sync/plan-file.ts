import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SyncError } from '../model/errors.ts';
import { parseSavedPlan, type SavedPlan } from '../model/saved-plan.ts';
import { printable } from '../model/text/text.ts';
import { sha256 } from './config-digest.ts';
import { errorCode } from './file-place.ts';

/** A plan for 100,000 people has about 60 MB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** @throws SyncError `USAGE`: the file does not exist, cannot be read, or is not a complete plan of this version. */
export function readPlanFile(path: string): SavedPlan {
  const name = printable(path);
  const text = readText(path, name);
  const plan = parse(text);
  if (!('flaw' in plan)) return plan;
  throw new SyncError('USAGE', `${name} ${plan.flaw}`, SAVE_ANEW);
}

const SAVE_ANEW = 'save a plan with gh-permit-sync reconcile --dry-run --out plan.json, and apply that file';

function parse(text: string): ReturnType<typeof parseSavedPlan> {
  try {
    return parseSavedPlan(JSON.parse(text), sha256);
  } catch (error) {
    // RangeError: nested more deeply than any saved plan.
    if (error instanceof SyntaxError || error instanceof RangeError)
      return { flaw: 'is not a JSON document' };
    throw error;
  }
}

function readText(path: string, name: string): string {
  let file: number | undefined;
  try {
    // If the path is a pipe, do not wait for a writer.
    file = openSync(resolve(path), constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(file);
    if (!facts.isFile()) throw new SyncError('USAGE', `${name} is not a regular file`, SAVE_ANEW);
    if (facts.size > MAX_FILE_BYTES) {
      throw new SyncError('USAGE', `${name} is larger than 256 MB`, `no plan is that long; ${SAVE_ANEW}`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SyncError) throw error;
    const code = errorCode(error);
    const what = code === 'ENOENT' ? 'is not there' : `can't be read (${code})`;
    throw new SyncError('USAGE', `the plan ${name} ${what}`, SAVE_ANEW, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
