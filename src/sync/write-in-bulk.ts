import pLimit from 'p-limit';
import type { WriteError } from '../model/ports.ts';
import { chunks } from '../model/text/record.ts';
import {
  attemptBatch,
  attemptWrite,
  type BulkPorts,
  type BulkWrite,
  halt,
  isHalted,
  LAG_ROUNDS,
  readBack,
} from './bulk-write.ts';

/** How many times a batch in conflict is sent before it is split. */
const TRIES_IN_CONFLICT = 5;
/** How many times a batch, and later a single write, in doubt is sent. */
const TRIES_IN_DOUBT = 3;
/**
 * A failed batch is split once into about this many pieces, and a failed piece into single writes. With 20 bad people
 * of 3,000 that makes 41 bulk calls, plus two if in doubt, of the 100 that Permit allows in ten minutes.
 */
const PIECES = 40;
const MIN_PIECE_SIZE = 20;
/** After this many pieces in doubt in a row, bulk calls themselves seem to fail, and the rest is written singly. */
const PIECES_IN_A_ROW = 25;
/**
 * How many batches are sent at once, after the first went alone. Nobody waits for a later batch of the same kind, and
 * 10,000 people are four batches.
 */
const BATCHES_AT_ONCE = 2;
/** How many single writes, spread over a batch, show whether all of it fails or only some people. */
const PROBES = 5;
/** Permit may blame one item of a batch at a time. How many times a batch is sent again without it; a piece: once. */
const ROUNDS_OF_BLAME = 20;
const SINGLE_WRITES_AT_ONCE = 5;

/** The writing of all changes of one kind. */
type BulkState<C> = {
  readonly write: BulkWrite<C>;
  readonly ports: BulkPorts<C>;
  /** Changes whose single writes ended in a conflict, which Permit may explain later. */
  readonly conflicts: Map<C, WriteError>;
  /** How often Permit was given time to show what it holds, out of `LAG_ROUNDS`. */
  waits: number;
};

/** Writes these changes and records how each ended. Never throws because of one, and one never blocks the others. */
export async function writeInBulk<C>(
  changes: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts<C>,
): Promise<void> {
  const writing: BulkState<C> = { write, ports, conflicts: new Map(), waits: 0 };
  if (write.perCall === 1 || (ports.oneAlone && changes.length === 1)) {
    await writeOneByOne(
      write.overwrites === 'always' ? await readBefore(changes, writing) : changes,
      writing,
    );
  } else {
    const [first = [], ...others] = chunks(changes, write.perCall);
    await writeTogether([first], writing);
    // What is overwritten is read right before.
    for (const some of chunks(others, write.overwrites ? 1 : BATCHES_AT_ONCE))
      await writeTogether(some, writing);
  }
  await resolveConflicts(writing);
}

/** Sends these batches at once, then sees to those that failed, one after the other. */
async function writeTogether<C>(batches: readonly (readonly C[])[], writing: BulkState<C>): Promise<void> {
  const { write, ports } = writing;
  const sent = await Promise.all(
    batches.map(async (batch) => {
      const open = write.overwrites ? await readBefore(batch, writing) : batch;
      const isSent = open.length > 0 && !isHalted(open, ports);
      return isSent ? { open, failure: await attemptBatch(open, write, ports) } : undefined;
    }),
  );
  for (const one of sent) if (one) await finishBatch(one.open, one.failure, writing, 1, WHOLE);
}

/** Leaves out what someone else has written since the plan was made. */
const readBefore = async <C>(batch: readonly C[], { write, ports }: BulkState<C>): Promise<readonly C[]> =>
  isHalted(batch, ports) ? [] : readBack(batch, write, ports, 0, 'conflict');

/** A whole batch or a piece of one, and how many more times Permit may blame items of it. */
type Cut = { readonly kind: 'whole' | 'piece'; readonly rounds: number };
const WHOLE: Cut = { kind: 'whole', rounds: ROUNDS_OF_BLAME };

/**
 * @returns the changes of a piece that are in doubt, for the caller to read and write singly; none for a whole batch.
 */
async function writeBatch<C>(
  batch: readonly C[],
  writing: BulkState<C>,
  attempt: number,
  cut: Cut,
): Promise<readonly C[]> {
  const { write, ports } = writing;
  if (batch.length === 0 || isHalted(batch, ports)) return [];
  return finishBatch(batch, await attemptBatch(batch, write, ports), writing, attempt, cut);
}

/** @param failure of the attempt; undefined if it succeeded. @returns as `writeBatch` does. */
async function finishBatch<C>(
  batch: readonly C[],
  failure: WriteError | undefined,
  writing: BulkState<C>,
  attempt: number,
  cut: Cut,
): Promise<readonly C[]> {
  const { write, ports } = writing;
  if (!failure) {
    ports.ledger.applied(batch);
    return [];
  }
  switch (failure.kind) {
    case 'stopped':
    case 'unavailable':
      halt(batch, failure, ports);
      return [];
    case 'refused':
      return isolateRefused(batch, writing, failure, cut);
    case 'conflict': {
      // Single writes show whose conflict it is, and all of them need only one read.
      if (cut.kind === 'piece' && batch.length > 1) return isolateRefused(batch, writing, failure, cut);
      const open = await readBack(batch, write, ports, attempt, 'conflict');
      if (open.length === 0) return [];
      // Permit's data does not explain the conflict, so sending the same batch again only costs bulk calls.
      const isUnexplained = attempt > 1 && open.length === batch.length;
      if (isUnexplained && open.length > MIN_PIECE_SIZE) await writeOrWait(open, writing, failure, cut);
      else if (isUnexplained || attempt >= TRIES_IN_CONFLICT)
        return isolateRefused(open, writing, failure, cut);
      else return writeBatch(open, writing, attempt + 1, cut);
      return [];
    }
    case 'ambiguous': {
      // All pieces in doubt are read at once.
      if (cut.kind === 'piece') return batch;
      const open = await readBack(batch, write, ports, attempt, 'ambiguous');
      if (attempt < TRIES_IN_DOUBT) await writeBatch(open, writing, attempt + 1, cut);
      else await findBroken(open, writing, failure);
      return [];
    }
    default:
      failure.kind satisfies never;
      return [];
  }
}

/**
 * Handles a batch with an unexplained conflict. If single writes of it succeed, only some people are in conflict, and
 * the others must not wait. If not, Permit lags behind its own writes: the whole batch is sent again after a pause,
 * for up to a minute.
 */
async function writeOrWait<C>(
  batch: readonly C[],
  writing: BulkState<C>,
  failure: WriteError,
  cut: Cut,
): Promise<void> {
  const { write, ports, conflicts } = writing;
  const probes = spread(batch, PROBES);
  await writeOneByOne(probes, writing);
  let open: readonly C[] = batch.filter((change) => !probes.includes(change));
  const isAboutAll = probes.every((change) => conflicts.has(change));
  while (isAboutAll && open.length > 0 && writing.waits < LAG_ROUNDS && !isHalted(open, ports)) {
    writing.waits += 1;
    open = await readBack(open, write, ports, writing.waits, 'conflict');
    if (open.length === 0 || isHalted(open, ports)) return;
    const again = await attemptBatch(open, write, ports);
    if (!again) {
      ports.ledger.applied(open);
      return;
    }
    if (again.kind === 'conflict') continue;
    // A different failure, which is handled as for a new batch.
    await writeBatch(open, writing, 1, cut);
    return;
  }
  await isolateRefused(open, writing, failure, cut);
}

/** Finds the culprits of a refusal: those that Permit blames, or else by splitting the batch. */
async function isolateRefused<C>(
  batch: readonly C[],
  writing: BulkState<C>,
  failure: WriteError,
  cut: Cut,
): Promise<readonly C[]> {
  const { ledger } = writing.ports;
  const blamed = new Set(failure.culprits.filter((index) => index < batch.length));
  if (blamed.size > 0 && cut.rounds > 0) {
    ledger.failed(
      batch.filter((_, index) => blamed.has(index)),
      'PERMIT_REFUSED',
      failure.message,
    );
    const rest = batch.filter((_, index) => !blamed.has(index));
    return writeBatch(rest, writing, 1, { ...cut, rounds: cut.rounds - 1 });
  }
  const [only, ...more] = batch;
  if (only && more.length === 0) {
    if (failure.kind === 'conflict') writing.conflicts.set(only, failure);
    else ledger.failed([only], 'PERMIT_REFUSED', failure.message);
    return [];
  }
  if (cut.kind === 'piece') await writeOneByOne(batch, writing);
  else await writeInPieces(batch, writing, Math.min(cut.rounds, 1));
  return [];
}

/** @param rounds how many times Permit may blame items of one piece. */
async function writeInPieces<C>(batch: readonly C[], writing: BulkState<C>, rounds: number): Promise<void> {
  const pieceSize = Math.max(MIN_PIECE_SIZE, Math.ceil(batch.length / PIECES));
  if (batch.length <= pieceSize) {
    await writeOneByOne(batch, writing);
    return;
  }
  const inDoubt: C[] = [];
  let failedInARow = 0;
  for (const piece of chunks(batch, pieceSize)) {
    const isHopeless = failedInARow >= PIECES_IN_A_ROW;
    const open = isHopeless ? piece : await writeBatch(piece, writing, 1, { kind: 'piece', rounds });
    failedInARow = open.length > 0 ? failedInARow + 1 : 0;
    inDoubt.push(...open);
  }
  await writeOneByOne(await readBack(inDoubt, writing.write, writing.ports, 1, 'ambiguous'), writing);
}

/**
 * Handles a batch that keeps failing without an answer. If single writes of it succeed, Permit fails on some people
 * in it, and the others must not wait. If not, Permit is down.
 */
async function findBroken<C>(batch: readonly C[], writing: BulkState<C>, failure: WriteError): Promise<void> {
  if (batch.length === 0) return;
  const { ledger, outage } = writing.ports;
  const probes = new Set(batch.length <= MIN_PIECE_SIZE ? batch : spread(batch, PROBES));
  const rest = batch.filter((change) => !probes.has(change));
  const answersBefore = outage.answers();
  await writeOneByOne([...probes], writing);
  if (outage.answers() > answersBefore) {
    await writeInPieces(rest, writing, 1);
    return;
  }
  ledger.failed(rest, 'PERMIT_UNAVAILABLE', failure.message);
  if (outage.batchFailed()) ledger.halt(failure.message);
}

/** Writes changes singly. Conflicts stay open: they are resolved for all changes of a kind together. */
async function writeOneByOne<C>(batch: readonly C[], writing: BulkState<C>, attempt = 1): Promise<void> {
  const { write, ports, conflicts } = writing;
  const inDoubt = new Map<C, WriteError>();
  const limit = pLimit(SINGLE_WRITES_AT_ONCE);
  const writeOne = async (change: C): Promise<void> => {
    if (isHalted([change], ports)) return;
    const failure = await attemptWrite(() => write.sendOne(change), ports);
    if (!failure) ports.ledger.applied([change]);
    else if (failure.kind === 'refused') ports.ledger.failed([change], 'PERMIT_REFUSED', failure.message);
    else if (failure.kind === 'conflict') conflicts.set(change, failure);
    else if (failure.kind === 'ambiguous') {
      ports.ledger.wrote();
      inDoubt.set(change, failure);
      if (attempt === 1 && ports.outage.writeFailed()) ports.ledger.halt(failure.message);
    } else halt([change], failure, ports);
  };
  await Promise.all(batch.map((change) => limit(() => writeOne(change))));

  const open = await readBack([...inDoubt.keys()], write, ports, attempt, 'ambiguous');
  const mayRepeat = attempt < TRIES_IN_DOUBT && ports.ledger.halted() === undefined;
  if (mayRepeat && open.length > 0) await writeOneByOne(open, writing, attempt + 1);
  else {
    for (const change of open) {
      const message = inDoubt.get(change)?.message ?? 'it may have been done';
      ports.ledger.failed([change], 'PERMIT_UNAVAILABLE', message);
    }
  }
}

/**
 * Reads the users of single writes in conflict again, and retries what is still open. Only after about a minute, by
 * which Permit may lag, is anyone reported as failed.
 */
async function resolveConflicts<C>(writing: BulkState<C>): Promise<void> {
  const { write, ports, conflicts } = writing;
  while (conflicts.size > 0) {
    const failures = new Map(conflicts);
    conflicts.clear();
    const isLast = writing.waits >= LAG_ROUNDS;
    writing.waits += 1;
    const attempt = isLast ? 1 : writing.waits;
    const open = await readBack([...failures.keys()], write, ports, attempt, 'conflict');
    await writeOneByOne(open, writing);
    if (!isLast) continue;
    for (const [change, { message }] of conflicts) ports.ledger.failed([change], 'PERMIT_REFUSED', message);
    return;
  }
}

/** This many items at equal distances, including the first and the last. */
const spread = <T>(items: readonly T[], count: number): readonly T[] =>
  Array.from({ length: count }, (_, index) => Math.floor((index * (items.length - 1)) / (count - 1))).flatMap(
    (at) => items.slice(at, at + 1),
  );
