import { sameOrigin } from '../http/address.ts';
import { harmlessQuery } from '../http/harmless-query.ts';
import { HttpFailure, neverSent, systemCode } from '../http/http-failure.ts';
import { proxyFailureIn } from '../http/proxy.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { HEADERS_TOO_LARGE, isHeaderOverflow, readBody, TOO_LARGE } from '../http/sizes.ts';
import type { Stop } from '../http/stop.ts';
import { parseTokenExpiry, TOKEN_EXPIRY_HEADER } from './token-expiry.ts';

const MAX_REDIRECTS = 3;

/**
 * The `fetch` that Octokit and its authentication use: bounded in time and size, counted, and never led to another origin,
 * where the token has no business.
 */
export function boundedFetch(
  stop: Stop,
  observer: RequestObserver,
  requestTimeoutMs: number,
  transport: typeof fetch,
): typeof fetch {
  return async (input, init) => {
    const method = init?.method ?? 'GET';
    let url = typeof input === 'string' || input instanceof URL ? String(input) : input.url;
    for (let redirects = 0; ; redirects++) {
      const request = `${method} ${new URL(url).pathname}`;
      const told = request + harmlessQuery(url);
      const facts = { service: 'GitHub', request } as const;
      // The only write to GitHub is the request for another delivery.
      const isWrite = method === 'POST' && request.endsWith('/attempts');
      const timeout = AbortSignal.timeout(requestTimeoutMs);
      const failed = (error: unknown): HttpFailure => {
        stop.signal.throwIfAborted();
        const proxy = proxyFailureIn(error);
        if (proxy) {
          const { message: reply, trouble } = proxy;
          return new HttpFailure({ ...facts, reply, sent: false, trouble });
        }
        const overflow = isHeaderOverflow(systemCode(error));
        const late = `no answer within ${requestTimeoutMs / 1000} s`;
        return new HttpFailure({
          ...facts,
          reply: overflow ? HEADERS_TOO_LARGE : timeout.aborted ? late : connectionReply(error),
          sent: !neverSent(error),
          trouble: overflow ? 'oversized' : undefined,
        });
      };
      const began = performance.now();
      observer.onStart('GitHub', isWrite);
      let response: Response;
      try {
        response = await transport(url, {
          ...init,
          redirect: 'manual',
          signal: AbortSignal.any([stop.signal, timeout]),
        });
      } catch (error) {
        observer.onEnd('GitHub', told, undefined, performance.now() - began, isWrite);
        throw failed(error);
      }
      observer.onEnd('GitHub', told, response.status, performance.now() - began, isWrite);
      const expiresMs = parseTokenExpiry(response.headers.get(TOKEN_EXPIRY_HEADER));
      if (expiresMs !== undefined) observer.onTokenExpiry?.(expiresMs);
      const remaining = Number(response.headers.get('x-ratelimit-remaining') ?? Number.NaN);
      if (Number.isSafeInteger(remaining)) observer.onRateLimit?.(remaining);
      const location = isRedirect(response.status) ? response.headers.get('location') : null;
      if (location === null) {
        if (response.body === null) return response;
        const body = await readBody(response.body).catch((error: unknown) => {
          throw failed(error);
        });
        const { status, headers } = response;
        if (body) return new Response(body, { status, headers });
        throw new HttpFailure({ ...facts, reply: TOO_LARGE, trouble: 'oversized' });
      }
      await response.body?.cancel();
      if (!sameOrigin(url, location) || method !== 'GET' || redirects === MAX_REDIRECTS) {
        const reply = 'redirects to another place, which is not followed';
        throw new HttpFailure({ ...facts, status: response.status, reply });
      }
      url = new URL(location, url).href;
    }
  };
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** What the system says of a connection, without what the client library adds. */
function connectionReply(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? `no answer: ${cause.message || cause.name}` : 'no answer';
}
