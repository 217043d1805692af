import {
  type BulkKind,
  CHANGES,
  type ChangeOf,
  type ChangeState,
  type GrantChange,
} from '../model/change.ts';
import { grantId } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import {
  type MarkAttributes,
  markAttributesOf,
  markKeysThatDiffer,
  mergeMark,
  readMark,
} from '../model/mark.ts';
import type { NewUser, PermitReader, PermitWriter, WriteItems } from '../model/ports.ts';
import type { Attributes, PermitUser } from '../model/user.ts';
import { type BulkWrite, DONE, OPEN, type Reading, readAgain, refused } from './bulk-write.ts';

type UsersByKey = ReadonlyMap<UserKey, PermitUser>;

/** How each kind of change is written, and how Permit's data shows whether it is in effect. */
export type BulkWrites = { readonly [K in BulkKind]: BulkWrite<ChangeOf<K>> };

/**
 * @param before the users at planning time: profiles and attributes of people who move.
 */
export function bulkWrites(
  writer: PermitWriter,
  reader: Pick<PermitReader, 'readUsers' | 'readUser'>,
  before: UsersByKey,
): BulkWrites {
  const reading = readUsersAgain(reader, Math.ceil(before.size / USERS_PER_PAGE));
  const bulk = <K extends BulkKind>(
    kind: K,
    itemOf: (change: ChangeOf<K>) => WriteItems[K],
    stateOf: (change: ChangeOf<K>, users: UsersByKey) => ChangeState,
  ): BulkWrite<ChangeOf<K>> => ({
    perCall: CHANGES[kind].perCall,
    send: (batch) => writer.write(kind, batch.map(itemOf)),
    sendOne: (change) => writer.writeOne(kind, itemOf(change)),
    readStates: (changes, doubt) => readAgain(changes, stateOf, reading, doubt),
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

const USERS_PER_PAGE = 100;
/**
 * After a conflict, up to this many users are read one by one: a conflict is usually about something that Permit's
 * listings, which lag behind writes by up to a minute, do not show yet. Two requests each, of a thousand a minute.
 */
const MAX_SINGLE_READS = 300;

/** @param listingPages how many pages a listing of all users has. */
function readUsersAgain(
  { readUser, readUsers }: Pick<PermitReader, 'readUsers' | 'readUser'>,
  listingPages: number,
): Reading<{ readonly user: UserKey }, UsersByKey> {
  const byKey = (users: readonly (PermitUser | undefined)[]): UsersByKey =>
    new Map(users.flatMap((user) => (user ? [[user.key, user] as const] : [])));
  return {
    isFew: ({ length }, doubt) =>
      2 * length <= listingPages || (doubt === 'conflict' && length <= MAX_SINGLE_READS),
    only: async (changes) =>
      byKey(await Promise.all([...new Set(changes.map(({ user }) => user))].map((key) => readUser(key)))),
    all: async () => byKey(await readUsers()),
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
    return refused(`the user ${user} of the same person appeared during this run: run again`);
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
  return refused(`the mark of ${user} was changed by someone else during this run`);
}

const holds = ({ user, grant }: GrantChange, users: UsersByKey): boolean =>
  users.get(user)?.grants.some((held) => grantId(held) === grantId(grant)) ?? false;
