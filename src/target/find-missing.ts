import { type Grant, grantId } from '../model/grant.ts';
import { compareText } from '../model/identity.ts';
import type { Missing } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { parseInstanceTenant, parseKeys } from './answers.ts';
import type { PermitSdk } from './permit-sdk.ts';

/** The largest page that Permit serves of roles and tenants. */
const PER_PAGE = 100;
/** Up to this many tenants are asked for one by one; more are found in the listing. */
const SINGLE_TENANTS = 3;

/** Asks, again where that may help, and parses. @throws SyncError */
export type Read = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => T | undefined) => Promise<T>;

/** Which of these grants name a role, a tenant or a resource instance that Permit does not have. */
export async function findMissing(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  users: readonly PermitUser[],
): Promise<Missing> {
  // What somebody holds exists; it need not be asked for.
  const heldGrants = users.flatMap((user) => user.grants);
  const held = new Set(heldGrants.map(grantId));
  const doubtful = grants.filter((grant) => !held.has(grantId(grant)));
  if (doubtful.length === 0) return { roles: [], tenants: [], instances: [] };
  const heldTenants = new Set(heldGrants.map(({ tenant }) => tenant));
  const wantedTenants = distinct(doubtful.map(({ tenant }) => tenant)).filter((key) => !heldTenants.has(key));
  const [roles, rolesOnInstances, tenants, instances] = await Promise.all([
    missingRoles(sdk, read, doubtful),
    missingRolesOnInstances(sdk, read, doubtful),
    findTenants(sdk, read, wantedTenants),
    missingInstances(sdk, read, doubtful),
  ]);
  return {
    roles: [...roles, ...rolesOnInstances],
    tenants: wantedTenants.filter((tenant) => !tenants.has(tenant)),
    instances,
  };
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)].sort(compareText);

async function missingRoles(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
): Promise<readonly string[]> {
  const wanted = distinct(grants.filter(({ resource }) => resource === undefined).map(({ role }) => role));
  if (wanted.length === 0) return [];
  const roles = await listKeys(read, (page) => sdk.api.roles.list({ page, perPage: PER_PAGE }));
  return wanted.filter((role) => !roles.has(role));
}

/** On an instance only the roles of its resource can be had: they are the resource's own, not the environment's. */
async function missingRolesOnInstances(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
): Promise<readonly string[]> {
  const wanted = grants.flatMap(({ role, resource }) =>
    resource === undefined ? [] : [{ role, type: resource.slice(0, resource.indexOf(':')) }],
  );
  const missing = await Promise.all(
    distinct(wanted.map(({ type }) => type)).map(async (type) => {
      const roles = await listKeys(read, (page) =>
        sdk.api.resourceRoles.list({ resourceKey: type, page, perPage: PER_PAGE }).catch(absent),
      );
      return wanted
        .filter((one) => one.type === type && !roles.has(one.role))
        .map(({ role }) => `${role} of the resource ${type}`);
    }),
  );
  return distinct(missing.flat());
}

/** Instances that are not there, or in another tenant than the grant: Permit ties an instance to one tenant. */
async function missingInstances(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
): Promise<readonly string[]> {
  const wanted = new Map(
    grants.flatMap(({ resource, tenant }) =>
      resource === undefined ? [] : [[`${resource} ${tenant}`, { resource, tenant }] as const],
    ),
  );
  const missing = await Promise.all(
    [...wanted.values()].map(async ({ resource, tenant }) => {
      const found = await read(
        () => sdk.api.resourceInstances.get(resource).catch(absent),
        (body) => (body === ABSENT ? ABSENT : parseInstanceTenant(body)),
      );
      if (found === ABSENT) return [`${resource} in the tenant ${tenant}`];
      return found === tenant ? [] : [`${resource} in the tenant ${tenant} (it is in ${found})`];
    }),
  );
  return distinct(missing.flat());
}

async function findTenants(
  sdk: PermitSdk,
  read: Read,
  wanted: readonly string[],
): Promise<ReadonlySet<string>> {
  if (wanted.length > SINGLE_TENANTS) {
    return listKeys(read, (page) => sdk.api.tenants.list({ page, perPage: PER_PAGE }));
  }
  const found = await Promise.all(
    wanted.map((tenant) =>
      read(
        () => sdk.api.tenants.get(tenant).catch(absent),
        (body) => (body === ABSENT ? [] : parseKeys([body])),
      ),
    ),
  );
  return new Set(found.flat());
}

const ABSENT = Symbol('404');

function absent(error: unknown): typeof ABSENT {
  if (error instanceof HttpFailure && error.status === 404) return ABSENT;
  throw error;
}

/** All keys of a listing that is a bare array: a page that is not full is the last one. */
async function listKeys(read: Read, ask: (page: number) => Promise<unknown>): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (let page = 1; ; page++) {
    const found = await read(
      () => ask(page),
      (body) => (body === ABSENT ? [] : parseKeys(body)),
    );
    for (const key of found) keys.add(key);
    if (found.length < PER_PAGE) return keys;
  }
}
