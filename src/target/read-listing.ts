import { SyncError } from '../model/errors.ts';

/** The largest page that Permit serves of users, roles, resources, tenants and resource instances. */
export const PER_PAGE = 100;
/** A listing has no cursor and no order: when it does not add up it is read again this many times. */
const REREADS = 3;

export type Page<T> = { readonly items: readonly T[]; readonly total: number };

/**
 * All of a listing by key: complete, or a failure. Pages overlap when somebody writes meanwhile: what came twice
 * counts once, and the sum is compared with what Permit counts.
 * @param what "users", for the words of the failure. @param page reads one page of `PER_PAGE`, the first is 1.
 * @throws SyncError PERMIT_UNAVAILABLE when it does not add up however often it is read.
 */
export async function readListing<T, K extends string>(
  what: string,
  page: (number: number) => Promise<Page<T>>,
  keyOf: (item: T) => K,
): Promise<ReadonlyMap<K, T>> {
  let seen = '';
  for (let reading = 0; reading <= REREADS; reading++) {
    const first = await page(1);
    const rest = Array.from(
      { length: Math.max(0, Math.ceil(first.total / PER_PAGE) - 1) },
      (_, index) => index + 2,
    );
    const pages = [first, ...(await Promise.all(rest.map(page)))];
    const found = new Map<K, T>();
    for (const { items } of pages) for (const item of items) found.set(keyOf(item), item);
    if (pages.every(({ total }) => total === found.size)) return found;
    seen = `${found.size} different ${what}, while it counts ${pages.at(-1)?.total}`;
  }
  throw new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of ${what} does not add up: ${REREADS + 1} readings, the last with ${seen}`,
    'somebody else is writing to this environment right now: run again',
  );
}
