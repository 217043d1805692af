/**
 * Limits on what a service may send. The largest real page is about 1 MB (100 repositories). A body of this size takes
 * less than 250 MB once it is parsed, whatever its content.
 */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** A million items in pages of 100: far more than any organization or environment has. */
export const MAX_PAGES = 10_000;
/** Pages requested at once before the answers are checked. A hostile server is detected after this many. */
export const PAGES_AT_ONCE = 100;

/**
 * Recognizes a full page that was served before under another number. Compares four items of it, which is fast, and
 * which no two real pages share.
 */
export function openRepeats<T>(
  perPage: number,
  keyOf: (item: T) => unknown,
): (page: readonly T[]) => boolean {
  const seen = new Set<string>();
  return (page) => {
    if (page.length < perPage) return false;
    const sample = [0, 0.33, 0.66].map((part) => page[Math.floor(part * page.length)]);
    const print = JSON.stringify([...sample, page.at(-1)].map((item) => item && keyOf(item)));
    if (seen.has(print)) return true;
    seen.add(print);
    return false;
  };
}
