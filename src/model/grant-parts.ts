import type { Grant } from './grant.ts';

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
