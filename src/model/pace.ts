import { recordOf } from './text/record.ts';
import { count } from './text/text.ts';

/**
 * How many requests may be sent; each limit is counted over every stretch of that length, not by the clock's minutes.
 */
export type PaceLimits = {
  readonly requestsPerMinute: number;
  /** Everything but GET; they are among the requests. */
  readonly writesPerMinute: number;
  /** They are among the writes. */
  readonly deletesPerMinute: number;
  /** They are among the writes, and the bulk DELETEs among the DELETEs. */
  readonly bulkPer10Minutes: number;
  /** `POST /v2/schema/*`: resources, actions, roles and permissions. They are among the writes. */
  readonly schemaPostsPerMinute: number;
};
export type RateLimit = keyof PaceLimits;

/** The limits that Permit publishes. Beyond them it answers 429, without saying when to retry. */
export const PUBLISHED_PACE: PaceLimits = {
  requestsPerMinute: 1000,
  writesPerMinute: 300,
  deletesPerMinute: 60,
  bulkPer10Minutes: 100,
  schemaPostsPerMinute: 40,
};

/** What each limit counts, and over how many minutes. */
const COUNTED: Readonly<Record<RateLimit, readonly [singular: string, minutes: number]>> = {
  requestsPerMinute: ['request', 1],
  writesPerMinute: ['write', 1],
  deletesPerMinute: ['DELETE', 1],
  bulkPer10Minutes: ['bulk call', 10],
  schemaPostsPerMinute: ['schema POST', 1],
};
export const minutesOf = (name: RateLimit): number => COUNTED[name][1];

export const byLimit = <T>(make: (name: RateLimit) => T): Readonly<Record<RateLimit, T>> =>
  recordOf(Object.keys(COUNTED) as RateLimit[], make);

export type CallKind = 'read' | 'write' | 'delete' | 'bulkWrite' | 'bulkDelete' | 'schemaPost';

/** The limits that a call counts against, the narrowest first. */
export const LIMITS_OF: Readonly<Record<CallKind, readonly RateLimit[]>> = {
  read: ['requestsPerMinute'],
  write: ['writesPerMinute', 'requestsPerMinute'],
  delete: ['deletesPerMinute', 'writesPerMinute', 'requestsPerMinute'],
  bulkWrite: ['bulkPer10Minutes', 'writesPerMinute', 'requestsPerMinute'],
  bulkDelete: ['bulkPer10Minutes', 'deletesPerMinute', 'writesPerMinute', 'requestsPerMinute'],
  schemaPost: ['schemaPostsPerMinute', 'writesPerMinute', 'requestsPerMinute'],
};

/** "Permit's limit of 60 DELETEs a minute". */
export function describeLimit(name: RateLimit, limits: PaceLimits): string {
  const [singular, minutes] = COUNTED[name];
  const span = minutes === 1 ? 'a minute' : `in ${minutes} minutes`;
  return `Permit's limit of ${count(limits[name], singular)} ${span}`;
}

/** A sequence of calls, and how often it is repeated. */
export type Calls = { readonly kinds: readonly CallKind[]; readonly times: number };

/** How long calls would wait, and for which limit the longest ("Permit's limit of …"); undefined if for none. */
export type Forecast = { readonly ms: number; readonly limit: string | undefined };

/** How much time a run has, and how long Permit's limits make it last. */
export type Schedule = {
  /** @param calls to be sent in this order from now on, after everything that this run has sent already. */
  readonly forecast: (calls: readonly Calls[]) => Forecast;
  /** Until the timeout of the run. */
  readonly remainingMs: () => number;
  /** The timeout of the whole run. */
  readonly timeoutMs: number;
};
