import { PER_PAGE } from './read-listing.ts';

/** How to list one kind of Permit object, and how to request one by key. */
export type KeyedListing<V> = {
  /** @param number from 1. @returns the objects proven to exist, by key, and Permit's total. */
  readonly page: (number: number) => Promise<KeyedPage<V>>;
  /** Whether the listing holds every object, so that pages that add up to the total prove an absence. */
  readonly isExhaustive: boolean;
  /** Requests one. Undefined if it does not exist: this answer is final. */
  readonly one: (key: string) => Promise<V | undefined>;
};

type KeyedPage<V> = {
  readonly items: readonly (readonly [key: string, value: V])[];
  /** Whether the page held as many as fit on it, proven or not. */
  readonly isFull: boolean;
  /** Undefined if Permit does not say. */
  readonly total: number | undefined;
};

/** Without a total the number of pages is unknown: up to this many keys are requested one by one instead. */
const FEW = 2;
const ASKED_AT_ONCE = 10;

/**
 * Finds out with few requests which of these keys exist: a single key is requested by itself, several are searched in
 * the listing, and the rest are requested one by one once that is cheaper than the remaining pages. Pages may shift
 * while they are read, so a listing proves an absence only if its pages add up to Permit's total.
 * @returns what exists, by key.
 */
export async function findKeys<V>(
  wanted: readonly string[],
  { page, isExhaustive, one }: KeyedListing<V>,
): Promise<ReadonlyMap<string, V>> {
  const found = new Map<string, V>();
  const open = (): readonly string[] => wanted.filter((key) => !found.has(key));
  const totals = new Set<number | undefined>();
  for (let number = 1; open().length > (number === 1 ? 1 : 0); number++) {
    const { items, isFull, total } = await page(number);
    for (const [key, value] of items) found.set(key, value);
    totals.add(total);
    // If the total changed between pages, pages have shifted, even if the sum happens to be right.
    if (isExhaustive && totals.size === 1 && found.size === total) return found;
    const isLast = total === undefined ? !isFull : number * PER_PAGE >= total;
    const pagesLeft = total === undefined ? FEW : Math.ceil(total / PER_PAGE) - number;
    if (isLast || open().length <= pagesLeft) break;
  }
  for (let rest = open(); rest.length > 0; rest = rest.slice(ASKED_AT_ONCE)) {
    const some = rest.slice(0, ASKED_AT_ONCE);
    const values = await Promise.all(some.map(one));
    for (const [index, value] of values.entries()) {
      if (value !== undefined) found.set(some[index] ?? '', value);
    }
  }
  return found;
}
