import pLimit from 'p-limit';
import type { Change } from '../model/plan.ts';
import type { WriteError } from '../model/ports.ts';
import { attemptWrite, type BulkPorts, type BulkWrite, halt, isHalted, settle } from './bulk-write.ts';

/** A conflict is taken up this many times before the batch is cut up. */
const TRIES_IN_CONFLICT = 5;
/** A batch, and later a single write, that ended in doubt is sent this many times before it is given up. */
const TRIES_IN_DOUBT = 3;
/**
 * A batch that fails is cut once into about this many pieces, and a piece that fails into single writes: with 20 bad
 * people of 3,000 that is 41 bulk calls of the 100 that Permit allows in ten minutes, and two more in doubt.
 */
const PIECES = 40;
const SMALLEST_PIECE = 20;
/** After so many in doubt in a row it is not the people in them: bulk calls as such fail, and cost time. */
const PIECES_IN_A_ROW = 25;
/** Single writes, spread over a batch, that show whether Permit is down or fails on some of the batch. */
const PROBES = 5;
/** Permit may blame one item of a batch at a time. Then the batch is sent this many times, and each piece twice. */
const ROUNDS_OF_BLAME = 20;
const SINGLE_WRITES_AT_ONCE = 5;

/** Brings every change to an end; never throws for one of them, and never lets one hold up the others. */
export async function writeInBulk<C extends Change>(
  changes: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
): Promise<void> {
  if (ports.oneAlone && changes.length === 1) return writeOneByOne(changes, write, ports);
  const whole: Cut = { kind: 'whole', rounds: ROUNDS_OF_BLAME };
  for (const batch of chunks(changes, write.perCall)) await writeBatch(batch, write, ports, 1, whole);
}

/** Whether a batch may be cut into pieces, and how many times more Permit may blame items of it. */
type Cut = { readonly kind: 'whole' | 'piece'; readonly rounds: number };

/** @returns what of a piece is in doubt, to be read and written alone; nothing of a whole batch ever is. */
async function writeBatch<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  attempt: number,
  cut: Cut,
): Promise<readonly C[]> {
  if (batch.length === 0 || isHalted(batch, ports)) return [];
  const failure = await attemptWrite(() => write.send(batch), batch.length, ports);
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
      return writeApart(batch, write, ports, failure, cut);
    case 'conflict': {
      // Single writes tell whose conflict it is, and need one reading for all of them.
      if (cut.kind === 'piece' && batch.length > 1) return writeApart(batch, write, ports, failure, cut);
      const open = await settle(batch, write, ports, attempt);
      if (open.length === 0) return [];
      // What Permit holds does not explain the conflict: asking for the same again only costs bulk calls.
      const isUnexplained = attempt > 1 && open.length === batch.length;
      return attempt < TRIES_IN_CONFLICT && !isUnexplained
        ? writeBatch(open, write, ports, attempt + 1, cut)
        : writeApart(open, write, ports, failure, cut);
    }
    case 'ambiguous': {
      // All pieces in doubt are read at once.
      if (cut.kind === 'piece') return batch;
      const open = await settle(batch, write, ports, attempt);
      if (attempt < TRIES_IN_DOUBT) await writeBatch(open, write, ports, attempt + 1, cut);
      else await findBroken(open, write, ports, failure);
      return [];
    }
    default:
      failure.kind satisfies never;
      return [];
  }
}

/** Finds the culprits of a refusal: by Permit's own word where it blames items, else by cutting the batch up. */
async function writeApart<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  failure: WriteError,
  cut: Cut,
): Promise<readonly C[]> {
  const blamed = new Set(failure.culprits.filter((index) => index < batch.length));
  if (blamed.size > 0 && cut.rounds > 0) {
    ports.ledger.failed(
      batch.filter((_, index) => blamed.has(index)),
      'PERMIT_REFUSED',
      failure.message,
    );
    const rest = batch.filter((_, index) => !blamed.has(index));
    return writeBatch(rest, write, ports, 1, { ...cut, rounds: cut.rounds - 1 });
  }
  const [only, ...more] = batch;
  if (only && more.length === 0) {
    ports.ledger.failed([only], 'PERMIT_REFUSED', failure.message);
    return [];
  }
  if (cut.kind === 'piece') await writeOneByOne(batch, write, ports);
  else await writeInPieces(batch, write, ports, Math.min(cut.rounds, 1));
  return [];
}

/** @param rounds how many times Permit may blame items of one piece. */
async function writeInPieces<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  rounds: number,
): Promise<void> {
  const pieceSize = Math.max(SMALLEST_PIECE, Math.ceil(batch.length / PIECES));
  if (batch.length <= pieceSize) {
    await writeOneByOne(batch, write, ports);
    return;
  }
  const inDoubt: C[] = [];
  let failedInARow = 0;
  for (const piece of chunks(batch, pieceSize)) {
    const isHopeless = failedInARow >= PIECES_IN_A_ROW;
    const open = isHopeless ? piece : await writeBatch(piece, write, ports, 1, { kind: 'piece', rounds });
    failedInARow = open.length > 0 ? failedInARow + 1 : 0;
    inDoubt.push(...open);
  }
  await writeOneByOne(await settle(inDoubt, write, ports, 1), write, ports);
}

/**
 * A batch that fails for good without a word: either Permit is down, or somebody in it is broken in a way that Permit
 * stumbles over. Where single writes of it go through, it is the latter, and the others must not wait.
 */
async function findBroken<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  failure: WriteError,
): Promise<void> {
  if (batch.length === 0) return;
  const probes = new Set(batch.length <= SMALLEST_PIECE ? batch : spread(batch, PROBES));
  const rest = batch.filter((change) => !probes.has(change));
  const answersBefore = ports.outage.answers();
  await writeOneByOne([...probes], write, ports);
  if (ports.outage.answers() > answersBefore) {
    await writeInPieces(rest, write, ports, 1);
    return;
  }
  ports.ledger.failed(rest, 'PERMIT_UNAVAILABLE', failure.message);
  if (ports.outage.batchFailed()) ports.ledger.halt(failure.message);
}

async function writeOneByOne<C extends Change>(
  batch: readonly C[],
  write: BulkWrite<C>,
  ports: BulkPorts,
  attempt = 1,
): Promise<void> {
  const failures = new Map<C, WriteError>();
  const limit = pLimit(SINGLE_WRITES_AT_ONCE);
  const writeOne = async (change: C): Promise<void> => {
    if (isHalted([change], ports)) return;
    const failure = await attemptWrite(() => write.sendOne(change), 0, ports);
    if (!failure) ports.ledger.applied([change]);
    else if (failure.kind === 'refused') ports.ledger.failed([change], 'PERMIT_REFUSED', failure.message);
    else if (failure.kind === 'conflict') failures.set(change, failure);
    else if (failure.kind === 'ambiguous') {
      failures.set(change, failure);
      if (attempt === 1 && ports.outage.writeFailed()) ports.ledger.halt(failure.message);
    } else halt([change], failure, ports);
  };
  await Promise.all(batch.map((change) => limit(() => writeOne(change))));

  const open = await settle([...failures.keys()], write, ports, attempt);
  const mayRepeat = attempt < TRIES_IN_DOUBT && ports.ledger.halted() === undefined;
  const again: C[] = [];
  for (const change of open) {
    const failure = failures.get(change);
    if (failure?.kind === 'conflict') ports.ledger.failed([change], 'PERMIT_REFUSED', failure.message);
    else if (mayRepeat) again.push(change);
    else ports.ledger.failed([change], 'PERMIT_UNAVAILABLE', failure?.message ?? 'it may have been done');
  }
  if (again.length > 0) await writeOneByOne(again, write, ports, attempt + 1);
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** So many of them, from the first to the last at equal distances. */
const spread = <T>(items: readonly T[], count: number): readonly T[] =>
  Array.from({ length: count }, (_, index) => Math.floor((index * (items.length - 1)) / (count - 1))).flatMap(
    (at) => items.slice(at, at + 1),
  );
