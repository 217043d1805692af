import { folded, type GitHubId } from '../../model/identity.ts';
import { accountsIn, type OrgFacts } from '../../model/member.ts';
import { getOrMake } from '../../model/text/record.ts';
import { allOfOurs, groupByOwner } from '../ownership.ts';
import type { PlanInput } from '../plan-input.ts';
import { type KeySource, userKeys } from './due-key.ts';

/** All users, and what the keys are made of. */
type UsersAndKeys = KeySource & Pick<PlanInput, 'users' | 'owner'>;

/**
 * Finds the rivals of these people: those whose user of ours has a key that one of these people should have. Someone
 * has claimed a freed login, and neither person can be decided without the other.
 * @param listings hold the present logins of the people.
 */
export function findRivals(
  people: ReadonlySet<GitHubId>,
  listings: readonly OrgFacts[],
  { users, owner, ...source }: UsersAndKeys,
): ReadonlySet<GitHubId> {
  const accounts = accountsIn(listings);
  const { keyOf } = userKeys(source, () => accounts);
  const due = new Map<string, GitHubId>();
  for (const { id, login } of accounts) {
    const key = people.has(id) ? keyOf({ id, login }) : undefined;
    if (key !== undefined) due.set(folded(key), id);
  }
  if (due.size === 0) return new Set();
  const rivals = allOfOurs(groupByOwner(users, owner)).filter(
    ({ user, mark }) => due.has(folded(user.key)) && !people.has(mark.id),
  );
  return new Set(rivals.map(({ mark }) => mark.id));
}

/** These people, their rivals, the rivals of those, and so on. */
export function findAllRivals(
  people: ReadonlySet<GitHubId>,
  listings: readonly OrgFacts[],
  request: UsersAndKeys,
): ReadonlySet<GitHubId> {
  let all = people;
  for (;;) {
    const more = findRivals(all, listings, request);
    if (more.size === 0) return all;
    all = new Set([...all, ...more]);
  }
}

/** The people with these logins: today, in the mark or the key of a user of ours, or in the key of a released user. */
export function findNamed(
  logins: readonly string[],
  listings: readonly OrgFacts[],
  { users, owner }: Pick<UsersAndKeys, 'users' | 'owner'>,
): ReadonlySet<GitHubId> {
  const wanted = new Set(logins.map(folded));
  const accounts = accountsIn(listings);
  const today = accounts.filter(({ login }) => wanted.has(folded(login)));
  const ownership = groupByOwner(users, owner);
  const former = allOfOurs(ownership).filter(
    ({ user, mark }) => wanted.has(folded(user.key)) || wanted.has(folded(mark.login)),
  );
  const released = [...ownership.former].filter(([, own]) =>
    own.some(({ user }) => wanted.has(folded(user.key))),
  );
  return new Set([
    ...today.map(({ id }) => id),
    ...former.map(({ mark }) => mark.id),
    ...released.map(([id]) => id),
  ]);
}

/** People with a user of ours whose key or mark holds one of these logins. */
export function findByLogin(
  logins: ReadonlySet<string>,
  { users, owner }: Pick<UsersAndKeys, 'users' | 'owner'>,
): ReadonlyMap<string, readonly GitHubId[]> {
  const found = new Map<string, GitHubId[]>();
  if (logins.size === 0) return found;
  const { managed } = groupByOwner(users, owner);
  for (const { user, mark } of managed.values()) {
    for (const name of new Set([folded(user.key), folded(mark.login)])) {
      if (!logins.has(name)) continue;
      getOrMake(found, name, () => []).push(mark.id);
    }
  }
  return found;
}
