import { SyncError } from '../model/errors.ts';
import { type Grant, grantId } from '../model/grant.ts';
import { changesOf, type Plan } from '../model/plan.ts';
import type { PermitReader } from '../model/ports.ts';
import { count, enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';

/**
 * Every role and tenant that the plan assigns exists.
 * @param checkedBefore a plan whose grants need no second look.
 * @throws SyncError naming all that are missing, before anything was written.
 */
export async function requireRolesAndTenants(
  plan: Plan,
  users: readonly PermitUser[],
  reader: Pick<PermitReader, 'findMissing'>,
  checkedBefore?: Plan,
): Promise<void> {
  const grants = grantsToMake(plan);
  if (checkedBefore) for (const id of grantsToMake(checkedBefore).keys()) grants.delete(id);
  if (grants.size === 0) return;
  const { roles, tenants } = await reader.findMissing([...grants.values()], users);
  const missing = [
    ...(roles.length > 0
      ? [`the ${count(roles.length, 'role').replace(/^\d+ /, '')} ${enumerate(roles)}`]
      : []),
    ...(tenants.length > 0
      ? [`the ${count(tenants.length, 'tenant').replace(/^\d+ /, '')} ${enumerate(tenants)}`]
      : []),
  ];
  if (missing.length === 0) return;
  throw new SyncError(
    roles.length > 0 ? 'PERMIT_MISSING_ROLE' : 'PERMIT_MISSING_TENANT',
    `the plan needs ${missing.join(' and ')}, which Permit does not have in this environment`,
    'create what is missing in Permit (roles under Policy, tenants under Directory), or change the mapping, and run again',
  );
}

function grantsToMake(plan: Plan): Map<string, Grant> {
  const grants = new Map<string, Grant>();
  for (const change of changesOf(plan)) {
    if (change.kind === 'assignRole') grants.set(grantId(change.grant), change.grant);
  }
  return grants;
}
