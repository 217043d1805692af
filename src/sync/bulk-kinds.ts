import {
  type BulkKind,
  CHANGES,
  type ChangeOf,
  type ChangeState,
  type GrantChange,
} from '../model/change.ts';
import { grantId } from '../model/grant.ts';
import {
  type MarkAttributes,
  markAttributesOf,
  markKeysThatDiffer,
  mergeMark,
  readMark,
} from '../model/mark.ts';
import type { NewUser, PermitWriter, WriteItems } from '../model/ports.ts';
import type { Attributes } from '../model/user.ts';
import type { BulkWrite, UsersByKey } from './bulk-write.ts';

const DONE: ChangeState = { kind: 'done' };
const OPEN: ChangeState = { kind: 'open' };

/** How each kind of change is written, and how Permit's data shows whether it is in effect. */
export type BulkWrites = { readonly [K in BulkKind]: BulkWrite<ChangeOf<K>> };

/** @param before the users at planning time: profiles and attributes of people who move. */
export function bulkWrites(writer: PermitWriter, before: UsersByKey): BulkWrites {
  const bulk = <K extends BulkKind>(
    kind: K,
    itemOf: (change: ChangeOf<K>) => WriteItems[K],
    stateOf: (change: ChangeOf<K>, users: UsersByKey) => ChangeState,
  ): BulkWrite<ChangeOf<K>> => ({
    perCall: CHANGES[kind].perCall,
    send: (batch) => writer.write(kind, batch.map(itemOf)),
    sendOne: (change) => writer.writeOne(kind, itemOf(change)),
    stateOf,
  });
  return {
    createUser: bulk('createUser', (change) => newUser(change, before), stateOfNewUser),
    deleteUser: bulk('deleteUser', (change) => change, stateOfDeletion),
    // A missing user may just not be visible yet, so the assignment stays open instead of failing.
    assignRole: bulk(
      'assignRole',
      (change) => change,
      (change, users) => (holds(change, users) ? DONE : OPEN),
    ),
    unassignRole: bulk(
      'unassignRole',
      (change) => change,
      (change, users) => (holds(change, users) ? OPEN : DONE),
    ),
  };
}

function stateOfNewUser({ user, mark: wanted }: ChangeOf<'createUser'>, users: UsersByKey): ChangeState {
  const found = users.get(user);
  if (!found) return OPEN;
  const now = markAttributesOf(found.attributes);
  const differing = markKeysThatDiffer(now, wanted);
  // An earlier run may have finished the same move. A listing may lag behind by up to a minute.
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

/** A person who moves keeps their names and attributes. The email follows once the former user is deleted. */
function newUser({ user, mark, from, profile }: ChangeOf<'createUser'>, before: UsersByKey): NewUser {
  const former = from === undefined ? undefined : before.get(from);
  const { email: _later, ...names } = former?.profile ?? {};
  return {
    key: user,
    attributes: mergeMark(former?.attributes ?? {}, mark),
    profile: { ...names, ...profile },
  };
}

function stateOfDeletion({ user, last }: ChangeOf<'deleteUser'>, users: UsersByKey): ChangeState {
  const now = users.get(user);
  if (!now) return DONE;
  if (markKeysThatDiffer(markAttributesOf(now.attributes), last).length === 0) return OPEN;
  const message = `the mark of ${user} was changed by someone else during this run`;
  return { kind: 'failed', code: 'PERMIT_REFUSED', message };
}

const holds = ({ user, grant }: GrantChange, users: UsersByKey): boolean =>
  users.get(user)?.grants.some((held) => grantId(held) === grantId(grant)) ?? false;
