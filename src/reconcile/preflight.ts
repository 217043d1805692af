import { SyncError } from '../model/errors.ts';
import { type Grant, grantId } from '../model/grant.ts';
import { partsOf } from '../model/grant-parts.ts';
import { changesOf, type Plan } from '../model/plan.ts';
import type { PermitReader } from '../model/ports.ts';
import { enumerate } from '../model/text.ts';
import type { PermitUser } from '../model/user.ts';

/**
 * Every role, tenant and resource instance that the plan assigns exists.
 * @param checkedBefore a plan whose grants need no second look.
 * @throws SyncError naming all that are missing, before anything was written.
 */
export async function requireEverythingNamed(
  plan: Plan,
  users: readonly PermitUser[],
  reader: Pick<PermitReader, 'findMissing'>,
  checkedBefore?: Plan,
): Promise<void> {
  const checked = new Set(checkedBefore && grantsToMake(checkedBefore).flatMap(partsOf));
  // What the same plan named a moment ago, in whatever combination, is not asked for a second time.
  const grants = grantsToMake(plan).filter((grant) => partsOf(grant).some((part) => !checked.has(part)));
  if (grants.length === 0) return;
  const { roles, tenants, instances } = await reader.findMissing(grants, users);
  const missing = [
    ...named('role', roles),
    ...named('tenant', tenants),
    ...named('resource instance', instances),
  ];
  if (missing.length === 0) return;
  const code =
    roles.length > 0
      ? 'PERMIT_MISSING_ROLE'
      : tenants.length > 0
        ? 'PERMIT_MISSING_TENANT'
        : 'PERMIT_MISSING_INSTANCE';
  throw new SyncError(
    code,
    `the plan needs ${enumerate(missing)}, which Permit does not have in this environment`,
    [
      ...(roles.length + tenants.length > 0
        ? [
            '"gh-permit-sync policy" creates the roles and tenants that the config describes; look first with --dry-run',
          ]
        : []),
      ...(instances.length > 0 ? ['create the resource instances in Permit (Directory › Instances)'] : []),
      'or change the mapping, and run again',
    ].join('\n'),
  );
}

const named = (noun: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`the ${noun}${names.length === 1 ? '' : 's'} ${enumerate(names)}`];

function grantsToMake(plan: Plan): readonly Grant[] {
  const grants = new Map<string, Grant>();
  for (const change of changesOf(plan)) {
    if (change.kind === 'assignRole') grants.set(grantId(change.grant), change.grant);
  }
  return [...grants.values()];
}
