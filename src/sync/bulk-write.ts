import type { ChangeState } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { Ledger } from '../model/ledger.ts';
import { WriteError } from '../model/ports.ts';
import type { Outage } from './outage.ts';

/** How one kind of change is written, in bulk and alone, and how Permit's data shows whether it is in effect. */
export type BulkWrite<C> = {
  readonly perCall: number;
  /** @returns how many of the batch are in effect; undefined if Permit does not say. */
  readonly send: (batch: readonly C[]) => Promise<number | undefined>;
  readonly sendOne: (change: C) => Promise<void>;
  /** Reads Permit again. @returns the state of each change, in their order. @throws SyncError */
  readonly readStates: (changes: readonly C[], doubt: Doubt) => Promise<readonly ChangeState[]>;
  /** Which requests overwrite existing data: Permit is read right before them. */
  readonly overwrites?: 'in bulk' | 'always' | undefined;
};

export const DONE: ChangeState = { kind: 'done' };
export const OPEN: ChangeState = { kind: 'open' };
export const refused = (message: string): ChangeState => ({
  kind: 'failed',
  code: 'PERMIT_REFUSED',
  message,
});

/** How Permit is read to judge changes of one kind. */
export type Reading<C, Held> = {
  /** Whether `only` costs less than `all`, or is worth it because a listing may lag. */
  readonly isFew: (changes: readonly C[], doubt: Doubt) => boolean;
  /** What these changes are about. */
  readonly only: (changes: readonly C[]) => Promise<Held>;
  /** Everything, from listings, which lag behind writes by up to a minute. */
  readonly all: () => Promise<Held>;
};

/** Why Permit is read again: a write may have been processed, or Permit does not hold what was expected. */
type Doubt = 'ambiguous' | 'conflict';

export type BulkPorts<C> = {
  readonly ledger: Ledger<C>;
  readonly outage: Outage;
  /** Waits before Permit is read after a failed write, longer each time: a minute in all by the sixth time. */
  readonly pause: (attempt: number) => Promise<void>;
  /**
   * Whether a single change is sent as a single request. Permit allows 100 bulk calls in ten minutes, which is enough
   * for only fifty people who arrive one by one.
   */
  readonly oneAlone: boolean;
};

/** @returns undefined if the whole batch was written. */
export async function attemptBatch<C>(
  batch: readonly C[],
  { send }: BulkWrite<C>,
  ports: BulkPorts<C>,
): Promise<WriteError | undefined> {
  const failure = await attemptWrite(async () => {
    const done = await send(batch);
    if (done !== 0) ports.ledger.wrote();
    if (done !== undefined && done >= batch.length) return;
    // Some items were already in effect, were not written, or a proxy answered. Only reading Permit again shows which.
    const said = done === undefined ? 'does not say how many it did' : `did ${done}`;
    throw new WriteError('conflict', `Permit ${said} of ${batch.length}`);
  }, ports);
  if (failure?.kind === 'ambiguous') ports.ledger.wrote();
  return failure;
}

/** @returns undefined if the write went through. */
export async function attemptWrite(
  write: () => Promise<void>,
  { outage }: { readonly outage: Outage },
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
 * How often to read Permit again after an unexplained conflict, with a pause before each: about a minute in all, since
 * Permit may lag that long.
 */
export const LAG_ROUNDS = 6;

/**
 * Reads Permit again, and records the changes that are in effect or can no longer be made.
 * @param attempt how often Permit was read for this before. 0: right before a write, so there is nothing to wait for.
 * @returns the changes that are still open. Empty if Permit could not be read: then all are recorded as failed.
 */
export async function readBack<C>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts<C>,
  attempt: number,
  doubt: Doubt,
): Promise<readonly C[]> {
  if (batch.length === 0) return [];
  let states: readonly ChangeState[];
  try {
    if (attempt > 0) await ports.pause(attempt);
    states = await write.readStates(batch, doubt);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const message =
      attempt === 0
        ? `not sent, since Permit could not be read: ${error.message}`
        : `in doubt: it may have been done, and Permit was not read again: ${error.message}`;
    ports.ledger.failed(batch, 'PERMIT_UNAVAILABLE', message);
    ports.ledger.halt(error.message);
    return [];
  }
  const open: C[] = [];
  for (const [index, change] of batch.entries()) {
    const now = states[index];
    if (now?.kind === 'done') {
      ports.outage.answered();
      if (doubt === 'conflict') ports.ledger.standing([change]);
      else ports.ledger.applied([change]);
    } else if (now?.kind === 'failed') ports.ledger.failed([change], now.code, now.message);
    else open.push(change);
  }
  return open;
}

/** Reads what Permit holds and judges these changes by it. */
export async function readAgain<C, Held>(
  changes: readonly C[],
  stateOf: (change: C, held: Held) => ChangeState,
  { isFew, only, all }: Reading<C, Held>,
  doubt: Doubt,
): Promise<readonly ChangeState[]> {
  if (isFew(changes, doubt)) {
    const held = await only(changes);
    return changes.map((change) => stateOf(change, held));
  }
  const listed = await all();
  const states = changes.map((change) => ({ change, now: stateOf(change, listed) }));
  // A listing may be a minute old, so no change fails because of it alone.
  const failed = states.filter(({ now }) => now.kind === 'failed').map(({ change }) => change);
  const held = failed.length > 0 ? await only(failed) : listed;
  return states.map(({ change, now }) => (now.kind === 'failed' ? stateOf(change, held) : now));
}

/** Whether writing has been stopped. If so, records these changes as skipped. */
export function isHalted<C>(changes: readonly C[], { ledger }: BulkPorts<C>): boolean {
  const why = ledger.halted();
  if (why === undefined) return false;
  ledger.skipped(changes, why);
  return true;
}

/** Stops all writing because of this failure, and records these changes. */
export function halt<C>(changes: readonly C[], failure: WriteError, { ledger }: BulkPorts<C>): void {
  if (failure.kind === 'stopped') ledger.skipped(changes, failure.message);
  else ledger.failed(changes, 'PERMIT_UNAVAILABLE', failure.message);
  ledger.halt(failure.message);
}
