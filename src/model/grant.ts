import { compareText } from './identity.ts';

/** A role in a tenant, or (with `resource`, "type:key") on one resource instance of that tenant. */
export type Grant = { readonly tenant: string; readonly role: string; readonly resource?: string };

/** Makes a grant; without a `resource`, that field is left out. */
export const grantOf = (tenant: string, role: string, resource?: string): Grant =>
  resource === undefined ? { tenant, role } : { tenant, role, resource };

/** One string for one grant, to be used as a key: `tenant/role`, or `tenant/role@type:key`. */
export function grantId(grant: Grant): string {
  return grant.resource === undefined
    ? `${grant.tenant}/${grant.role}`
    : `${grant.tenant}/${grant.role}@${grant.resource}`;
}

export const isSameGrant = (a: Grant, b: Grant): boolean =>
  a.role === b.role && a.tenant === b.tenant && a.resource === b.resource;

/** Each grant once, in their order. */
export const distinctGrants = (grants: readonly Grant[]): readonly Grant[] => [
  ...new Map(grants.map((grant) => [grantId(grant), grant])).values(),
];

export const compareGrants = (a: Grant, b: Grant): number =>
  compareText(a.tenant, b.tenant) ||
  compareText(a.resource ?? '', b.resource ?? '') ||
  compareText(a.role, b.role);

/** What a grant names. Each part has to exist in Permit, and a grant that a user holds proves that it does. */

export const rolePart = (role: string): string => `role ${role}`;
export const tenantPart = (tenant: string): string => `tenant ${tenant}`;
/** Roles on an instance are the resource's own, not the environment's. */
export const resourceRolePart = (type: string, role: string): string => `role ${role} of ${type}`;
/** Permit ties an instance to one tenant. @param resource "type:key" */
export const instancePart = (resource: string, tenant: string): string => `instance ${resource} in ${tenant}`;

/** The resource of an instance, "type:key"; the key may hold colons of its own. */
export const typeOf = (resource: string): string => resource.slice(0, resource.indexOf(':'));

/** @returns one string for each thing, to be compared with those of other grants. */
export function partsOf({ role, tenant, resource }: Grant): readonly string[] {
  return resource === undefined
    ? [rolePart(role), tenantPart(tenant)]
    : [resourceRolePart(typeOf(resource), role), instancePart(resource, tenant), tenantPart(tenant)];
}
