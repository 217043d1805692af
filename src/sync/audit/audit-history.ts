import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { CHANGES } from '../../model/change.ts';
import { SyncError } from '../../model/errors.ts';
import { grantId } from '../../model/grant.ts';
import { GRAPH_KINDS } from '../../model/repositories/graph-change.ts';
import { getOrMake, isRecord, parseJson } from '../../model/text/record.ts';
import type { SinceOf } from '../../model/views/review.ts';
import { errorCode, type NamedPath } from '../file-place.ts';

/** What the lines of an audit file say about the grants that stand today. */
type AuditHistory = {
  readonly sinceOf: SinceOf;
  /** Lines that are not those of an audit file, such as half a line of a killed run. */
  readonly unreadable: number;
};

const PIECE_BYTES = 1 << 16;
/** No line that a run writes comes near this. */
const MAX_LINE_LENGTH = 1 << 20;

/**
 * Reads the file that `--audit` names, piece by piece, however long it is.
 * @returns undefined if there is no such file. @throws SyncError `USAGE` if it cannot be read.
 */
export function readAudit({ flag, path, name }: NamedPath): AuditHistory | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const history = openHistory();
  let file: number | undefined;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fstatSync(file).isFile()) throw new SyncError('USAGE', `${flag}: ${name} is not a file`, OTHER_FILE);
    const decoder = new StringDecoder('utf8');
    const bytes = Buffer.alloc(PIECE_BYTES);
    let rest = '';
    for (let size = readSync(file, bytes); size > 0; size = readSync(file, bytes)) {
      const lines = (rest + decoder.write(bytes.subarray(0, size))).split('\n');
      // A longer line isn't ours. Its beginning is enough to see that.
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
      for (const line of lines) history.add(line);
    }
    history.add(rest);
    return history.done();
  } catch (error) {
    if (error instanceof SyncError) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    throw new SyncError('USAGE', `${flag}: ${name} cannot be read (${code})`, OTHER_FILE, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const OTHER_FILE = 'make it readable, or leave --audit out: the review then shows no dates of grants';

type AssignmentRecord = { readonly time: string; readonly githubId: unknown };

/** Replays the changes in their order. A grant that moved with its person keeps its time. */
function openHistory() {
  const grantsOf = new Map<string, Map<string, AssignmentRecord>>();
  const movedFrom = new Map<string, string>();
  let unreadable = 0;
  const assign = (user: string, grant: string, assigned: AssignmentRecord): void => {
    const before = grantsOf.get(movedFrom.get(user) ?? '')?.get(grant);
    const since = before !== undefined && before.githubId === assigned.githubId ? before : assigned;
    getOrMake(grantsOf, user, () => new Map()).set(grant, since);
  };
  const replay = (line: unknown): boolean => {
    if (!isRecord(line)) return false;
    const { user, change, githubId, before, after } = line;
    const time = new Date(String(line.time));
    if (GRAPH_KINDS.some((kind) => kind === change)) return true;
    if (typeof user !== 'string' || Number.isNaN(time.getTime())) return false;
    switch (change) {
      case 'createUser':
      case 'updateUser': {
        if (change === 'createUser') grantsOf.delete(user);
        const move = isRecord(after) ? after.managed_move : undefined;
        if (isRecord(move) && typeof move.from === 'string') movedFrom.set(user, move.from);
        else movedFrom.delete(user);
        return true;
      }
      case 'deleteUser':
        return grantsOf.delete(user) || true;
      case 'assignRole':
      case 'unassignRole': {
        const fields = change === 'assignRole' ? after : before;
        const read = isRecord(fields) ? CHANGES[change].read(fields) : undefined;
        if (read === undefined) return false;
        const grant = grantId(read.grant);
        if (change === 'assignRole') assign(user, grant, { time: time.toISOString(), githubId });
        else grantsOf.get(user)?.delete(grant);
        return true;
      }
      default:
        return false;
    }
  };
  return {
    add: (line: string): void => {
      if (line !== '' && !replay(parseJson(line))) unreadable += 1;
    },
    done: (): AuditHistory => ({
      unreadable,
      sinceOf: (user, id, grant) => {
        const assigned = grantsOf.get(user)?.get(grantId(grant));
        return assigned?.githubId === id ? assigned.time : undefined;
      },
    }),
  };
}
