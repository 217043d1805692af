import { MOST_PAGES } from '../http/sizes.ts';
import { parseKey, parseListing, parseResourceRoles } from './answers.ts';
import type { KeyedListing } from './find-keys.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { PER_PAGE, unbelievable } from './read-listing.ts';
import { type Read, readOne } from './requests.ts';

/** How Permit lists roles, tenants, resources and instances, and how to request one by key. */

/** The roles of the environment, which are assigned in tenants. */
export const roleListing = ({ api: { roles } }: PermitSdk, read: Read): KeyedListing<true> =>
  listingOfKeys(
    read,
    (page) => roles.list({ page, perPage: PER_PAGE, includeTotalCount: true }),
    (key) => roles.get(key),
  );

export const tenantListing = ({ api: { tenants } }: PermitSdk, read: Read): KeyedListing<true> =>
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
export function resourceListing(
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
      const roles = new Set<string>();
      for (let page = 1; ; page++) {
        const some = await readOne(
          read,
          () => resourceRoles.list({ resourceKey: type, page, perPage: PER_PAGE }),
          (body) => parseListing(body, parseKey)?.items,
        );
        if (some === undefined) return undefined;
        const before = roles.size;
        for (const role of some) roles.add(role);
        if (some.length < PER_PAGE) return roles;
        if (roles.size === before) throw unbelievable(`roles of ${type}`, 'the same page came twice');
        if (page === MOST_PAGES)
          throw unbelievable(`roles of ${type}`, `it has no end after ${MOST_PAGES} pages`);
      }
    },
  };
}
