export type Service = 'GitHub' | 'Permit';

/**
 * Failures that have a cause and a fix of their own. `oversized`: the service sent more than any real answer holds.
 * The proxy in between refused the connection, or could not be reached: the service was never asked.
 */
type Trouble = 'oversized' | 'proxy-refused' | 'proxy-unreachable';

/** What is known about a failed request. */
type HttpFacts = Pick<HttpFailure, 'service' | 'request' | 'reply'> &
  Partial<Omit<HttpFailure, 'service' | 'request' | 'reply' | 'answer' | 'ambiguous' | keyof Error>>;

/**
 * A request that did not succeed, without anything secret: no headers, no token, no request body.
 * The adapters make it from the client library's error, which nothing above them sees.
 */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly service: Service;
  /** "GET /orgs/acme/members": the method and the path, without the query. */
  readonly request: string;
  /** Undefined if no answer, or only part of one, arrived. */
  readonly status: number | undefined;
  /** What the service said about it: outside text, shortened, printable. */
  readonly reply: string;
  /** "404 Not Found": the status, where there is one, and the reply. */
  readonly answer: string;
  readonly retryAfterMs: number | undefined;
  /** A rate limit: the request was not processed. */
  readonly throttled: boolean;
  /** False when it is certain that the request never reached the service. */
  readonly sent: boolean;
  /** Indexes of the items of a batch that the answer blames; empty when it blames none. */
  readonly culprits: readonly number[];
  /** The single sign-on page that GitHub names for a token that is not authorised for an organization. */
  readonly ssoUrl: string | undefined;
  /** Whether the body is the service's own JSON error. A gateway's page says nothing about what was asked for. */
  readonly isOwnWords: boolean;
  readonly trouble: Trouble | undefined;
  /** The permissions that would be enough, from GitHub's `X-Accepted-GitHub-Permissions`. */
  readonly acceptedPermissions: string | undefined;

  constructor(facts: HttpFacts) {
    const answer = facts.status === undefined ? facts.reply : `${facts.status} ${facts.reply}`;
    super(`${facts.service} ${facts.request}: ${answer}`);
    this.answer = answer;
    this.service = facts.service;
    this.request = facts.request;
    this.status = facts.status;
    this.reply = facts.reply;
    this.retryAfterMs = facts.retryAfterMs;
    this.throttled = facts.throttled ?? false;
    this.sent = facts.sent ?? true;
    this.culprits = facts.culprits ?? [];
    this.ssoUrl = facts.ssoUrl;
    this.isOwnWords = facts.isOwnWords ?? false;
    this.trouble = facts.trouble;
    this.acceptedPermissions = facts.acceptedPermissions;
  }

  /** Whether the request may have been processed although it failed. Its effect has to be read, not guessed. */
  get ambiguous(): boolean {
    if (this.throttled || !this.sent) return false;
    return this.status === undefined || this.status === 408 || this.status >= 500;
  }
}

/** For `catch`: handles an HttpFailure and rethrows any other error. */
export const onHttpFailure =
  <T>(handle: (failure: HttpFailure) => T) =>
  (error: unknown): T => {
    if (error instanceof HttpFailure) return handle(error);
    throw error;
  };

/** Socket errors that mean that the request never reached the service. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

/** Finds the system's error code, however deep a client wrapped it. */
export function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return systemCode(at.errors[0]);
  }
  return undefined;
}

export const neverSent = (error: unknown): boolean => NEVER_SENT.has(systemCode(error) ?? '');

/**
 * `Retry-After`: seconds, or an HTTP date (RFC 9110 §10.2.3).
 * @returns milliseconds from now; undefined if the header is missing or invalid.
 */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
