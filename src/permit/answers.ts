import { compareGrants, type Grant, grantOf } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import type { PermitInstance, Tuple } from '../model/repositories/graph.ts';
import { defined, getOrMake, isInteger, isRecord, parseEach } from '../model/text/record.ts';
import type { Attributes, PermitUser, Profile } from '../model/user.ts';

/** Parses JSON from Permit. Every parser returns undefined for what is not as documented. */

/** Permit answers `null` for a user without attributes. */
export const parseAttributes = (value: unknown): Attributes | undefined => {
  if (value === null || value === undefined) return {};
  return isRecord(value) ? (value as Attributes) : undefined;
};

/** `{data, total_count, page_count}`: what Permit answers when it is asked for the total. */
export function parsePage<T>(
  body: unknown,
  parse: (item: unknown) => T | undefined,
): { readonly items: readonly T[]; readonly total: number } | undefined {
  if (!isRecord(body)) return undefined;
  const { total_count: total } = body;
  if (!isInteger(total) || total < 0) return undefined;
  const items = parseEach(body.data, parse);
  return items && { items, total };
}

/** A listing, or a bare array, which has no total. */
export function parseListing<T>(
  body: unknown,
  parse: (item: unknown) => T | undefined,
): { readonly items: readonly T[]; readonly total: number | undefined } | undefined {
  if (!Array.isArray(body)) return parsePage(body, parse);
  const items = parseEach(body, parse);
  return items && { items, total: undefined };
}

/** `GET …/users` */
export function openUsersPages(): (
  body: unknown,
) => { readonly items: readonly PermitUser[]; readonly total: number } | undefined {
  const keep = openGrants();
  return (body) => parsePage(body, (user) => parseUser(user, keep));
}

type KeepGrant = (tenant: string, role: string, resource?: string) => Grant;

/** 100,000 users hold a handful of grants: each is kept once, and found without building its id. */
function openGrants(): KeepGrant {
  const known = new Map<string, Map<string, Map<string | undefined, Grant>>>();
  return (tenant, role, resource) => {
    const inTenant = getOrMake(known, tenant, () => new Map());
    const ofRole = getOrMake(inTenant, role, () => new Map());
    return getOrMake(ofRole, resource, () => grantOf(tenant, role, resource));
  };
}

export function parseUser(body: unknown, keep: KeepGrant = openGrants()): PermitUser | undefined {
  if (!isRecord(body) || typeof body.key !== 'string' || body.key === '') return undefined;
  const attributes = parseAttributes(body.attributes);
  const grants = parseTenants(body.associated_tenants ?? [], keep);
  if (attributes === undefined || grants === undefined) return undefined;
  // The key exists, so Permit accepted it, whatever its pattern was then.
  const key = body.key as UserKey;
  const profile = parseProfile(body);
  return profile ? { key, attributes, grants, profile } : { key, attributes, grants };
}

function parseProfile(body: Record<string, unknown>): Profile | undefined {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const [email, firstName, lastName] = [text(body.email), text(body.first_name), text(body.last_name)];
  if (email === undefined && firstName === undefined && lastName === undefined) return undefined;
  return defined({ email, firstName, lastName });
}

/** `associated_tenants[] = {tenant, roles[], resource_instance_roles[]}`. */
function parseTenants(value: unknown, keep: KeepGrant): readonly Grant[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const grants: Grant[] = [];
  for (const one of value) {
    if (!isRecord(one) || typeof one.tenant !== 'string') return undefined;
    const { tenant } = one;
    const roles = one.roles ?? [];
    const onInstances = one.resource_instance_roles ?? [];
    if (!Array.isArray(roles) || !Array.isArray(onInstances)) return undefined;
    for (const role of roles) {
      if (typeof role !== 'string') return undefined;
      grants.push(keep(tenant, role));
    }
    for (const given of onInstances) {
      if (!isRecord(given)) return undefined;
      const { role, resource, resource_instance: instance } = given;
      if (typeof role !== 'string' || typeof instance !== 'string') return undefined;
      // Permit writes the instance with or without its type; a key may hold colons of its own.
      const isFull = typeof resource !== 'string' || instance.startsWith(`${resource}:`);
      const full = isFull ? instance : `${resource}:${instance}`;
      grants.push(keep(tenant, role, full));
    }
  }
  // A list that was pushed to keeps room for more. A repeated grant is the same object, since `keep` keeps each once.
  return grants.length === 1 ? grants.slice() : [...new Set(grants)].sort(compareGrants);
}

/**
 * One item of `GET …/role_assignments`. `tenant` is optional in Permit's description while `tenant_id` is not; Permit
 * takes either one in a request.
 */
export function parseAssignment(body: unknown): { readonly user: string; readonly grant: Grant } | undefined {
  if (!isRecord(body) || typeof body.user !== 'string' || typeof body.role !== 'string') return undefined;
  const { user, role, resource_instance: resource } = body;
  const tenant = body.tenant ?? body.tenant_id;
  if (typeof tenant !== 'string') return undefined;
  if (resource === undefined || resource === null) return { user, grant: { tenant, role } };
  return typeof resource === 'string' ? { user, grant: { tenant, role, resource } } : undefined;
}

/** The key of a role or a tenant. */
export const parseKey = (body: unknown): string | undefined =>
  isRecord(body) && typeof body.key === 'string' && body.key !== '' ? body.key : undefined;

/** A resource with the keys of its roles; Permit's description leaves `roles` optional, an object by key. */
export function parseResourceRoles(
  body: unknown,
): { readonly type: string; readonly roles: readonly string[] | undefined } | undefined {
  const type = parseKey(body);
  if (type === undefined || !isRecord(body)) return undefined;
  return { type, roles: isRecord(body.roles) ? Object.keys(body.roles) : undefined };
}

/** How many a bulk call made or took: `{assignments_created}` or `{assignments_removed}`. */
export function parseDone(
  body: unknown,
  key: 'assignments_created' | 'assignments_removed',
): number | undefined {
  const done = isRecord(body) ? body[key] : undefined;
  return typeof done === 'number' ? done : undefined;
}

/** A resource instance, in lists and alone. */
export function parseInstance(body: unknown): PermitInstance | undefined {
  const key = parseKey(body);
  if (key === undefined || !isRecord(body)) return undefined;
  const { resource, tenant } = body;
  const attributes = parseAttributes(body.attributes);
  return typeof resource === 'string' && typeof tenant === 'string' && attributes !== undefined
    ? { name: `${resource}:${key}`, tenant, attributes }
    : undefined;
}

/** One item of `GET …/relationship_tuples`. */
export function parseTuple(body: unknown): Tuple | undefined {
  if (!isRecord(body)) return undefined;
  const { subject, relation, object } = body;
  return typeof subject === 'string' && typeof relation === 'string' && typeof object === 'string'
    ? { subject, relation, object }
    : undefined;
}
