import { HttpFailure, neverSent, parseRetryAfter, systemCode } from '../http/http-failure.ts';
import { proxyFailureIn } from '../http/proxy.ts';
import { HEADERS_TOO_LARGE, isHeaderOverflow, TOO_LARGE } from '../http/sizes.ts';
import { isRecord } from '../model/text/record.ts';
import { printable } from '../model/text/text.ts';

/** Turns what the HTTP client throws into an HttpFailure of harmless facts: its own errors hold the API key. */

type SentRequest = { readonly method?: string | undefined; readonly url?: string | undefined };

/** What is read of an axios error. */
type RequestError = Error & {
  readonly code?: string | undefined;
  readonly config?: SentRequest | undefined;
  readonly response?:
    | { readonly status: number; readonly data: unknown; readonly headers: Readonly<Record<string, unknown>> }
    | undefined;
};

export const pathOf = (request: SentRequest): string =>
  request.url !== undefined && URL.canParse(request.url)
    ? new URL(request.url).pathname
    : (request.url ?? '');

export const requestName = (request: SentRequest): string =>
  `${request.method?.toUpperCase() ?? 'GET'} ${pathOf(request)}`;

/** The failure for an answer that can't be parsed. The request may have been processed nevertheless. */
export function undocumented(request: string): HttpFailure {
  const reply = 'the answer is not what Permit documents: it was cut short, or no Permit API answers there';
  return new HttpFailure({ service: 'Permit', request, reply });
}

export const NOT_FOLLOWED = 'redirects to another place, which is not followed';

/** Takes over only what is harmless: the error holds the request with its headers, and so the API key. */
export function failureOf(error: RequestError, apiKey: string): HttpFailure {
  for (let at: unknown = error.cause, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof HttpFailure) return at;
  }
  const request = error.config ? requestName(error.config) : 'GET';
  const { response } = error;
  const proxy = proxyFailureIn(error);
  if (proxy) {
    const { message: reply, trouble } = proxy;
    return new HttpFailure({ service: 'Permit', request, reply, sent: false, trouble });
  }
  const oversized = isHeaderOverflow(systemCode(error))
    ? HEADERS_TOO_LARGE
    : /^maxContentLength size/.test(error.message)
      ? TOO_LARGE
      : undefined;
  if (oversized !== undefined) {
    return new HttpFailure({ service: 'Permit', request, reply: oversized, trouble: 'oversized' });
  }
  // A 2xx with a truncated body does not show what was done, and must not count as a refusal.
  if (response && response.status < 300) return undocumented(request);
  if (!response) {
    const timedOut =
      error.code === 'ERR_CANCELED' || error.code === 'ECONNABORTED' || error.code === 'ETIMEDOUT';
    const reply = timedOut
      ? 'no answer in time'
      : `no answer: ${error.message || error.code || 'connection lost'}`;
    return new HttpFailure({
      service: 'Permit',
      request,
      reply: clean(reply, apiKey),
      sent: !neverSent(error),
    });
  }
  return new HttpFailure({
    service: 'Permit',
    request,
    status: response.status,
    reply: isRedirect(response.status) ? NOT_FOLLOWED : clean(replyOf(response.data), apiKey),
    retryAfterMs: parseRetryAfter(response.headers['retry-after'], Date.now()),
    throttled: response.status === 429,
    culprits: culpritsOf(response.data),
  });
}

export const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** Permit's errors are `{title, message}`, a 422 is `{detail: [{loc, msg}]}`; a proxy in between may send anything. */
function replyOf(data: unknown): string {
  if (!isRecord(data)) return 'no explanation';
  if (Array.isArray(data.detail)) {
    const details = data.detail.filter(isRecord).map(({ loc, msg }) => {
      const place = Array.isArray(loc) ? loc.map(String).join('.') : '';
      return `${place} ${typeof msg === 'string' ? msg : ''}`.trim();
    });
    return details.slice(0, 3).join('; ') || 'no explanation';
  }
  const words = [data.message, data.title, data.detail, data.error_code].find(
    (word) => typeof word === 'string',
  );
  return typeof words === 'string' && words !== '' ? words : 'no explanation';
}

/** The index in a `loc` such as ["body", "operations", 17, "key"] names the item that is to blame. */
function culpritsOf(data: unknown): readonly number[] {
  if (!isRecord(data) || !Array.isArray(data.detail)) return [];
  const indexes = data.detail.filter(isRecord).flatMap(({ loc }) => {
    const index: unknown = Array.isArray(loc) ? loc.find((part) => Number.isSafeInteger(part)) : undefined;
    return typeof index === 'number' && index >= 0 ? [index] : [];
  });
  return [...new Set(indexes)];
}

function clean(text: string, apiKey: string): string {
  const plain = printable(text).replaceAll(apiKey, '***');
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}
