import { folded, type GitHubId } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
import type { PermitUser } from '../model/user.ts';
import { allOfOurs, sortOut } from './ownership.ts';
import { userKeyFor } from './user-key.ts';

/** The users who may stand in someone's way, and the template of the keys. */
type Holders = {
  readonly users: readonly PermitUser[];
  readonly owner: string;
  readonly userSettings: { readonly key: string };
};

/**
 * Whoever stands in the way of these people: users of ours under a key that is due to one of them. Someone has
 * claimed a login that was freed, and nothing can be said about the one without looking at the other.
 * @param listings which hold what is known of the people, their present logins above all.
 */
export function findRivals(
  people: ReadonlySet<GitHubId>,
  listings: readonly OrgFacts[],
  { users, owner, userSettings }: Holders,
): ReadonlySet<GitHubId> {
  const due = new Map<string, GitHubId>();
  for (const { members, collaborators = [] } of listings) {
    for (const { id, login } of [...members, ...collaborators]) {
      const key = people.has(id) ? userKeyFor(userSettings.key, { id, login }) : undefined;
      if (key !== undefined) due.set(folded(key), id);
    }
  }
  if (due.size === 0) return new Set();
  const rivals = allOfOurs(sortOut(users, owner)).filter(
    ({ user, mark }) => due.has(folded(user.key)) && !people.has(mark.id),
  );
  return new Set(rivals.map(({ mark }) => mark.id));
}

/** These people, whoever stands in their way, whoever stands in the way of those, and so on. */
export function findAllRivals(
  people: ReadonlySet<GitHubId>,
  listings: readonly OrgFacts[],
  request: Holders,
): ReadonlySet<GitHubId> {
  let all = people;
  for (;;) {
    const more = findRivals(all, listings, request);
    if (more.size === 0) return all;
    all = new Set([...all, ...more]);
  }
}

/** The people of ours who have, or had when their users were last written, one of these logins. */
export function findByLogin(
  logins: ReadonlySet<string>,
  { users, owner }: Omit<Holders, 'userSettings'>,
): ReadonlyMap<string, readonly GitHubId[]> {
  const found = new Map<string, GitHubId[]>();
  if (logins.size === 0) return found;
  const { managed } = sortOut(users, owner);
  for (const { user, mark } of managed.values()) {
    for (const name of new Set([folded(user.key), folded(mark.login)])) {
      if (!logins.has(name)) continue;
      found.set(name, [...(found.get(name) ?? []), mark.id]);
    }
  }
  return found;
}
