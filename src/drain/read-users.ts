import type { Change } from '../model/change.ts';
import { identitiesIn } from '../model/corporate-identity.ts';
import type { GitHubId, UserKey } from '../model/identity.ts';
import { accountsIn, type OrgFacts } from '../model/member.ts';
import { openPhaseMemory } from '../model/once.ts';
import type { Plan } from '../model/plan.ts';
import type { PermitReader } from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import type { PermitUser, UserSettings } from '../model/user.ts';
import { userKeys } from '../plan/keys/due-key.ts';
import { groupByOwner } from '../plan/ownership.ts';
import { anyoneHoldsMirroredRole } from '../plan/repositories/owned-instance.ts';
import type { LookedUpObservation } from '../sync/observation.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import type { Hints } from './hints.ts';

/** What a drain reads from Permit before it writes. */
export type UsersReader = Pick<PermitReader, 'readUser' | 'readUsers' | 'countUsers' | 'readGraph'>;

/** Asks each question once. An answer holds until the drain writes. */
export function askOnce(reader: UsersReader): UsersReader {
  const once = openPhaseMemory('forgotten');
  return {
    readUser: (key) => once(`user ${key}`, () => reader.readUser(key)),
    readUsers: (likely) => once('users', () => reader.readUsers(likely)),
    countUsers: () => once('count', reader.countUsers),
    ...defined({ readGraph: reader.readGraph }),
  };
}

/**
 * Someone who joins usually has no user yet, so all users are read at once. In larger environments that is checked
 * first: a repeated delivery about a known person must not cost more than 50 requests.
 */
const MAX_USERS_READ_AHEAD = 5_000;

/**
 * Begins to read from Permit what the plan most likely needs, while GitHub is asked. If someone joins, or has no user
 * of ours under the names in the entries, all users are needed. Never rejects.
 * @param likely how many users Permit probably holds.
 * @param reader one that asks each question once, and so has the answers later.
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
  if (entries.some(({ action }) => action === 'member_added') && likely <= MAX_USERS_READ_AHEAD)
    readEveryone();
  // Keys that hold identities are known only after GitHub was asked.
  if (identitiesIn(userSettings.key).length > 0) return;
  const nothingYet = { orgs: [], identities: undefined };
  const users = await readUsersOf(hints, nothingYet, userSettings, reader).catch(() => undefined);
  const managed = users && groupByOwner(users, owner).managed;
  if (managed && [...hints.people.keys()].some((id) => !managed.has(id))) readEveryone();
}

/**
 * Reads the users under the keys that a few people should have, by today's login and by the logins of the entries: one
 * request for each user, where reading everyone takes one for each hundred.
 */
export async function readUsersOf(
  { people }: Hints,
  { orgs, identities }: Pick<LookedUpObservation, 'orgs' | 'identities'>,
  userSettings: UserSettings,
  reader: Pick<PermitReader, 'readUser'>,
): Promise<readonly PermitUser[]> {
  const keys = new Set<UserKey>();
  const accounts = accountsIn(orgs);
  const { keyOf } = userKeys({ userSettings, identities }, () => accounts);
  const add = (id: GitHubId, login: string): void => {
    const key = keyOf({ id, login });
    // Permit's keys are case-sensitive: each spelling is asked for.
    if (key !== undefined) keys.add(key);
  };
  for (const { id, login } of accounts) if (people.has(id)) add(id, login);
  for (const [id, hints] of people) {
    for (const { entry } of hints) if (entry.login !== undefined) add(id, entry.login);
  }
  const found = await Promise.all([...keys].map((key) => reader.readUser(key)));
  return found.filter((user) => user !== undefined);
}

/**
 * Whether the plan depends on no other users: every person has a user of ours among these, nobody joins or moves, and
 * no floor is touched. Otherwise all users are read.
 */
export function canPlanFromTheseUsers(
  plan: Plan,
  { users, people, orgs }: Pick<LookedUpObservation, 'users' | 'people' | 'orgs'>,
  { owner, limits }: Pick<ReconcileRequest, 'owner' | 'limits'>,
): boolean {
  const { managed } = groupByOwner(users, owner);
  // A person whose move is unfinished has another user, under a key that nobody asked for.
  if ([...managed.values()].some(({ mark }) => mark.move !== undefined)) return false;
  // Only everyone's marks distinguish an organization that is new to someone from one under a freed name.
  const isNew = (org: OrgFacts): boolean =>
    accountsIn([org]).some(({ id }) => managed.get(id)?.mark.orgs.includes(org.id) === false);
  if (orgs.some(isNew)) return false;
  if (![...people].every((id) => managed.has(id))) return false;
  if (users.length !== managed.size || plan.skipped.length > 0) return false;
  // Only the graph shows whose instances they are.
  if (anyoneHoldsMirroredRole(users)) return false;
  const isPlain = ({ move, changes }: Plan['people'][number]): boolean =>
    move === undefined && changes.every((change) => change.kind !== 'createUser' && !writesEmail(change));
  return plan.people.every(isPlain) && !plan.holders.some(({ role }) => Object.hasOwn(limits.floors, role));
}

/** Only all users show whether another one has the email. */
const writesEmail = (change: Change): boolean =>
  change.kind === 'updateUser' && change.profile?.email !== undefined;
