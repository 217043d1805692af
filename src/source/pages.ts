import type { Answer, GitHubClient, Parser } from './github-client.ts';

/** The largest page that GitHub serves. */
const PER_PAGE = 100;
/** A list that changed while it was read is read again this many times. */
const REREADS = 2;

/**
 * All pages of a list, side by side once the first has told how many there are.
 * @returns undefined where a page stayed short although more followed: a list like that is not whole.
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
    const numbers = Array.from({ length: first.lastPage - 1 }, (_, index) => index + 2);
    const pages = [first, ...(await Promise.all(numbers.map(page)))];
    // Somebody joined while the pages were read.
    while (pages.at(-1)?.hasNext) pages.push(await page(pages.length + 1));
    const short = pages.slice(0, -1).some(({ body }) => body.length < PER_PAGE);
    if (!short) return pages.flatMap(({ body }) => body);
  }
  return undefined;
}
