import pLimit from 'p-limit';
import type { ChangeOf } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { markAttributesOf, markKeysThatDiffer, mergeMark, readMark } from '../model/mark.ts';
import { type PermitWriter, WriteError } from '../model/ports.ts';
import type { Attributes, Profile } from '../model/user.ts';
import { type BulkPorts, isHalted, LAG_ROUNDS } from './bulk-write.ts';

type Update = ChangeOf<'updateUser'>;

const UPDATES_AT_ONCE = 5;

/**
 * Whether this is the last step of a move: the former user is deleted, so its email is free and the mark is cleaned
 * up.
 */
export const endsMove = ({ from, to }: Update): boolean =>
  from.managed_move !== undefined && to.managed_move === undefined;

/** Writes marks. Users that Permit does not find are retried together: they may not be visible yet. */
export async function updateUsers(
  changes: readonly Update[],
  writer: PermitWriter,
  ports: BulkPorts<Update>,
): Promise<void> {
  let open = changes;
  for (let round = 1; open.length > 0; round++) {
    const limit = pLimit(UPDATES_AT_ONCE);
    const failures = await Promise.all(open.map((change) => limit(() => updateUser(change, writer, ports))));
    const missing = open.filter((_, index) => failures[index]?.kind === 'conflict');
    if (missing.length === 0) return;
    if (round > LAG_ROUNDS || ports.ledger.halted() !== undefined) return;
    try {
      await ports.pause(round);
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      // The run ends during this wait: the changes stay recorded as failed.
      return;
    }
    open = missing;
  }
}

async function updateUser(
  change: Update,
  writer: PermitWriter,
  ports: BulkPorts<Update>,
): Promise<WriteError | undefined> {
  const { ledger, outage } = ports;
  if (isHalted([change], ports)) return undefined;
  try {
    await writer.updateAttributes(change.user, (now) => mergeFresh(change, now), profileOf(change));
    outage.answered();
    ledger.applied([change]);
    return undefined;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    if (error.kind === 'stopped') ledger.skipped([change], error.message);
    else {
      const refused = error.kind === 'refused' || error.kind === 'conflict';
      ledger.failed([change], refused ? 'PERMIT_REFUSED' : 'PERMIT_UNAVAILABLE', error.message);
    }
    const isDown = error.kind === 'ambiguous' && outage.writeFailed();
    if (isDown || error.kind === 'stopped' || error.kind === 'unavailable') ledger.halt(error.message);
    return error;
  }
}

/** Keeps attributes that changed since the listing. A mark that changed is never overwritten. */
function mergeFresh({ user, from, to }: Update, now: Attributes): Attributes {
  const ours = markAttributesOf(now);
  if (markKeysThatDiffer(ours, from).length > 0 && markKeysThatDiffer(ours, to).length > 0) {
    throw new WriteError('refused', `the mark of ${user} was changed by someone else during this run`);
  }
  return mergeMark(now, to);
}

/** The fields to write, and the email that waited in the mark until the former user was deleted. */
function profileOf(change: Update): Profile | undefined {
  if (!endsMove(change)) return change.profile;
  const reading = readMark(change.from as Attributes);
  const email = reading.kind === 'valid' ? reading.mark.move?.email : undefined;
  return { ...(email ? { email } : {}), ...change.profile };
}
