import { MOST_PAGES, openRepeats, PAGES_AT_ONCE } from '../http/sizes.ts';
import { SyncError } from '../model/errors.ts';

/** The largest page that Permit serves of users, roles, resources, tenants and resource instances. */
export const PER_PAGE = 100;
/** A listing has no cursor and no order: where one pass leaves a doubt, so many more follow. */
const MORE_PASSES = 3;
/** Items that a later pass no longer showed, and that are asked for one by one; more of them cost another pass. */
const MOST_ASKED_ALONE = 100;

export type Page<T> = { readonly items: readonly T[]; readonly total: number };

/** How one kind of item is listed. */
export type Listing<T, K extends string> = {
  /** "users", for the words of a failure. */
  readonly what: string;
  /** Reads one page of `PER_PAGE`; the first is 1. */
  readonly page: (number: number) => Promise<Page<T>>;
  readonly keyOf: (item: T) => K;
  /** Asks for one item alone. */
  readonly isThere: (key: K) => Promise<boolean>;
};

/**
 * Reads a listing, by key, while others write: nothing that was there when the last pass began is left out.
 *
 * Users who come and go shift the ones behind them across pages, so a pass may show one user twice and miss another.
 * One pass is enough when all its pages tell the same total and it holds that many. Otherwise another pass follows, and
 * the passes together have to hold as many as Permit counted when the last one began. Whoever was seen earlier but not
 * in the last pass is asked for alone: a user who is gone must not stand in for one who was missed. Users who left
 * during the last pass were still counted; they explain a shortfall from the third pass on.
 * @throws SyncError PERMIT_UNAVAILABLE when fewer are found than Permit counts, however often it is read.
 */
export async function readListing<T, K extends string>(listing: Listing<T, K>): Promise<ReadonlyMap<K, T>> {
  const seen = new Map<K, T>();
  let last = '';
  for (let number = 0; number <= MORE_PASSES; number++) {
    const pass = await readPass(listing);
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

/** All pages once; `first` is the total that the first of them tells. `isStill`: all the others tell the same. */
type Pass<T, K> = {
  readonly found: ReadonlyMap<K, T>;
  readonly first: number;
  readonly isStill: boolean;
};

async function readPass<T, K extends string>({ what, page, keyOf }: Listing<T, K>): Promise<Pass<T, K>> {
  const repeats = openRepeats(PER_PAGE, keyOf);
  const pages: Page<T>[] = [];
  const readPages = async (many: number): Promise<void> => {
    const from = pages.length + 1;
    const read = await Promise.all(Array.from({ length: many }, (_, index) => page(from + index)));
    for (const one of read) {
      const { items, total } = one;
      if (total > MOST_PAGES * PER_PAGE) {
        throw unbelievable(what, `it announces ${total}, more than ${MOST_PAGES * PER_PAGE}`);
      }
      if (items.length > PER_PAGE) {
        throw unbelievable(what, `a page holds ${items.length} of them, not ${PER_PAGE}`);
      }
      if (repeats(items)) throw unbelievable(what, 'the same page came twice');
      pages.push(one);
    }
  };
  await readPages(1);
  const first = pages[0]?.total ?? 0;
  let most = first;
  // While pages were read, more may have come than fit on them.
  while (pages.length * PER_PAGE < most) {
    await readPages(Math.min(PAGES_AT_ONCE, Math.ceil(most / PER_PAGE) - pages.length));
    most = Math.max(...pages.map(({ total }) => total));
  }
  const found = new Map<K, T>();
  for (const { items } of pages) for (const item of items) found.set(keyOf(item), item);
  return { found, first, isStill: pages.every(({ total }) => total === first) };
}

/** A listing that no real Permit serves. */
export const unbelievable = (what: string, why: string): SyncError =>
  new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of ${what} is not believed: ${why}`,
    'check PERMIT_API_URL and any proxy in between: this is not how Permit answers',
  );

/**
 * Whether those who were seen are all whom Permit counted when this pass began. Forgets who is gone.
 * @param countsGone whether those count who are gone by now.
 */
async function holdsAll<T, K extends string>(
  seen: Map<K, T>,
  { found, first }: Pass<T, K>,
  { isThere }: Listing<T, K>,
  countsGone: boolean,
): Promise<boolean> {
  const unseen = [...seen.keys()].filter((key) => !found.has(key));
  const all = seen.size;
  if (all < first || unseen.length > MOST_ASKED_ALONE) return false;
  const answers = await Promise.all(unseen.map(async (key) => ({ key, there: await isThere(key) })));
  for (const { key, there } of answers) if (!there) seen.delete(key);
  return (countsGone ? all : seen.size) >= first;
}
