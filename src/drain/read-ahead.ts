import { identitiesIn } from '../model/corporate-identity.ts';
import type { PermitReader } from '../model/ports.ts';
import { sortOut } from '../plan/ownership.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import type { Hints } from './hints.ts';
import { readUsersOf } from './targeted-users.ts';

/** What a drain reads of Permit before it writes. */
export type UsersReader = Pick<PermitReader, 'readUser' | 'readUsers' | 'countUsers'>;

/** Asks each question once. An answer holds until the drain writes. */
export function askOnce(reader: UsersReader): UsersReader {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const known = answers.get(question) as Promise<T> | undefined;
    if (known) return known;
    const answer = ask();
    answers.set(question, answer);
    // A failed question is asked again when its answer is needed.
    answer.catch(() => answers.delete(question));
    return answer;
  };
  return {
    readUser: (key) => once(`user ${key}`, () => reader.readUser(key)),
    readUsers: (likely) => once('users', () => reader.readUsers(likely)),
    countUsers: () => once('count', reader.countUsers),
  };
}

/**
 * Who is said to join mostly has no user, so all users are read at once. In larger environments it is found out first: a
 * repeated delivery about a known person must not cost more than this, 50 requests.
 */
const MOST_GUESSED = 5_000;

/**
 * Begins to read what the plan most likely needs of Permit, while GitHub is asked. If someone joins, or has no user of
 * ours under the names in the entries, all users are needed. Never rejects.
 * @param likely how many users Permit probably holds.
 * @param reader one that asks once, which then knows the answers.
 */
export async function readAhead(
  hints: Hints,
  { owner, userSettings }: Pick<ReconcileRequest, 'owner' | 'userSettings'>,
  reader: UsersReader,
  likely: number,
): Promise<void> {
  const readEveryone = (): void => void reader.readUsers(likely).catch(() => undefined);
  const entries = [...hints.people.values()].flat().map(({ entry }) => entry);
  if (entries.some(({ action }) => action.endsWith('removed'))) reader.countUsers().catch(() => undefined);
  if (entries.some(({ action }) => action === 'member_added') && likely <= MOST_GUESSED) readEveryone();
  // Only GitHub knows the keys that hold identities.
  if (identitiesIn(userSettings.key).length > 0) return;
  const nothingYet = { orgs: [], identities: undefined };
  const users = await readUsersOf(hints, nothingYet, userSettings, reader).catch(() => undefined);
  const managed = users && sortOut(users, owner).managed;
  if (managed && [...hints.people.keys()].some((id) => !managed.has(id))) readEveryone();
}
