import { MAX_PAGES, openRepeats, PAGES_AT_ONCE } from '../http/sizes.ts';
import { SyncError } from '../model/errors.ts';

/** The largest page that Permit serves of users, roles, resources, tenants and resource instances. */
export const PER_PAGE = 100;
/** Permit's listings have no cursor and no order. How many more passes to read if one is not conclusive. */
const MORE_PASSES = 3;
/**
 * Up to this many items that a later pass no longer shows are requested one by one; beyond that, another pass
 * follows.
 */
const MAX_SINGLE_READS = 100;

export type ListingPage<T> = { readonly items: readonly T[]; readonly total: number };

/** How one kind of item is listed. */
export type Listing<T, K extends string> = {
  /** "users", for error messages. */
  readonly what: string;
  /** Reads one page of `PER_PAGE`; the first is 1. */
  readonly page: (number: number) => Promise<ListingPage<T>>;
  readonly keyOf: (item: T) => K;
  /** Requests one item. */
  readonly isThere: (item: T) => Promise<boolean>;
};

/**
 * Reads a listing, by key, while others write. Nothing that existed when the last pass began is left out.
 *
 * Users that are created or deleted shift the others across pages, so a pass may show one user twice and miss another.
 * One pass is enough if all its pages show the same total and it holds that many. Otherwise another pass follows, and
 * the passes together have to hold the total of the last pass's first page. A user seen earlier but not in the last
 * pass is requested by key: a deleted user must not make up for one that was missed. Users deleted during the last
 * pass were still counted in its total; from the third pass on they explain a shortfall.
 * @param likely how many items there probably are. Their pages are requested at once, not after the first page.
 * @throws SyncError PERMIT_UNAVAILABLE if every pass finds fewer than Permit counts.
 */
export async function readListing<T, K extends string>(
  listing: Listing<T, K>,
  likely = 0,
): Promise<ReadonlyMap<K, T>> {
  const seen = new Map<K, T>();
  let last = '';
  for (let number = 0; number <= MORE_PASSES; number++) {
    const pass = await readPass(listing, likely);
    if (pass.isStill && pass.found.size === pass.first) return pass.found;
    for (const [key, item] of pass.found) seen.set(key, item);
    if (number > 0 && (await holdsAll(seen, pass, listing, number > 1))) return seen;
    last = `${pass.found.size} different ${listing.what}, while it counts ${pass.first}`;
  }
  throw new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of ${listing.what} does not add up: ${MORE_PASSES + 1} readings, the last with ${last}`,
    'run again; if it stays so, see status.permit.io',
  );
}

/** All pages, read once. `first` is the total on the first page. `isStill`: all other pages show the same total. */
type Pass<T, K> = {
  readonly found: ReadonlyMap<K, T>;
  readonly first: number;
  readonly isStill: boolean;
};

async function readPass<T, K extends string>(
  { what, page, keyOf }: Listing<T, K>,
  likely: number,
): Promise<Pass<T, K>> {
  const repeats = openRepeats(PER_PAGE, keyOf);
  const pages: ListingPage<T>[] = [];
  const readPages = async (many: number): Promise<void> => {
    const from = pages.length + 1;
    const read = await Promise.all(Array.from({ length: many }, (_, index) => page(from + index)));
    for (const one of read) {
      const { items, total } = one;
      if (total > MAX_PAGES * PER_PAGE) {
        throw unbelievable(what, `it announces ${total}, more than ${MAX_PAGES * PER_PAGE}`);
      }
      if (items.length > PER_PAGE) {
        throw unbelievable(what, `a page holds ${items.length} of them, not ${PER_PAGE}`);
      }
      if (repeats(items)) throw unbelievable(what, 'the same page came twice');
      pages.push(one);
    }
  };
  await readPages(Math.max(1, Math.min(PAGES_AT_ONCE, Math.ceil(likely / PER_PAGE))));
  const first = pages[0]?.total ?? 0;
  let most = first;
  // More items may have been created meanwhile than fit on the pages read so far.
  while (pages.length * PER_PAGE < most) {
    await readPages(Math.min(PAGES_AT_ONCE, Math.ceil(most / PER_PAGE) - pages.length));
    most = Math.max(...pages.map(({ total }) => total));
  }
  const found = new Map<K, T>();
  for (const { items } of pages) for (const item of items) found.set(keyOf(item), item);
  return { found, first, isStill: pages.every(({ total }) => total === first) };
}

/**
 * Reads all pages of a list that has no total: the roles or the relations of one resource.
 * @param page returns one page, counted from 1, or undefined if the resource does not exist. @throws SyncError PERMIT_UNAVAILABLE
 */
export async function readUncounted<T, K extends string>(
  what: string,
  page: (number: number) => Promise<readonly T[] | undefined>,
  keyOf: (item: T) => K,
): Promise<ReadonlyMap<K, T> | undefined> {
  const found = new Map<K, T>();
  for (let number = 1; number <= MAX_PAGES; number++) {
    const items = await page(number);
    if (items === undefined) return undefined;
    const before = found.size;
    for (const item of items) found.set(keyOf(item), item);
    if (items.length < PER_PAGE) return found;
    if (found.size === before) throw unbelievable(what, 'the same page came twice');
  }
  throw unbelievable(what, `it has no end after ${MAX_PAGES} pages`);
}

/** The error for a listing that Permit never serves. */
export const unbelievable = (what: string, why: string): SyncError =>
  new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of ${what} is not believed: ${why}`,
    'check PERMIT_API_URL and any proxy in between: this is not how Permit answers',
  );

/**
 * Whether all passes together hold the total of this pass. Removes deleted items from `seen`.
 * @param countsGone whether items deleted meanwhile count towards the total.
 */
async function holdsAll<T, K extends string>(
  seen: Map<K, T>,
  { found, first }: Pass<T, K>,
  { isThere }: Listing<T, K>,
  countsGone: boolean,
): Promise<boolean> {
  const unseen = [...seen].filter(([key]) => !found.has(key));
  const all = seen.size;
  if (all < first || unseen.length > MAX_SINGLE_READS) return false;
  const answers = await Promise.all(unseen.map(async ([key, item]) => ({ key, there: await isThere(item) })));
  for (const { key, there } of answers) if (!there) seen.delete(key);
  return (countsGone ? all : seen.size) >= first;
}
