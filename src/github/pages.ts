import { HttpFailure } from '../http/http-failure.ts';
import { MAX_PAGES, openRepeats, PAGES_AT_ONCE } from '../http/sizes.ts';
import { type Answer, fill, type GitHubClient, type Parser } from './github-client.ts';

/** The largest page that GitHub serves. */
export const PER_PAGE = 100;
/** How many more times to read a list that changed while it was read. */
const REREADS = 2;
/**
 * Whether another page may follow. Some gateways drop the `Link` header, so a full page without links may not be the
 * last.
 */
const mayHaveNext = ({ body, links }: Answer<readonly unknown[]>): boolean =>
  links.hasNext || (!links.isPaged && body.length === PER_PAGE);

/**
 * Reads all pages of a list, in parallel once the first shows how many there are.
 * @returns undefined if the list stays incomplete: a page is short although more follow.
 * @throws HttpFailure; also if there are too many pages, a page came twice, or one holds more than `PER_PAGE` items.
 */
export async function listAll<T>(
  client: GitHubClient,
  route: string,
  parameters: Readonly<Record<string, string | number>>,
  parse: Parser<readonly T[]>,
): Promise<readonly T[] | undefined> {
  const unbelievable = (what: string): HttpFailure => unbelievableList(fill(route, parameters), what);
  for (let reading = 0; reading <= REREADS; reading++) {
    const repeats = openRepeats<T>(PER_PAGE, (item) => item);
    const pages: Answer<readonly T[]>[] = [];
    const readPages = async (many: number): Promise<void> => {
      const numbers = Array.from({ length: many }, (_, index) => pages.length + index + 1);
      const answers = await Promise.all(
        numbers.map((page) => client.get(route, { ...parameters, per_page: PER_PAGE, page }, parse)),
      );
      for (const answer of answers) {
        const { body } = answer;
        if (body.length > PER_PAGE) throw unbelievable(`a page holds ${body.length} items, not ${PER_PAGE}`);
        if (repeats(body)) throw unbelievable('the same page came twice');
        pages.push(answer);
      }
    };
    await readPages(1);
    const lastPage = pages[0]?.links.lastPage ?? 1;
    if (lastPage > MAX_PAGES) throw unbelievable(`it announces ${lastPage} pages, more than ${MAX_PAGES}`);
    while (pages.length < lastPage) await readPages(Math.min(PAGES_AT_ONCE, lastPage - pages.length));
    // Someone joined while the pages were read, or no page shows how many there are.
    for (let last = pages.at(-1); last && mayHaveNext(last); last = pages.at(-1)) {
      if (pages.length === MAX_PAGES) throw unbelievable(`it has no end after ${MAX_PAGES} pages`);
      // Two short pages in a row that name a next one: reading on can't make the list complete.
      if (last.body.length < PER_PAGE && (pages.at(-2)?.body.length ?? PER_PAGE) < PER_PAGE) return undefined;
      await readPages(1);
    }
    const short = pages.slice(0, -1).some(({ body }) => body.length < PER_PAGE);
    if (!short) return pages.flatMap(({ body }) => body);
  }
  return undefined;
}

/** The same for a list that is of no use unless it is complete. @throws HttpFailure, also where it stays incomplete. */
export async function listWhole<T>(...list: Parameters<typeof listAll<T>>): Promise<readonly T[]> {
  const listed = await listAll(...list);
  if (listed !== undefined) return listed;
  const [, route, parameters] = list;
  throw unbelievableList(fill(route, parameters), 'it did not come whole');
}

/** The failure for a list that GitHub never serves. */
export const unbelievableList = (path: string, what: string): HttpFailure =>
  new HttpFailure({
    service: 'GitHub',
    request: `GET ${path}`,
    reply: `the list is not believed: ${what}`,
    trouble: 'oversized',
  });
