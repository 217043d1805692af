import pLimit from 'p-limit';
import type { PersonErrorCode } from '../model/errors.ts';
import { SyncError } from '../model/errors.ts';
import type { UserKey } from '../model/identity.ts';
import type { Change } from '../model/plan.ts';
import { type Done, WriteError } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import type { Ledger } from './ledger.ts';

/** Whether a change stands already, going by what Permit holds now. */
export type Standing =
  | { readonly kind: 'done' }
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly code: PersonErrorCode; readonly message: string };

export type UsersByKey = ReadonlyMap<UserKey, PermitUser>;

/** How one kind of change is written, in bulk and alone, and how Permit shows that it stands. */
export type BulkWrite<C extends Change> = {
  readonly perCall: number;
  readonly send: (batch: readonly C[]) => Promise<Done | undefined>;
  readonly sendOne: (change: C) => Promise<unknown>;
  readonly standing: (change: C, users: UsersByKey) => Standing;
};

export type BulkPorts = {
  readonly ledger: Ledger;
  readonly readUsers: () => Promise<readonly PermitUser[]>;
  /** Waits before Permit is read after a failed write, longer each time. */
  readonly pause: (attempt: number) => Promise<void>;
};

/** Writes that ended in doubt or in a conflict are taken up this many times before they are given up. */
const ATTEMPTS = 5;
/**
 * A refused batch is cut once into about this many pieces, and a refused piece into single writes: with 20 bad
 * people of 3,000 that is 41 bulk calls of the 100 that Permit allows in ten minutes.
 */
const PIECES = 40;
const SMALLEST_PIECE = 20;
const SINGLE_WRITES_AT_ONCE = 5;

/** Brings every change to an end; never throws for one of them, and never lets one hold up the others. */
export async function writeInBulk<C extends Change>(
  changes: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
): Promise<void> {
  for (const batch of chunks(changes, write.perCall)) await writeBatch(batch, write, ports, 1, 'whole');
}

async function writeBatch<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  attempt: number,
  cut: 'whole' | 'piece',
): Promise<void> {
  if (batch.length === 0 || isHalted(batch, ports)) return;
  const failure = await attemptWrite(() => write.send(batch), batch.length);
  if (!failure) {
    ports.ledger.applied(batch);
    return;
  }
  switch (failure.kind) {
    case 'stopped':
    case 'unavailable':
      halt(batch, failure, ports);
      return;
    case 'refused':
      await writeApart(batch, write, ports, failure, cut);
      return;
    case 'conflict':
    case 'ambiguous': {
      const isConflict = failure.kind === 'conflict';
      // Single writes tell whose conflict it is, and need one reading for all of them.
      if (isConflict && cut === 'piece' && batch.length > 1) {
        await writeApart(batch, write, ports, failure, cut);
        return;
      }
      const open = await settle(batch, write, ports, attempt);
      if (open === undefined || open.length === 0) return;
      // What Permit holds does not explain the conflict: asking for the same again only costs bulk calls.
      const unexplained = isConflict && attempt > 1 && open.length === batch.length;
      if (attempt < ATTEMPTS && !unexplained) await writeBatch(open, write, ports, attempt + 1, cut);
      else if (isConflict) await writeApart(open, write, ports, failure, cut);
      else halt(open, failure, ports);
      return;
    }
    default:
      failure.kind satisfies never;
  }
}

/** @returns undefined when the write went through, whole. */
async function attemptWrite(
  write: () => Promise<Done | undefined | unknown>,
  expected: number,
): Promise<WriteError | undefined> {
  try {
    const answer = (await write()) as Done | undefined;
    const done = answer?.done;
    // Something was there already, or was not done: what of it stands has to be read.
    return done !== undefined && done < expected
      ? new WriteError('conflict', `Permit did ${done} of ${expected}`)
      : undefined;
  } catch (error) {
    if (error instanceof WriteError) return error;
    throw error;
  }
}

/**
 * Reads Permit again, and closes what stands or can't be done.
 * @returns what is still open; undefined when Permit could not be read, and everything has been closed as failed.
 */
async function settle<C extends Change>(
  batch: readonly C[],
  { standing }: BulkWrite<C>,
  ports: BulkPorts,
  attempt: number,
): Promise<readonly C[] | undefined> {
  let users: UsersByKey;
  try {
    await ports.pause(attempt);
    users = new Map((await ports.readUsers()).map((user) => [user.key, user]));
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const message = `it may have been done, and Permit could not be read again: ${error.message}`;
    ports.ledger.failed(batch, 'PERMIT_UNAVAILABLE', message);
    ports.ledger.halt(error.message);
    return undefined;
  }
  const open: C[] = [];
  for (const change of batch) {
    const now = standing(change, users);
    if (now.kind === 'done') ports.ledger.applied([change]);
    else if (now.kind === 'failed') ports.ledger.failed([change], now.code, now.message);
    else open.push(change);
  }
  return open;
}

/** Finds the culprits: by Permit's own word where it blames items, else by cutting the batch up. */
async function writeApart<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  failure: WriteError,
  cut: 'whole' | 'piece',
): Promise<void> {
  const blamed = new Set(failure.culprits.filter((index) => index < batch.length));
  if (blamed.size > 0) {
    ports.ledger.failed(
      batch.filter((_, index) => blamed.has(index)),
      'PERMIT_REFUSED',
      failure.message,
    );
    await writeBatch(
      batch.filter((_, index) => !blamed.has(index)),
      write,
      ports,
      1,
      cut,
    );
    return;
  }
  const [only, ...more] = batch;
  if (only && more.length === 0) {
    ports.ledger.failed([only], 'PERMIT_REFUSED', failure.message);
    return;
  }
  const pieceSize = Math.max(SMALLEST_PIECE, Math.ceil(batch.length / PIECES));
  if (cut === 'piece' || batch.length <= pieceSize) {
    await writeOneByOne(batch, write, ports);
    return;
  }
  for (const piece of chunks(batch, pieceSize)) await writeBatch(piece, write, ports, 1, 'piece');
}

async function writeOneByOne<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
): Promise<void> {
  const inDoubt: { readonly change: C; readonly failure: WriteError }[] = [];
  const limit = pLimit(SINGLE_WRITES_AT_ONCE);
  const writeOne = async (change: C): Promise<void> => {
    if (isHalted([change], ports)) return;
    const failure = await attemptWrite(() => write.sendOne(change), 0);
    if (!failure) ports.ledger.applied([change]);
    else if (failure.kind === 'refused') ports.ledger.failed([change], 'PERMIT_REFUSED', failure.message);
    else if (failure.kind === 'conflict' || failure.kind === 'ambiguous') inDoubt.push({ change, failure });
    else halt([change], failure, ports);
  };
  await Promise.all(batch.map((change) => limit(() => writeOne(change))));
  if (inDoubt.length === 0) return;

  const open = new Set(
    await settle(
      inDoubt.map(({ change }) => change),
      write,
      ports,
      1,
    ),
  );
  for (const { change, failure } of inDoubt) {
    if (!open.has(change)) continue;
    const code = failure.kind === 'conflict' ? 'PERMIT_REFUSED' : 'PERMIT_UNAVAILABLE';
    ports.ledger.failed([change], code, failure.message);
  }
}

function isHalted(changes: readonly Change[], { ledger }: BulkPorts): boolean {
  const why = ledger.halted();
  if (why === undefined) return false;
  ledger.skipped(changes, why);
  return true;
}

function halt(changes: readonly Change[], failure: WriteError, { ledger }: BulkPorts): void {
  if (failure.kind === 'stopped') ledger.skipped(changes, failure.message);
  else ledger.failed(changes, 'PERMIT_UNAVAILABLE', failure.message);
  ledger.halt(failure.message);
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
