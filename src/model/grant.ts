import { compareText } from './identity.ts';

/** A role in a tenant, or (with `resource`, "type:key") on one resource instance of that tenant. */
export type Grant = { readonly tenant: string; readonly role: string; readonly resource?: string };

/** The grant, without a `resource` where there is none. */
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

export const compareGrants = (a: Grant, b: Grant): number =>
  compareText(a.tenant, b.tenant) ||
  compareText(a.resource ?? '', b.resource ?? '') ||
  compareText(a.role, b.role);
