import pLimit from 'p-limit';
import { grantId } from '../model/grant.ts';
import { folded } from '../model/identity.ts';
import { markAttributesOf, markKeysThatDiffer, mergeMark, readMark } from '../model/mark.ts';
import {
  type Change,
  type ChangeKind,
  type ChangeOf,
  changesOf,
  type GrantChange,
  type PersonPlan,
  type Plan,
  type Result,
} from '../model/plan.ts';
import {
  GRANTS_PER_CALL,
  type PermitReader,
  type PermitWriter,
  USERS_PER_CALL,
  WriteError,
} from '../model/ports.ts';
import type { Attributes } from '../model/user.ts';
import { type Ledger, openLedger } from './ledger.ts';
import {
  type BulkPorts,
  type BulkWrite,
  type Standing,
  type UsersByKey,
  writeInBulk,
} from './write-in-bulk.ts';

export type ApplyPorts = {
  readonly writer: PermitWriter;
  readonly reader: Pick<PermitReader, 'readUsers'>;
  /** Waits before Permit is read after a write that failed or ended in doubt. */
  readonly pause: (attempt: number) => Promise<void>;
};

const UPDATES_AT_ONCE = 5;

/**
 * Applies a plan that was judged. Whoever only loses comes first and waits for nobody; then users, then grants; a
 * grant that is replaced is taken only after the new one stands.
 * @returns how each change ended, in the plan's order; throws for nothing that Permit may answer.
 */
export async function applyPlan(
  plan: Plan,
  { writer, reader, pause }: ApplyPorts,
): Promise<readonly Result[]> {
  const ledger = openLedger();
  const ports: BulkPorts = { ledger, readUsers: reader.readUsers, pause };
  const losing = plan.people.filter(onlyLoses);
  const others = plan.people.filter((person) => !onlyLoses(person));

  await writeInBulk(of('deleteUser', losing), deletions(writer), ports);
  await writeInBulk(of('unassignRole', losing), unassignments(writer), ports);
  await updateUsers(of('updateUser', stood(losing, 'unassignRole', ledger)), writer, ledger);

  await writeInBulk(of('createUser', waitForKeys(others, losing, ledger)), creations(writer), ports);
  await updateUsers(of('updateUser', others), writer, ledger);
  await writeInBulk(
    of('assignRole', stood(others, 'createUser', ledger, 'updateUser')),
    assignments(writer),
    ports,
  );
  await writeInBulk(of('unassignRole', stood(others, 'assignRole', ledger)), unassignments(writer), ports);

  return ledger.results(changesOf(plan));
}

/** Somebody who gains nothing: what is taken is not replaced, so nothing has to stand before. */
const onlyLoses = ({ changes }: PersonPlan): boolean =>
  changes.every(({ kind }) => kind !== 'assignRole' && kind !== 'createUser') &&
  changes.some(({ kind }) => kind === 'deleteUser' || kind === 'unassignRole');

const of = <K extends ChangeKind>(kind: K, people: readonly PersonPlan[]): readonly ChangeOf<K>[] =>
  people.flatMap(({ changes }) => changes.filter((change): change is ChangeOf<K> => change.kind === kind));

const WHY_WAITING = {
  createUser: 'the user could not be created',
  updateUser: 'the mark could not be written',
  assignRole: 'the grant that replaces it could not be made',
  unassignRole: 'the grants could not be taken',
  deleteUser: 'the user who had the key could not be deleted',
} as const satisfies Record<ChangeKind, string>;

/** The people whose changes of the given kinds all stand; everything else of the others is skipped. */
function stood(
  people: readonly PersonPlan[],
  kind: ChangeKind,
  ledger: Ledger,
  ...kinds: readonly ChangeKind[]
): readonly PersonPlan[] {
  return people.filter(({ changes }) => {
    const missing = changes.find(
      (change) => [kind, ...kinds].includes(change.kind) && !ledger.isApplied(change),
    );
    if (missing) skipOpen(changes, WHY_WAITING[missing.kind], ledger);
    return !missing;
  });
}

function skipOpen(changes: readonly Change[], why: string, ledger: Ledger): void {
  const open = ledger.results(changes).filter(({ outcome }) => outcome.kind === 'skipped');
  ledger.skipped(
    open.map(({ change }) => change),
    ledger.halted() ?? why,
  );
}

/** A key that somebody else had is free only after that user is gone. */
function waitForKeys(
  joining: readonly PersonPlan[],
  leaving: readonly PersonPlan[],
  ledger: Ledger,
): readonly PersonPlan[] {
  const occupied = new Set(
    of('deleteUser', leaving)
      .filter((change) => !ledger.isApplied(change))
      .map(({ user }) => folded(user)),
  );
  return joining.filter(({ user, changes }) => {
    const waits = occupied.has(folded(user)) && changes.some(({ kind }) => kind === 'createUser');
    if (waits) skipOpen(changes, WHY_WAITING.deleteUser, ledger);
    return !waits;
  });
}

async function updateUsers(
  changes: readonly ChangeOf<'updateUser'>[],
  writer: PermitWriter,
  ledger: Ledger,
): Promise<void> {
  const limit = pLimit(UPDATES_AT_ONCE);
  await Promise.all(changes.map((change) => limit(() => updateUser(change, writer, ledger))));
}

async function updateUser(
  change: ChangeOf<'updateUser'>,
  writer: PermitWriter,
  ledger: Ledger,
): Promise<void> {
  const halted = ledger.halted();
  if (halted !== undefined) {
    ledger.skipped([change], halted);
    return;
  }
  try {
    await writer.updateAttributes(change.user, (now) => mergeFresh(change, now));
    ledger.applied([change]);
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    if (error.kind === 'stopped') ledger.skipped([change], error.message);
    else {
      const refused = error.kind === 'refused' || error.kind === 'conflict';
      ledger.failed([change], refused ? 'PERMIT_REFUSED' : 'PERMIT_UNAVAILABLE', error.message);
    }
    if (error.kind === 'stopped' || error.kind === 'unavailable') ledger.halt(error.message);
  }
}

/** Attributes that changed since the listing are kept; a mark that did is not ours to overwrite. */
function mergeFresh({ user, from, to }: ChangeOf<'updateUser'>, now: Attributes): Attributes {
  const ours = markAttributesOf(now);
  if (markKeysThatDiffer(ours, from).length > 0 && markKeysThatDiffer(ours, to).length > 0) {
    throw new WriteError('refused', `the mark of ${user} was changed by somebody else during this run`);
  }
  return mergeMark(now, to);
}

const DONE: Standing = { kind: 'done' };
const OPEN: Standing = { kind: 'open' };

const creations = (writer: PermitWriter): BulkWrite<ChangeOf<'createUser'>> => ({
  perCall: USERS_PER_CALL,
  send: async (batch) => {
    await writer.createUsers(batch.map(({ user, mark }) => ({ key: user, attributes: mark as Attributes })));
    return undefined;
  },
  sendOne: ({ user, mark }) => writer.createUser({ key: user, attributes: mark as Attributes }),
  standing: ({ user, mark }, users) => {
    const now = users.get(user);
    if (!now) return OPEN;
    if (markKeysThatDiffer(markAttributesOf(now.attributes), mark).length === 0) return DONE;
    return {
      kind: 'failed',
      code: 'KEY_TAKEN',
      message: `a user ${user} that is not ours appeared during this run`,
    };
  },
});

const deletions = (writer: PermitWriter): BulkWrite<ChangeOf<'deleteUser'>> => ({
  perCall: USERS_PER_CALL,
  send: async (batch) => {
    await writer.deleteUsers(batch.map(({ user }) => user));
    return undefined;
  },
  sendOne: ({ user }) => writer.deleteUser(user),
  standing: ({ user, last }, users) => {
    const now = users.get(user);
    if (!now) return DONE;
    const reading = readMark(now.attributes);
    if (reading.kind === 'valid' && markKeysThatDiffer(markAttributesOf(now.attributes), last).length === 0)
      return OPEN;
    const message = `the mark of ${user} was changed by somebody else during this run`;
    return { kind: 'failed', code: 'PERMIT_REFUSED', message };
  },
});

const holds = ({ user, grant }: GrantChange, users: UsersByKey): boolean =>
  users.get(user)?.grants.some((held) => grantId(held) === grantId(grant)) ?? false;

const assignments = (writer: PermitWriter): BulkWrite<ChangeOf<'assignRole'>> => ({
  perCall: GRANTS_PER_CALL,
  send: (batch) => writer.assignRoles(batch),
  sendOne: (change) => writer.assignRole(change),
  standing: (change, users) => {
    if (holds(change, users)) return DONE;
    if (users.has(change.user)) return OPEN;
    return { kind: 'failed', code: 'PERMIT_REFUSED', message: `the user ${change.user} is gone` };
  },
});

const unassignments = (writer: PermitWriter): BulkWrite<ChangeOf<'unassignRole'>> => ({
  perCall: GRANTS_PER_CALL,
  send: (batch) => writer.unassignRoles(batch),
  sendOne: (change) => writer.unassignRole(change),
  standing: (change, users) => (holds(change, users) ? OPEN : DONE),
});
