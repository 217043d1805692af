import type { ServerResponse } from 'node:http';

/** All answers to a delivery. They are metric labels, so none holds text from outside. */
export const ANSWERS = {
  queued: 202,
  ignored: 200,
  not_found: 404,
  method_not_allowed: 405,
  unsupported_media_type: 415,
  too_large: 413,
  too_slow: 408,
  unauthorized: 401,
  invalid: 400,
  overloaded: 503,
  queue_full: 503,
  queue_unavailable: 503,
  internal: 500,
} as const;

export type AnswerCode = keyof typeof ANSWERS;

/** `message` says what is wrong. It never repeats anything that was sent. */
export type DeliveryAnswer = { readonly code: AnswerCode; readonly message?: string };

/** Seconds. GitHub does not try again by itself; others do. */
const RETRY_AFTER = '30';

export function sendAnswer(
  response: ServerResponse,
  { code, message }: DeliveryAnswer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const status = ANSWERS[code];
  const body =
    code === 'queued' || code === 'ignored'
      ? { status: code }
      : { status: 'error', error: { code: code.toUpperCase(), message } };
  sendText(response, status, JSON.stringify(body), {
    'content-type': 'application/json; charset=utf-8',
    ...(status === 503 ? { 'retry-after': RETRY_AFTER } : {}),
    ...headers,
  });
}

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  // The client may have hung up.
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-length': String(Buffer.byteLength(text)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(text);
}
