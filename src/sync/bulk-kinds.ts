import { grantId } from '../model/grant.ts';
import {
  type MarkAttributes,
  markAttributesOf,
  markKeysThatDiffer,
  mergeMark,
  readMark,
} from '../model/mark.ts';
import type { ChangeOf, GrantChange } from '../model/plan.ts';
import { GRANTS_PER_CALL, type NewUser, type PermitWriter, USERS_PER_CALL } from '../model/ports.ts';
import type { Attributes } from '../model/user.ts';
import type { BulkWrite, ChangeState, UsersByKey } from './bulk-write.ts';

/** The kinds of change that are written in bulk, and how each shows in what Permit holds. */

const DONE: ChangeState = { kind: 'done' };
const OPEN: ChangeState = { kind: 'open' };

export const creations = (writer: PermitWriter, before: UsersByKey): BulkWrite<ChangeOf<'createUser'>> => ({
  perCall: USERS_PER_CALL,
  send: async (batch) => {
    await writer.createUsers(batch.map((change) => newUser(change, before)));
    return undefined;
  },
  sendOne: (change) => writer.createUser(newUser(change, before)),
  standing: ({ user, mark }, users) => {
    const now = users.get(user);
    return now ? standingOfNew(user, markAttributesOf(now.attributes), mark) : OPEN;
  },
});

/** @param now the mark of a user who is there although this run did not make it. */
function standingOfNew(user: string, now: MarkAttributes, wanted: MarkAttributes): ChangeState {
  const differing = markKeysThatDiffer(now, wanted);
  // An earlier run may have brought the same move to its end, which a listing does not show for a minute.
  const isMoved = now.managed_move === undefined && differing.every((key) => key === 'managed_move');
  if (differing.length === 0 || isMoved) return DONE;
  if (isSamePerson(now, wanted)) {
    const message = `the user ${user} of the same person appeared during this run: run again`;
    return { kind: 'failed', code: 'PERMIT_REFUSED', message };
  }
  const message = `a user ${user} that is not ours appeared during this run`;
  return { kind: 'failed', code: 'KEY_TAKEN', message };
}

function isSamePerson(a: MarkAttributes, b: MarkAttributes): boolean {
  const [one, other] = [readMark(a as Attributes), readMark(b as Attributes)];
  return (
    one.kind === 'valid' &&
    other.kind === 'valid' &&
    one.mark.id === other.mark.id &&
    one.mark.owner === other.mark.owner
  );
}

/** Somebody who moves brings names and attributes along; the email follows when the former user is gone. */
function newUser({ user, mark, from }: ChangeOf<'createUser'>, before: UsersByKey): NewUser {
  const former = from === undefined ? undefined : before.get(from);
  const { email: _later, ...names } = former?.profile ?? {};
  return { key: user, attributes: mergeMark(former?.attributes ?? {}, mark), names };
}

export const deletions = (writer: PermitWriter): BulkWrite<ChangeOf<'deleteUser'>> => ({
  perCall: USERS_PER_CALL,
  send: async (batch) => {
    await writer.deleteUsers(batch.map(({ user }) => user));
    return undefined;
  },
  sendOne: ({ user }) => writer.deleteUser(user),
  standing: ({ user, last }, users) => {
    const now = users.get(user);
    if (!now) return DONE;
    if (markKeysThatDiffer(markAttributesOf(now.attributes), last).length === 0) return OPEN;
    const message = `the mark of ${user} was changed by somebody else during this run`;
    return { kind: 'failed', code: 'PERMIT_REFUSED', message };
  },
});

const holds = ({ user, grant }: GrantChange, users: UsersByKey): boolean =>
  users.get(user)?.grants.some((held) => grantId(held) === grantId(grant)) ?? false;

/** A user who is not there may not be shown yet: that is no failure before Permit has had its time. */
export const assignments = (writer: PermitWriter): BulkWrite<ChangeOf<'assignRole'>> => ({
  perCall: GRANTS_PER_CALL,
  send: (batch) => writer.assignRoles(batch),
  sendOne: (change) => writer.assignRole(change),
  standing: (change, users) => (holds(change, users) ? DONE : OPEN),
});

export const unassignments = (writer: PermitWriter): BulkWrite<ChangeOf<'unassignRole'>> => ({
  perCall: GRANTS_PER_CALL,
  send: (batch) => writer.unassignRoles(batch),
  sendOne: (change) => writer.unassignRole(change),
  standing: (change, users) => (holds(change, users) ? OPEN : DONE),
});
