import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { SyncError } from '../model/errors.ts';
import type { Change, PersonPlan, Plan } from '../model/plan.ts';
import { count } from '../model/text.ts';
import { auditLine } from '../report/audit.ts';
import type { Warning } from '../report/run-report.ts';
import type { OnApplied } from '../sync/ledger.ts';
import { cannotWrite, type NamedPath, requireFilePlace } from './new-file.ts';

/** The record of what was applied: a line for each change, written as soon as the change is known to stand. */
export type Audit = {
  /** The plan that the changes to come are of. */
  readonly begin: (plan: Plan, fingerprint: string) => void;
  /** Where a line can't be written, nothing more may be applied: what is not on record must not go on growing. */
  readonly onApplied: OnApplied;
  /** Undefined when every line is written. */
  readonly warning: () => Warning | undefined;
  readonly close: () => void;
};

/**
 * Opens the file before anything is written to Permit. It only ever grows; a new one is for its owner alone.
 * @throws SyncError `USAGE` where it can't be written.
 */
export function openAudit(place: NamedPath, now: () => Date, concealed: (text: string) => string): Audit {
  requireFilePlace(place);
  const file = open(place);
  let people: ReadonlyMap<Change, PersonPlan> = new Map();
  let fingerprint = '';
  let lost = 0;
  let trouble: string | undefined;
  return {
    begin: (plan, of) => {
      const all = plan.people.flatMap((person) =>
        person.otherwise ? [person, person.otherwise.person] : [person],
      );
      people = new Map(all.flatMap((person) => person.changes.map((change) => [change, person])));
      fingerprint = of;
    },
    onApplied: (changes) => {
      const facts = { time: now().toISOString(), fingerprint };
      const lines = changes.flatMap((change) => {
        const person = people.get(change);
        return person === undefined ? [] : [auditLine(change, person, facts)];
      });
      try {
        writeWhole(file, concealed(lines.join('')));
      } catch (error) {
        lost += lines.length;
        trouble ??= cannotWrite(place, error).message;
      }
      return trouble;
    },
    warning: () =>
      trouble === undefined
        ? undefined
        : {
            code: 'AUDIT_INCOMPLETE',
            message: `${trouble}: ${count(lost, 'applied change')} may be missing from it, and the run went no further`,
          },
    close: () => {
      try {
        fsyncSync(file);
      } catch {
        // Some file systems know no fsync; what was written is written.
      }
      try {
        closeSync(file);
      } catch {
        // As above; the run itself has ended, and its exit code must not change.
      }
    },
  };
}

function open(place: NamedPath): number {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = openSync(place.path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
    if (!fstatSync(file).isFile()) {
      closeSync(file);
      throw new SyncError('USAGE', `${place.flag}: ${place.name} is no regular file`, 'name another file');
    }
    // Killed in the middle of a line, a former run must not spoil the first of this one.
    if (endsInsideLine(place.path)) writeWhole(file, '\n');
    return file;
  } catch (error) {
    throw error instanceof SyncError ? error : cannotWrite(place, error);
  }
}

/** A file that may be appended to need not be readable; then nothing is known, and nothing is done. */
function endsInsideLine(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** In one call, so that the lines of two runs do not mix; what a full disk cut off is tried once more. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
