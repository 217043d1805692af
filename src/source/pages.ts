import type { Answer, GitHubClient, Parser } from './github-client.ts';

/** The largest page that GitHub serves. */
export const PER_PAGE = 100;
/** A list that changed while it was read is read again this many times. */
const REREADS = 2;
/** A million items, far more than any organization has: a server that announces more is not believed. */
const MOST_PAGES = 10_000;

/**
 * Whether another page may follow. Some gateways drop the `Link` header, so a full page that says nothing about other
 * pages is not taken for the last.
 */
export const mayHaveNext = ({ body, links }: Answer<readonly unknown[]>): boolean =>
  links.hasNext || (!links.isPaged && body.length === PER_PAGE);

/**
 * All pages of a list, side by side once the first has told how many there are.
 * @returns undefined where a page stayed short although more followed, came twice, or the pages never end: a list like
 * that is not whole.
 */
export async function listAll<T>(
  client: GitHubClient,
  route: string,
  parameters: Readonly<Record<string, string | number>>,
  parse: Parser<readonly T[]>,
): Promise<readonly T[] | undefined> {
  const page = (number: number): Promise<Answer<readonly T[]>> =>
    client.get(route, { ...parameters, per_page: PER_PAGE, page: number }, parse);
  for (let reading = 0; reading <= REREADS; reading++) {
    const first = await page(1);
    if (first.links.lastPage > MOST_PAGES) return undefined;
    const numbers = Array.from({ length: first.links.lastPage - 1 }, (_, index) => index + 2);
    const pages = [first, ...(await Promise.all(numbers.map(page)))];
    // Somebody joined while the pages were read, or no page tells how many there are.
    for (let last = pages.at(-1); last && mayHaveNext(last); last = pages.at(-1)) {
      if (pages.length === MOST_PAGES || repeats(last, pages.at(-2))) return undefined;
      pages.push(await page(pages.length + 1));
    }
    const short = pages.slice(0, -1).some(({ body }) => body.length < PER_PAGE);
    if (!short) return pages.flatMap(({ body }) => body);
  }
  return undefined;
}

/** A server that ignores the page number sends the same page forever. */
function repeats<T>({ body }: Answer<readonly T[]>, before: Answer<readonly T[]> | undefined): boolean {
  if (before === undefined || body.length === 0 || body.length !== before.body.length) return false;
  return [0, -1].every((at) => JSON.stringify(body.at(at)) === JSON.stringify(before.body.at(at)));
}
