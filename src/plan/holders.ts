import { grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import type { Change, Holders } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';

/**
 * Counts who holds each role in each tenant, managed or not, before and after the changes. Grants on resource
 * instances make nobody a holder.
 * @returns the roles that would lose holders, sorted: only those can fall through a floor.
 */
export function holdersAfter(users: readonly PermitUser[], changes: readonly Change[]): readonly Holders[] {
  const counts = new Map<string, { tenant: string; role: string; before: number; after: number }>();
  const byKey = new Map(users.map((user) => [user.key, user]));
  for (const { grants } of users) {
    for (const grant of grants) {
      if (grant.resource !== undefined) continue;
      const known = counts.get(grantId(grant));
      if (known) known.before = ++known.after;
      else counts.set(grantId(grant), { tenant: grant.tenant, role: grant.role, before: 1, after: 1 });
    }
  }
  for (const change of changes) {
    if (change.kind === 'deleteUser') {
      for (const grant of byKey.get(change.user)?.grants ?? []) add(counts, grantId(grant), -1);
    } else if (change.kind === 'unassignRole') add(counts, grantId(change.grant), -1);
    else if (change.kind === 'assignRole') add(counts, grantId(change.grant), 1);
  }
  return [...counts.values()]
    .filter(({ before, after }) => after < before)
    .sort((a, b) => compareText(a.tenant, b.tenant) || compareText(a.role, b.role));
}

function add(counts: Map<string, { after: number }>, id: string, by: number): void {
  const known = counts.get(id);
  if (known) known.after += by;
}
