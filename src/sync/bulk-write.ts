import type { Change, ChangeState } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { UserKey } from '../model/identity.ts';
import type { Ledger } from '../model/ledger.ts';
import { type PermitReader, WriteError } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import type { Outage } from './outage.ts';

export type UsersByKey = ReadonlyMap<UserKey, PermitUser>;

/** How one kind of change is written, in bulk and alone, and how Permit's data shows whether it is in effect. */
export type BulkWrite<C> = {
  readonly perCall: number;
  /** @returns how many of the batch are in effect; undefined if Permit does not say. */
  readonly send: (batch: readonly C[]) => Promise<number | undefined>;
  readonly sendOne: (change: C) => Promise<void>;
  readonly stateOf: (change: C, users: UsersByKey) => ChangeState;
};

export type BulkPorts = {
  readonly ledger: Ledger<Change>;
  readonly outage: Outage;
  readonly reader: Pick<PermitReader, 'readUsers' | 'readUser'>;
  /** How many pages a listing of all users has. */
  readonly listingPages: number;
  /** Waits before Permit is read after a failed write, longer each time: a minute in all by the sixth time. */
  readonly pause: (attempt: number) => Promise<void>;
  /**
   * Whether a single change is sent as a single request. Permit allows 100 bulk calls in ten minutes, which is enough
   * for only fifty people who arrive one by one.
   */
  readonly oneAlone: boolean;
};

/** @returns undefined if the whole batch was written. */
export function attemptBatch<C extends Change>(
  batch: readonly C[],
  { send }: BulkWrite<C>,
  ports: BulkPorts,
): Promise<WriteError | undefined> {
  return attemptWrite(async () => {
    const done = await send(batch);
    if (done !== undefined && done >= batch.length) return;
    // Some items were already in effect, were not written, or a proxy answered. Only reading Permit again shows which.
    const said = done === undefined ? 'does not say how many it did' : `did ${done}`;
    throw new WriteError('conflict', `Permit ${said} of ${batch.length}`);
  }, ports);
}

/** @returns undefined if the write went through. */
export async function attemptWrite(
  write: () => Promise<void>,
  { outage }: BulkPorts,
): Promise<WriteError | undefined> {
  try {
    await write();
    outage.answered();
    return undefined;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    if (error.kind === 'refused' || error.kind === 'conflict') outage.answered();
    return error;
  }
}

/**
 * After a conflict, up to this many users are read one by one: a conflict is usually about something that Permit's
 * listings, which lag behind writes by up to a minute, do not show yet. Two requests each, of a thousand a minute.
 */
const MOST_READ_ALONE = 300;

/**
 * How often to read Permit again after an unexplained conflict, with a pause before each: about a minute in all, since
 * Permit may lag that long.
 */
export const LAG_ROUNDS = 6;

/** Why Permit is read again: a write may have been processed, or Permit does not hold what was expected. */
type Doubt = 'ambiguous' | 'conflict';

/**
 * Reads Permit again, and records the changes that are in effect or can no longer be made.
 * @returns the changes that are still open. Empty if Permit could not be read: then all are recorded as failed.
 */
export async function settle<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  attempt: number,
  doubt: Doubt,
): Promise<readonly C[]> {
  if (batch.length === 0) return [];
  let states: ReadonlyMap<C, ChangeState>;
  try {
    await ports.pause(attempt);
    states = await readAgain(batch, write, ports, doubt);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const message = `in doubt: it may have been done, and Permit was not read again: ${error.message}`;
    ports.ledger.failed(batch, 'PERMIT_UNAVAILABLE', message);
    ports.ledger.halt(error.message);
    return [];
  }
  const open: C[] = [];
  for (const [change, now] of states) {
    if (now.kind === 'done') {
      ports.outage.answered();
      ports.ledger.applied([change]);
    } else if (now.kind === 'failed') ports.ledger.failed([change], now.code, now.message);
    else open.push(change);
  }
  return open;
}

async function readAgain<C extends Change>(
  batch: readonly C[],
  { stateOf }: BulkWrite<C>,
  { reader, listingPages }: BulkPorts,
  doubt: Doubt,
): Promise<ReadonlyMap<C, ChangeState>> {
  const readAlone = async (changes: readonly C[]): Promise<UsersByKey> => {
    const keys = [...new Set(changes.map(({ user }) => user))];
    const users = await Promise.all(keys.map((key) => reader.readUser(key)));
    return new Map(users.flatMap((user) => (user ? [[user.key, user] as const] : [])));
  };
  const judge = (changes: readonly C[], users: UsersByKey): Map<C, ChangeState> =>
    new Map(changes.map((change) => [change, stateOf(change, users)]));

  const isFew = 2 * batch.length <= listingPages || (doubt === 'conflict' && batch.length <= MOST_READ_ALONE);
  if (isFew) return judge(batch, await readAlone(batch));
  const states = judge(batch, new Map((await reader.readUsers()).map((user) => [user.key, user])));
  // A listing may be a minute old, so no change fails because of it alone.
  const failed = batch.filter((change) => states.get(change)?.kind === 'failed');
  for (const [change, now] of judge(failed, await readAlone(failed))) states.set(change, now);
  return states;
}

/** Whether nothing more may be written. Records these changes as skipped if so. */
export function isHalted(changes: readonly Change[], { ledger }: BulkPorts): boolean {
  const why = ledger.halted();
  if (why === undefined) return false;
  ledger.skipped(changes, why);
  return true;
}

/** Stops all writing because of this failure, and records these changes. */
export function halt(changes: readonly Change[], failure: WriteError, { ledger }: BulkPorts): void {
  if (failure.kind === 'stopped') ledger.skipped(changes, failure.message);
  else ledger.failed(changes, 'PERMIT_UNAVAILABLE', failure.message);
  ledger.halt(failure.message);
}
