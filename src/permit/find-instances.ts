import { typeOf } from '../model/grant.ts';
import type { PermitInstance } from '../model/repositories/graph.ts';
import { parseInstance, parseListing } from './answers.ts';
import { findKeys, type KeyedListing } from './find-keys.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { PER_PAGE } from './read-listing.ts';
import { type Read, readOne } from './requests.ts';

/** The most values that one search takes (Permit's description of `…/resource_instances/detailed`). */
const INSTANCES_PER_SEARCH = 100;
/** Keys are part of the request's URL, which proxies truncate at 8 kB. */
const CHARACTERS_PER_SEARCH = 6000;

/**
 * Those of these resource instances that exist, by name. Usually one request for each hundred, and one for each that
 * does not exist.
 * @param names "type:key", each once.
 */
export async function findInstances(
  sdk: PermitSdk,
  read: Read,
  names: readonly string[],
): Promise<ReadonlyMap<string, PermitInstance>> {
  const found = await Promise.all(
    searchesFor(names).map((some) => findKeys(some, instanceListing(sdk, read, some))),
  );
  return new Map(found.flatMap((one) => [...one]));
}

/** Requests one resource instance. @returns undefined if it does not exist. */
export const readInstance = (sdk: PermitSdk, read: Read, name: string): Promise<PermitInstance | undefined> =>
  readOne(read, () => sdk.api.resourceInstances.get(name), parseInstance);

/**
 * Permit searches by key and may match a part of it. Other matches are ignored, and instances that the pages don't show
 * are requested by key.
 */
function instanceListing(
  sdk: PermitSdk,
  read: Read,
  wanted: readonly string[],
): KeyedListing<PermitInstance> {
  const keys = [...new Set(wanted.map((name) => name.slice(typeOf(name).length + 1)))];
  const query = keys.map((key) => `search=${encodeURIComponent(key)}`).join('&');
  const path = `resource_instances/detailed?${query}`;
  return {
    page: async (number) => {
      const { items, total } = await read(
        () => sdk.facts(`${path}&page=${number}&per_page=${PER_PAGE}`),
        (body) => parseListing(body, parseInstance),
      );
      const named = items
        .filter(({ name }) => wanted.includes(name))
        .map((instance) => [instance.name, instance] as const);
      return { items: named, isFull: items.length >= PER_PAGE, total };
    },
    // An instance that the search does not find may exist nevertheless.
    isExhaustive: false,
    one: (name) => readInstance(sdk, read, name),
  };
}

/** The names in as few searches as Permit and the length of an address allow. */
function searchesFor(names: readonly string[]): readonly (readonly string[])[] {
  const searches: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const length = `&search=${encodeURIComponent(name)}`.length;
    const last = searches.at(-1);
    if (last && last.length < INSTANCES_PER_SEARCH && characters + length <= CHARACTERS_PER_SEARCH) {
      last.push(name);
      characters += length;
    } else {
      searches.push([name]);
      characters = length;
    }
  }
  return searches;
}
