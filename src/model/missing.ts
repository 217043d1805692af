import { type Grant, typeOf } from './grant.ts';

/** Roles, tenants and instances that grants name and Permit lacks, by readable name; sorted. */
export type Missing = {
  readonly roles: readonly string[];
  readonly tenants: readonly string[];
  readonly instances: readonly string[];
};
export type MissingKind = keyof Missing;
export const MISSING_KINDS = ['roles', 'tenants', 'instances'] as const satisfies readonly MissingKind[];

export const NOTHING_MISSING: Missing = { roles: [], tenants: [], instances: [] };

/** How `Missing` names the role of a grant. A role on an instance belongs to the resource. */
const roleName = ({ role, resource }: Grant): string =>
  resource === undefined ? role : resourceRoleName(role, typeOf(resource));
export const resourceRoleName = (role: string, type: string): string => `${role} of the resource ${type}`;
/** @param elsewhere the tenant in which the instance is. */
export const instanceName = (resource: string, tenant: string, elsewhere?: string): string =>
  `${resource} in the tenant ${tenant}${elsewhere === undefined ? '' : ` (it is in ${elsewhere})`}`;

/** Whether the grant needs the thing that `Missing` gives this name. */
export function needs(grant: Grant, kind: MissingKind, name: string): boolean {
  switch (kind) {
    case 'roles':
      return name === roleName(grant);
    case 'tenants':
      return name === grant.tenant;
    case 'instances': {
      if (grant.resource === undefined) return false;
      const own = instanceName(grant.resource, grant.tenant);
      return name === own || name.startsWith(`${own} (`);
    }
    default:
      return kind satisfies never;
  }
}

/** Whether a grant can't be made because of what is missing. */
export const isWaitingFor =
  (missing: Missing) =>
  (grant: Grant): boolean =>
    MISSING_KINDS.some((kind) => missing[kind].some((name) => needs(grant, kind, name)));

export const countMissing = (missing: Missing): number =>
  MISSING_KINDS.reduce((sum, kind) => sum + missing[kind].length, 0);

export const bothMissing = (a: Missing, b: Missing): Missing => ({
  roles: union(a.roles, b.roles),
  tenants: union(a.tenants, b.tenants),
  instances: union(a.instances, b.instances),
});

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];
