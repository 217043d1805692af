import type { GitHubId, UserKey } from '../model/identity.ts';
import type { Limits } from '../model/limits.ts';
import type { CompleteListing } from '../model/member.ts';
import type { Plan } from '../model/plan.ts';
import type { PermitReader } from '../model/ports.ts';
import type { LastRun } from '../model/queue.ts';
import type { PermitUser } from '../model/user.ts';
import { spendingOf } from '../plan/judge.ts';
import { sortOut } from '../plan/ownership.ts';
import { userKeyFor } from '../plan/user-key.ts';
import type { Hints } from './hints.ts';

/**
 * The users under the keys that are due to a few people, by their login of today and by those of the entries: one
 * request for each, where everybody is a request for each hundred.
 */
export async function readFew(
  { people }: Hints,
  listings: readonly CompleteListing[],
  template: string,
  reader: Pick<PermitReader, 'readUser'>,
): Promise<readonly PermitUser[]> {
  const keys = new Set<UserKey>();
  const add = (id: GitHubId, login: string): void => {
    const key = userKeyFor(template, { id, login });
    // Permit tells keys apart that differ in case: each spelling is asked for.
    if (key !== undefined) keys.add(key);
  };
  for (const { members, collaborators = [] } of listings) {
    for (const { id, login } of [...members, ...collaborators]) if (people.has(id)) add(id, login);
  }
  for (const [id, hints] of people) {
    for (const { entry } of hints) if (entry.login !== undefined) add(id, entry.login);
  }
  const found = await Promise.all([...keys].map((key) => reader.readUser(key)));
  return found.filter((user) => user !== undefined);
}

/**
 * Whether these few users are all that the plan rests on: everybody concerned has one of ours, under a key that was
 * asked for, nobody comes anew or moves, and no floor is touched. Anything else is planned with everybody's users.
 */
export function canPlanFromTheseUsers(
  plan: Plan,
  users: readonly PermitUser[],
  people: ReadonlySet<GitHubId>,
  listings: readonly CompleteListing[],
  { owner, limits }: { readonly owner: string; readonly limits: Limits },
): boolean {
  const { managed } = sortOut(users, owner);
  // Whom a move left half-done has another user, under a key that nobody asked for.
  if ([...managed.values()].some(({ mark }) => mark.move !== undefined)) return false;
  // Only everybody's marks tell an organization that is new to somebody from one under a freed name.
  const isNew = ({ id, members, collaborators = [] }: CompleteListing): boolean =>
    [...members, ...collaborators].some((one) => managed.get(one.id)?.mark.orgs.includes(id) === false);
  if (listings.some(isNew)) return false;
  if (![...people].every((id) => managed.has(id))) return false;
  if (users.length !== managed.size || plan.skipped.length > 0) return false;
  const isPlain = ({ move, changes }: Plan['people'][number]): boolean =>
    move === undefined && changes.every(({ kind }) => kind !== 'createUser');
  return plan.people.every(isPlain) && !plan.holders.some(({ role }) => Object.hasOwn(limits.floors, role));
}

/**
 * The population that percentages are of is that of the last full run: these few are not all. Redis is not believed
 * further than Permit, which tells in one request how many users there are.
 */
export async function withPopulation(
  plan: Plan,
  { managed }: LastRun,
  reader: Pick<PermitReader, 'countUsers'>,
): Promise<Plan> {
  const most = spendingOf(plan) ? await reader.countUsers() : managed;
  return { ...plan, managedBefore: Math.min(managed, most) };
}
