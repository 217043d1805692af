import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Change } from '../../model/change.ts';
import { SyncError } from '../../model/errors.ts';
import type { OnApplied } from '../../model/ledger.ts';
import type { PersonPlan, Plan } from '../../model/plan.ts';
import type { Warning } from '../../model/problem.ts';
import type { GraphChange } from '../../model/repositories/graph-change.ts';
import { count } from '../../model/text/text.ts';
import { cannotWrite, type NamedPath, requireFilePlace } from '../file-place.ts';

/** A file with one line for each applied change, written as soon as the change is known to have been made. */
export type Audit = {
  /** Names the plan that the next changes belong to. */
  readonly begin: (plan: Plan, fingerprint: string) => void;
  /** If a line cannot be written, the run stops writing to Permit: nothing may change that is not recorded. */
  readonly onApplied: OnApplied<Change | GraphChange>;
  /** Undefined when every line was written. */
  readonly warning: () => Warning | undefined;
  readonly close: () => void;
};

type AuditPorts = {
  readonly now: () => Date;
  readonly concealed: (text: string) => string;
  /** @returns one applied change as one line, line break included; `time` is ISO 8601. */
  readonly renderLine: (change: Change, person: PersonPlan, facts: AuditFacts) => string;
  readonly renderGraphLine: (change: GraphChange, facts: AuditFacts) => string;
};

/** The time, and the plan that is applied. */
type AuditFacts = { readonly time: string; readonly fingerprint: string };

/**
 * Opens the file before anything is written to Permit. Lines are only ever appended; a new file is readable by its
 * owner only. @throws SyncError `USAGE` when it cannot be written.
 */
export function openAudit(
  place: NamedPath,
  { now, concealed, renderLine, renderGraphLine }: AuditPorts,
): Audit {
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
        if (!('user' in change)) return [renderGraphLine(change, facts)];
        const person = people.get(change);
        return person === undefined ? [] : [renderLine(change, person, facts)];
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
        // Some file systems do not support fsync; the lines are written all the same.
      }
      try {
        closeSync(file);
      } catch {
        // The run has ended, and its exit code must not change.
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
      throw new SyncError('USAGE', `${place.flag}: ${place.name} is not a regular file`, 'name another file');
    }
    // An earlier run may have been killed in the middle of a line.
    if (endsInsideLine(place.path)) writeWhole(file, '\n');
    return file;
  } catch (error) {
    throw error instanceof SyncError ? error : cannotWrite(place, error);
  }
}

/** A file can be writable without being readable; then this answers false. */
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

/** In one call, so that the lines of two runs do not mix. If a full disk cuts it off, the rest is tried once more. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
