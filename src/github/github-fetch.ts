import type { RequestObserver } from '../http/request-observer.ts';
import type { Transport } from '../http/transport.ts';
import { parseTokenExpiry, TOKEN_EXPIRY_HEADER } from './token-expiry.ts';

/** Pinned, since GitHub may change which version it serves by default (docs.github.com/rest/about-the-rest-api/api-versions). */
const API_VERSION = '2022-11-28';

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
export function openFetch(send: Transport, observer: RequestObserver) {
  return async (url: string, { method = 'GET', headers, body }: FetchOptions = {}) => {
    const reply = await send({
      method,
      url,
      headers: { ...headers, 'x-github-api-version': API_VERSION },
      body,
    });
    const answered = new Map(
      Object.entries(reply.headers).map(([name, value]) => [name, String(value)] as const),
    );
    const expiresMs = parseTokenExpiry(answered.get(TOKEN_EXPIRY_HEADER));
    if (expiresMs !== undefined) observer.onTokenExpiry?.(expiresMs);
    const remaining = Number(answered.get('x-ratelimit-remaining') ?? Number.NaN);
    if (Number.isSafeInteger(remaining)) observer.onRateLimit?.(remaining);
    return {
      url,
      status: reply.status,
      headers: answered,
      body: reply.body,
      text: async () => reply.body.toString(),
      arrayBuffer: async () => reply.body,
    };
  };
}
