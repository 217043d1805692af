import { type Grant, grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import { readMark } from '../model/mark.ts';
import type { Change, Holders } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';

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
  for (const { key, grants } of users) {
    const twice = elsewhere.get(key);
    for (const grant of grants) if (!twice?.has(grantId(grant))) add(grant, 1, gone.has(key) ? 0 : 1);
  }
  for (const change of changes) {
    if (change.kind === 'unassignRole') add(change.grant, 0, -1);
    else if (change.kind === 'assignRole') add(change.grant, 0, 1);
  }
  return counts;
}

/** Of a move that is half done, the grants that stand on both users are one person's: they count on the new one. */
function standingElsewhere(users: readonly PermitUser[]): ReadonlyMap<string, ReadonlySet<string>> {
  const elsewhere = new Map<string, ReadonlySet<string>>();
  for (const { attributes, grants } of users) {
    if (attributes.managed_move === undefined) continue;
    const reading = readMark(attributes);
    const from = reading.kind === 'valid' ? reading.mark.move?.from : undefined;
    if (from !== undefined) elsewhere.set(from, new Set(grants.map(grantId)));
  }
  return elsewhere;
}
