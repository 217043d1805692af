import type { Grant } from '../model/grant.ts';
import { compareGrants } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import type { Attributes, PermitUser, Profile } from '../model/user.ts';

/** The one place where JSON from Permit becomes values of ours; undefined is what is not as documented. */

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Permit answers `null` for a user without attributes. */
export const parseAttributes = (value: unknown): Attributes | undefined => {
  if (value === null || value === undefined) return {};
  return isRecord(value) ? (value as Attributes) : undefined;
};

export type UsersPage = { readonly users: readonly PermitUser[]; readonly total: number };

/** `GET …/users`: `{data, total_count, page_count}`. */
export function parseUsersPage(body: unknown): UsersPage | undefined {
  if (!isRecord(body) || !Array.isArray(body.data)) return undefined;
  const { total_count: total } = body;
  if (typeof total !== 'number' || !Number.isSafeInteger(total) || total < 0) return undefined;
  const users = body.data.map(parseUser);
  return users.every((user) => user !== undefined) ? { users, total } : undefined;
}

export function parseUser(body: unknown): PermitUser | undefined {
  if (!isRecord(body) || typeof body.key !== 'string' || body.key === '') return undefined;
  const attributes = parseAttributes(body.attributes);
  const grants = parseTenants(body.associated_tenants ?? []);
  if (attributes === undefined || grants === undefined) return undefined;
  // The key exists, so Permit accepted it, whatever its pattern was then.
  const profile = parseProfile(body);
  return { key: body.key as UserKey, attributes, grants, ...(profile ? { profile } : {}) };
}

function parseProfile(body: Record<string, unknown>): Profile | undefined {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const [email, firstName, lastName] = [text(body.email), text(body.first_name), text(body.last_name)];
  if (email === undefined && firstName === undefined && lastName === undefined) return undefined;
  return {
    ...(email === undefined ? {} : { email }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
  };
}

/** `associated_tenants[] = {tenant, roles[], resource_instance_roles[]}`. */
function parseTenants(value: unknown): readonly Grant[] | undefined {
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
      grants.push({ tenant, role });
    }
    for (const given of onInstances) {
      if (!isRecord(given)) return undefined;
      const { role, resource, resource_instance: instance } = given;
      if (typeof role !== 'string' || typeof instance !== 'string') return undefined;
      // Told with or without its type; a key may hold colons of its own.
      const isFull = typeof resource !== 'string' || instance.startsWith(`${resource}:`);
      const full = isFull ? instance : `${resource}:${instance}`;
      grants.push({ tenant, role, resource: full });
    }
  }
  return grants.sort(compareGrants);
}

/** Keys of a listing that is a bare array, or `{data: […]}` where totals were asked for. */
export function parseKeys(body: unknown): readonly string[] | undefined {
  const items = isRecord(body) ? body.data : body;
  if (!Array.isArray(items)) return undefined;
  const keys = items.map((item) => (isRecord(item) && typeof item.key === 'string' ? item.key : undefined));
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

/** How many a bulk call made or took: `{assignments_created}` or `{assignments_removed}`. */
export function parseDone(
  body: unknown,
  key: 'assignments_created' | 'assignments_removed',
): number | undefined {
  const done = isRecord(body) ? body[key] : undefined;
  return typeof done === 'number' ? done : undefined;
}

/** `GET …/resource_instances/{type:key}`: the tenant that the instance belongs to. */
export function parseInstanceTenant(body: unknown): string | undefined {
  return isRecord(body) && typeof body.tenant === 'string' ? body.tenant : undefined;
}
