import type { RequestObserver } from '../http/request-observer.ts';
import type { Transport } from '../http/transport.ts';
import { isRecord, parseJson } from '../model/text/record.ts';
import { parseTokenExpiry, TOKEN_EXPIRY_HEADER } from './token-expiry.ts';

/**
 * Pinned, since GitHub may change which version it serves by default
 * (docs.github.com/rest/about-the-rest-api/api-versions).
 */
const API_VERSION = '2022-11-28';

/** Sends the API version, and reports what the answers' headers say about the token and the rate limit. */
export function openGitHubTransport(send: Transport, observer: RequestObserver): Transport {
  return async (request) => {
    const headers = { ...request.headers, 'x-github-api-version': API_VERSION };
    const reply = await send({ ...request, headers });
    const expiresMs = parseTokenExpiry(textOf(reply.headers[TOKEN_EXPIRY_HEADER]));
    if (expiresMs !== undefined) observer.onTokenExpiry?.(expiresMs);
    const remaining = Number(textOf(reply.headers['x-ratelimit-remaining']) ?? Number.NaN);
    if (Number.isSafeInteger(remaining)) observer.onRateLimit?.(remaining);
    return reply;
  };
}

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  header === undefined ? undefined : String(header);

/** What Octokit passes to a `fetch`. */
type FetchOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/**
 * The `fetch` that Octokit and its authentication use: as much of one as they need. Node's own would cost a tenth of a
 * small run's CPU to load.
 */
export function openFetch(send: Transport) {
  return async (url: string, { method = 'GET', headers, body }: FetchOptions = {}) => {
    const reply = await send({ method, url, ...(headers ? { headers } : {}), body });
    return {
      url,
      status: reply.status,
      headers: new Map(Object.entries(reply.headers).map(([name, value]) => [name, String(value)] as const)),
      body: reply.body,
      text: async () => reply.body.toString(),
      arrayBuffer: async () => reply.body,
    };
  };
}

/** A request as Octokit's authentication returns it: with the credential among its headers. */
type OctokitEndpoint = {
  readonly baseUrl: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
};
/** What is used of an Octokit. */
type AuthenticatedOctokit = {
  readonly request: { readonly endpoint: unknown; readonly defaults: unknown };
  readonly auth: unknown;
};
export type Reply = { readonly data: unknown; readonly headers: { readonly [name: string]: unknown } };

/**
 * Sends GET requests through Octokit's authentication and nothing else of it. Octokit itself builds a request, a
 * response and its headers several times, and looks through each body for numbers past 2^53 by regular expressions:
 * more CPU than all the rest of a large run. An id past 2^53 is refused where it is parsed.
 * @returns the parsed JSON; undefined for anything else. Rejects like `octokit.request` if GitHub refuses.
 */
export function openDirectGet(
  octokit: AuthenticatedOctokit,
  send: Transport,
): (path: string, headers: Readonly<Record<string, string>>) => Promise<Reply> {
  const sendOnce = async ({ baseUrl, url: path, headers }: OctokitEndpoint): Promise<Reply> => {
    const url = baseUrl + path;
    const reply = await send({ method: 'GET', url, headers });
    const { status } = reply;
    if (status < 400 && status !== 304) {
      return { data: parseJson(reply.body.toString()), headers: reply.headers };
    }
    // Only what calls itself JSON can be GitHub's own words: a page from something in between proves nothing.
    const isJson = /^application\/(?:scim\+)?json\b/i.test(reply.headers['content-type'] ?? '');
    const data = isJson ? parseJson(reply.body.toString()) : undefined;
    // The authentication of an App recognizes a wrong clock by the words.
    const words = isRecord(data) && typeof data.message === 'string' ? data.message : 'refused';
    const request = { method: 'GET', url };
    throw Object.assign(new Error(words), { status, request, response: { headers: reply.headers, data } });
  };
  const { endpoint, defaults } = octokit.request;
  const request = Object.assign(sendOnce, { endpoint, defaults });
  const { hook } = octokit.auth as {
    readonly hook: (request: unknown, options: object) => Promise<Reply>;
  };
  return (path, headers) => hook(request, { method: 'GET', url: path, headers });
}
