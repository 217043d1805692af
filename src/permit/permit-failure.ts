import type { HttpReply } from '../http/exchange.ts';
import { HttpFailure, parseRetryAfter } from '../http/http-failure.ts';
import { PROXY_HINTS } from '../http/proxy.ts';
import { clean, NOT_FOLLOWED } from '../http/transport.ts';
import { SyncError } from '../model/errors.ts';
import { isInteger, isRecord } from '../model/text/record.ts';

/** Turns failed answers of Permit into an HttpFailure without secrets. */

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

/** Turns a failed request to Permit or its PDP into what the operator reads. */
export function explainFailure(
  { trouble, status, reply, answer }: HttpFailure,
  words: { readonly [word in 'unasked' | 'refused' | 'keyHint' | 'unusable' | 'hint']: string },
): SyncError {
  if (trouble === 'proxy-refused' || trouble === 'proxy-unreachable')
    return new SyncError('PERMIT_UNAVAILABLE', `${words.unasked}: ${reply}`, PROXY_HINTS[trouble]);
  return status === 401 || status === 403
    ? new SyncError('PERMIT_AUTH', `${words.refused} (${answer})`, words.keyHint)
    : new SyncError('PERMIT_UNAVAILABLE', `${words.unusable} (${answer})`, words.hint);
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
