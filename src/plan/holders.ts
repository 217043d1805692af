import type { Change } from '../model/change.ts';
import { type Grant, grantId } from '../model/grant.ts';
import { compareText, type GitHubId } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import type { Holders } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import { isTemporaryKey } from './user-key.ts';

/**
 * Counts who holds each role in each tenant, managed or not, before and after the changes. Grants on resource
 * instances make nobody a holder.
 * @returns the roles that would lose holders, sorted: only those can fall through a floor.
 */
export function holdersAfter(users: readonly PermitUser[], changes: readonly Change[]): readonly Holders[] {
  if (changes.length === 0) return [];
  return [...countHolders(users, changes).values()]
    .filter(({ before, after }) => after < before)
    .sort((a, b) => compareText(a.tenant, b.tenant) || compareText(a.role, b.role));
}

/** The holders of every role in every tenant, by `grantId`. */
export function countHolders(
  users: readonly PermitUser[],
  changes: readonly Change[],
): ReadonlyMap<string, Holders> {
  const gone = new Set(changes.filter(({ kind }) => kind === 'deleteUser').map(({ user }) => user));
  const counts = new Map<string, { tenant: string; role: string; before: number; after: number }>();
  const add = (grant: Grant, before: number, after: number): void => {
    if (grant.resource !== undefined) return;
    const { tenant, role } = grant;
    const known = counts.get(grantId(grant));
    if (known) {
      known.before += before;
      known.after += after;
    } else counts.set(grantId(grant), { tenant, role, before, after });
  };
  const elsewhere = standingElsewhere(users);
  for (const { key, attributes, grants } of users) {
    const twice = elsewhere.get(key);
    const isSamePerson = twice !== undefined && twice.id === attributes.github_id;
    for (const grant of grants) {
      if (!isSamePerson || !twice.grants.has(grantId(grant))) add(grant, 1, gone.has(key) ? 0 : 1);
    }
  }
  for (const change of changes) {
    if (change.kind === 'unassignRole') add(change.grant, 0, -1);
    else if (change.kind === 'assignRole' && !(isTemporaryKey(change.user) && gone.has(change.user))) {
      add(change.grant, 0, 1);
    }
  }
  return counts;
}

/** Of a move that is half done, the grants that stand on both users are one person's: they count on the new one. */
function standingElsewhere(
  users: readonly PermitUser[],
): ReadonlyMap<string, { readonly id: GitHubId; readonly grants: ReadonlySet<string> }> {
  const elsewhere = new Map<string, { readonly id: GitHubId; readonly grants: ReadonlySet<string> }>();
  for (const { attributes, grants } of users) {
    if (attributes.managed_move === undefined) continue;
    const reading = readMark(attributes);
    if (reading.kind !== 'valid' || reading.mark.move === undefined) continue;
    const { id, move } = reading.mark;
    elsewhere.set(move.from, { id, grants: new Set(grants.map(grantId)) });
  }
  return elsewhere;
}
