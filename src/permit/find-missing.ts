import {
  distinctGrants,
  type Grant,
  instancePart,
  partsOf,
  resourceRolePart,
  rolePart,
  tenantPart,
  typeOf,
} from '../model/grant.ts';
import { distinctNames } from '../model/identity.ts';
import {
  instanceName,
  MISSING_KINDS,
  type Missing,
  type MissingKind,
  resourceRoleName,
} from '../model/missing.ts';
import { getOrMake } from '../model/text/record.ts';
import type { PermitUser } from '../model/user.ts';
import { parseKey, parseListing, parseResourceRoles } from './answers.ts';
import { findInstances } from './find-instances.ts';
import { findKeys, type KeyedListing } from './find-keys.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { PER_PAGE, readUncounted } from './read-listing.ts';
import { type Read, readOne } from './requests.ts';

/**
 * Which roles, tenants and resource instances of these grants Permit lacks. What a held grant names exists and is not
 * requested. Usually one request for each of the four kinds, and for each 100 instances; more if the environment has
 * more than a hundred of a kind, or if something is missing.
 */
export async function findMissing(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  users: readonly PermitUser[],
  kinds: readonly MissingKind[] = MISSING_KINDS,
): Promise<Missing> {
  // Thousands of people hold the same few grants.
  const held = distinctGrants(users.flatMap((user) => user.grants));
  const known = new Set(held.flatMap(partsOf));
  const about = (kind: MissingKind): readonly Grant[] => (kinds.includes(kind) ? grants : []);
  const [roles, resourceRoles, tenants, instances] = await Promise.all([
    missingRoles(sdk, read, about('roles'), known),
    missingResourceRoles(sdk, read, about('roles'), known),
    missingTenants(sdk, read, about('tenants'), known),
    missingInstances(sdk, read, about('instances'), known),
  ]);
  return { roles: [...roles, ...resourceRoles], tenants, instances };
}

type Known = ReadonlySet<string>;

async function missingRoles(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  known: Known,
): Promise<readonly string[]> {
  const inTenants = grants.filter(({ resource }) => resource === undefined);
  const wanted = distinctNames(inTenants.map(({ role }) => role)).filter(
    (role) => !known.has(rolePart(role)),
  );
  const found = await findKeys(wanted, roleListing(sdk, read));
  return wanted.filter((role) => !found.has(role));
}

async function missingTenants(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  known: Known,
): Promise<readonly string[]> {
  const wanted = distinctNames(grants.map(({ tenant }) => tenant)).filter(
    (key) => !known.has(tenantPart(key)),
  );
  const found = await findKeys(wanted, tenantListing(sdk, read));
  return wanted.filter((tenant) => !found.has(tenant));
}

async function missingResourceRoles(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  known: Known,
): Promise<readonly string[]> {
  const wanted = new Map<string, Set<string>>();
  for (const { role, resource } of grants) {
    if (resource === undefined) continue;
    const type = typeOf(resource);
    if (!known.has(resourceRolePart(type, role))) getOrMake(wanted, type, () => new Set()).add(role);
  }
  const found = await findKeys([...wanted.keys()], resourceListing(sdk, read, wanted));
  return distinctNames(
    [...wanted].flatMap(([type, roles]) =>
      [...roles].filter((role) => !found.get(type)?.has(role)).map((role) => resourceRoleName(role, type)),
    ),
  );
}

/** Instances that don't exist or are in another tenant than the grant: Permit ties an instance to one tenant. */
async function missingInstances(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  known: Known,
): Promise<readonly string[]> {
  const wanted = new Map(
    grants.flatMap(({ resource, tenant }) =>
      resource === undefined ? [] : [[instancePart(resource, tenant), { resource, tenant }] as const],
    ),
  );
  for (const part of known) wanted.delete(part);
  const names = distinctNames([...wanted.values()].map(({ resource }) => resource));
  const found = await findInstances(sdk, read, names);
  return distinctNames(
    [...wanted.values()].flatMap(({ resource, tenant }) => {
      const actual = found.get(resource)?.tenant;
      if (actual === tenant) return [];
      return [instanceName(resource, tenant, actual)];
    }),
  );
}

/** The roles of the environment, which are assigned in tenants. */
const roleListing = ({ api: { roles } }: PermitSdk, read: Read): KeyedListing<true> =>
  listingOfKeys(
    read,
    (page) => roles.list({ page, perPage: PER_PAGE, includeTotalCount: true }),
    (key) => roles.get(key),
  );

const tenantListing = ({ api: { tenants } }: PermitSdk, read: Read): KeyedListing<true> =>
  listingOfKeys(
    read,
    (page) => tenants.list({ page, perPage: PER_PAGE }),
    (key) => tenants.get(key),
  );

function listingOfKeys(
  read: Read,
  list: (page: number) => Promise<unknown>,
  get: (key: string) => Promise<unknown>,
): KeyedListing<true> {
  return {
    page: async (number) => {
      const { items, total } = await read(
        () => list(number),
        (body) => parseListing(body, parseKey),
      );
      return { items: items.map((key) => [key, true]), isFull: items.length >= PER_PAGE, total };
    },
    isExhaustive: true,
    one: async (key) => {
      const found = await readOne(read, () => get(key), parseKey);
      // Permit also accepts its own ids here, and then answers with another key: not the role or tenant of the grant.
      return found === key ? true : undefined;
    },
  };
}

/**
 * Resources with their roles. @param wanted the roles needed of each resource. Permit may leave out the roles of a
 * listed resource; a resource that does not show all wanted roles is requested by key.
 */
function resourceListing(
  { api: { resources, resourceRoles } }: PermitSdk,
  read: Read,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
): KeyedListing<ReadonlySet<string>> {
  return {
    page: async (number) => {
      const { items, total } = await read(
        () => resources.list({ page: number, perPage: PER_PAGE, includeTotalCount: true }),
        (body) => parseListing(body, parseResourceRoles),
      );
      const shown = items.map(({ type, roles }) => [type, new Set(roles)] as const);
      const proven = shown.filter(([type, roles]) =>
        [...(wanted.get(type) ?? [])].every((role) => roles.has(role)),
      );
      return { items: proven, isFull: items.length >= PER_PAGE, total };
    },
    isExhaustive: true,
    one: async (type) => {
      const page = (number: number) =>
        readOne(
          read,
          () => resourceRoles.list({ resourceKey: type, page: number, perPage: PER_PAGE }),
          (body) => parseListing(body, parseKey)?.items,
        );
      const roles = await readUncounted(`roles of ${type}`, page, (key) => key);
      return roles && new Set(roles.keys());
    },
  };
}
