import { HttpFailure } from '../http/http-failure.ts';
import { MAX_PAGES, openRepeats } from '../http/sizes.ts';
import { isInteger, isRecord, parseEach } from '../model/text/record.ts';
import type { Attempt, HookRef } from '../model/webhooks/redelivery.ts';
import { type Answer, fill, type GitHubClient, type Parser } from './github-client.ts';
import { PER_PAGE, unbelievableList } from './pages.ts';

/** Where the deliveries of a webhook are, and with which parameters. A GitHub App's are asked for with its JWT. */
export const deliveriesOf = (
  hook: HookRef,
): { readonly route: string; readonly parameters: Readonly<Record<string, string | number>> } =>
  'app' in hook
    ? { route: '/app/hook/deliveries', parameters: {} }
    : { route: '/orgs/{org}/hooks/{hook}/deliveries', parameters: { org: hook.org, hook: hook.id } };

/**
 * `GET /orgs/{org}/hooks/{hook}/deliveries` or `GET /app/hook/deliveries`, page by page along the cursors: every
 * attempt since then, and older ones that the same pages hold. GitHub keeps them for 3 days (an
 * Enterprise Server: 7) and promises no order: only a page that is older from end to end is the last.
 * @param sinceMs milliseconds since the epoch.
 * @throws HttpFailure, never a shorter list: a delivery whose success is on the missing page would look lost.
 */
export async function listAttempts(
  client: GitHubClient,
  hook: HookRef,
  sinceMs: number,
): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  const cursors = new Set<string>();
  const repeats = openRepeats<Attempt>(PER_PAGE, ({ id }) => id);
  const path = pathOf(hook);
  let cursor: string | undefined;
  do {
    const page = await readPage(client, hook, PER_PAGE, cursor);
    if (page.body.length > PER_PAGE) {
      throw unbelievableList(path, `a page holds ${page.body.length} items, not ${PER_PAGE}`);
    }
    if (repeats(page.body)) throw unbelievableList(path, 'the same page came twice');
    attempts.push(...page.body);
    if (page.body.length > 0 && page.body.every(({ deliveredAtMs }) => deliveredAtMs < sinceMs)) break;
    const { isPaged, hasNext, nextCursor } = page.links;
    if (!isPaged && page.body.length === PER_PAGE) await requireLinks(client, hook, cursor);
    cursor = nextCursor;
    if (hasNext && cursor === undefined) throw broken(hook, 'more follow, but GitHub gives no cursor');
    // Without this a cursor that leads back to itself would be followed until the run ends.
    if (cursor !== undefined && cursors.has(cursor)) throw broken(hook, 'a cursor leads back to itself');
    if (cursors.size === MAX_PAGES) throw unbelievableList(path, `it has no end after ${MAX_PAGES} pages`);
    if (cursor !== undefined) cursors.add(cursor);
  } while (cursor !== undefined);
  return attempts;
}

/**
 * Tells a list that ends with a full page from one whose `Link` header a gateway dropped: asked for one item less, the
 * same list has another page. @throws HttpFailure where no page names the next: there is no cursor to go on with.
 */
async function requireLinks(client: GitHubClient, hook: HookRef, cursor: string | undefined): Promise<void> {
  const { links } = await readPage(client, hook, PER_PAGE - 1, cursor);
  if (!links.hasNext) throw broken(hook, 'the Link header that names the next page is missing');
}

function readPage(
  client: GitHubClient,
  hook: HookRef,
  perPage: number,
  cursor: string | undefined,
): Promise<Answer<readonly Attempt[]>> {
  const { route, parameters } = deliveriesOf(hook);
  const asked = { ...parameters, per_page: perPage, ...(cursor === undefined ? {} : { cursor }) };
  return client.get(route, asked, parseAttempts, { numbers: 'exact' });
}

function pathOf(hook: HookRef): string {
  const { route, parameters } = deliveriesOf(hook);
  return fill(route, parameters);
}

const broken = (hook: HookRef, why: string): HttpFailure =>
  new HttpFailure({
    service: 'GitHub',
    request: `GET ${pathOf(hook)}`,
    reply: `the list did not come whole: ${why}`,
  });

const parseAttempts: Parser<readonly Attempt[]> = (body) => parseEach(body, parseAttempt);

/** GitHub's `hook-delivery-item`. Octokit gives a number beyond 2^53 as a bigint. */
function parseAttempt(body: unknown): Attempt | undefined {
  if (!isRecord(body)) return undefined;
  const { guid, event, action, status, status_code: code } = body;
  const id = parseDigits(body.id);
  const deliveredAtMs = typeof body.delivered_at === 'string' ? Date.parse(body.delivered_at) : Number.NaN;
  if (id === undefined || Number.isNaN(deliveredAtMs)) return undefined;
  if (typeof guid !== 'string' || guid === '' || typeof event !== 'string') return undefined;
  if (typeof code !== 'number' && code !== null && code !== undefined) return undefined;
  return {
    id,
    guid,
    deliveredAtMs,
    event,
    action: typeof action === 'string' && action !== '' ? action : undefined,
    status: typeof status === 'string' ? status : '',
    statusCode: code ?? 0,
    installationId: typeof body.installation_id === 'number' ? body.installation_id : undefined,
  };
}

/** A number that lost its last digits would name another attempt. */
function parseDigits(id: unknown): string | undefined {
  if (typeof id === 'bigint') return id > 0n ? String(id) : undefined;
  return isInteger(id) && id > 0 ? String(id) : undefined;
}
