import { PER_PAGE } from './read-listing.ts';

/** One kind of thing in Permit that may or may not be there: how to list it, and how to ask for one alone. */
export type KeyedListing<V> = {
  /** @param number from 1. @returns what is proven to be there, by key; how many Permit lists, and counts. */
  readonly page: (number: number) => Promise<KeyedPage<V>>;
  /** Whether pages that add up to what Permit counts hold everything that there is. */
  readonly isExhaustive: boolean;
  /** Undefined when it is not there: the last word. */
  readonly one: (key: string) => Promise<V | undefined>;
};

export type KeyedPage<V> = {
  readonly items: readonly (readonly [key: string, value: V])[];
  /** Whether the page held as many as fit on it, proven or not. */
  readonly isFull: boolean;
  /** Undefined where Permit does not say. */
  readonly total: number | undefined;
};

/** A page without a total says nothing of how many more there are: this many are rather asked for alone. */
const FEW = 2;
const ASKED_AT_ONCE = 10;

/**
 * Finds these keys with few requests: one alone, several in the listing, and the rest alone once that is cheaper
 * than the pages that are left. A listing only proves that something is there, for its pages may shift: only where
 * all of them together add up to what Permit counts does it prove an absence.
 * @returns what is there, by key.
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
    // A total that changed between the pages tells of a shift, even where the sum happens to be right.
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
