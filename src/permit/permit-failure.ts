import type { HttpReply } from '../http/exchange.ts';
import { HttpFailure, parseRetryAfter } from '../http/http-failure.ts';
import { clean, NOT_FOLLOWED } from '../http/transport.ts';
import { isInteger, isRecord } from '../model/text/record.ts';

/** Turns answers of Permit that are no success into an HttpFailure of harmless facts. */

/** The failure for an answer that can't be parsed. The request may have been processed nevertheless. */
export function undocumented(request: string): HttpFailure {
  const reply = 'the answer is not what Permit documents: it was cut short, or no Permit API answers there';
  return new HttpFailure({ service: 'Permit', request, reply });
}

/** @param data the parsed body. @param apiKey is concealed, should the answer repeat it. */
export function failureOf(
  request: string,
  { status, headers }: HttpReply,
  data: unknown,
  apiKey: string,
): HttpFailure {
  return new HttpFailure({
    service: 'Permit',
    request,
    status,
    reply: status < 400 ? NOT_FOLLOWED : clean(replyOf(data), [apiKey]),
    retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
    throttled: status === 429,
    culprits: culpritsOf(data),
  });
}

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
    const index = Array.isArray(loc) ? loc.find(isInteger) : undefined;
    return index !== undefined && index >= 0 ? [index] : [];
  });
  return [...new Set(indexes)];
}
