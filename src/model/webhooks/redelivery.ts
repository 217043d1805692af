import type { ErrorCode } from '../errors.ts';
import type { Problem, Warning } from '../problem.ts';

/** Which webhook: one of an organization, or the one that the GitHub App itself has, which carries no number. */
export type HookRef = { readonly org: string; readonly id: number } | { readonly app: string };

/** Whose webhook it is, in words. */
export const hookOwner = (hook: HookRef): string => ('app' in hook ? `the GitHub App ${hook.app}` : hook.org);

/** Whose webhook it is, and which. */
const hookName = (hook: HookRef): string =>
  'app' in hook ? `the webhook of ${hookOwner(hook)}` : `webhook ${hook.id} of ${hook.org}`;

export const isSameHook = (a: HookRef, b: HookRef): boolean => hookName(a) === hookName(b);

/** A webhook of an organization. Its address may hold credentials, so it is compared but never shown. */
export type HookAddress = { readonly id: number; readonly active: boolean; readonly url: string };

/** One attempt of GitHub to hand over a delivery. */
export type Attempt = {
  /** Decimal digits: GitHub's attempt ids are too large for a JavaScript number. */
  readonly id: string;
  /** Identifies the event. All attempts of all webhooks share it. */
  readonly guid: string;
  /** Milliseconds since the epoch. */
  readonly deliveredAtMs: number;
  readonly event: string;
  readonly action: string | undefined;
  /** GitHub's words: `OK`, `failed to connect to host`. Outside text. */
  readonly status: string;
  /** What the receiver answered; 0 where GitHub has no answer of it. */
  readonly statusCode: number;
  /** Of a GitHub App's webhook: in which installation it happened. */
  readonly installationId?: number | undefined;
};

/** A delivery without a successful attempt. */
export type LostDelivery = {
  readonly hook: NamedHook;
  readonly guid: string;
  readonly event: string;
  readonly action: string | undefined;
  readonly attempts: number;
  /** When the first attempt was made that GitHub still lists, in milliseconds since the epoch. */
  readonly firstAtMs: number;
  /** The latest attempt, which is the one to repeat. */
  readonly last: Pick<Attempt, 'id' | 'deliveredAtMs' | 'status' | 'statusCode'>;
};

/** `place` is the address without what may be secret in it. */
export type NamedHook = HookRef & { readonly place: string };

/** `requested`: GitHub makes the attempt on its own. `skipped`: not tried. */
export type RedeliveryOutcome =
  | { readonly kind: 'planned' }
  | { readonly kind: 'requested' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'skipped'; readonly why: string };

export type RedeliveryResult = { readonly lost: LostDelivery; readonly outcome: RedeliveryOutcome };

/** What `redeliver` found and did. */
export type RedeliverResult = {
  readonly hooks: readonly NamedHook[];
  /** Deliveries that were read, of all webhooks. */
  readonly deliveries: number;
  /** How many of them are about events that the receiver ignores. */
  readonly ignored: number;
  /** How many of them are being delivered again already. */
  readonly underWay: number;
  /** The oldest first. */
  readonly results: readonly RedeliveryResult[];
  readonly warnings: readonly Warning[];
  /** An organization or a webhook could not be read. */
  readonly incomplete: boolean;
  /** What ended the run before every delivery was tried. */
  readonly error: Problem<ErrorCode> | undefined;
};

/** A complete reading, or why there is none. */
export type HookReading<T> =
  | { readonly kind: 'read'; readonly value: T }
  | ({ readonly kind: 'unread' } & Problem<ErrorCode>);

/** What `redeliver` needs from GitHub to find lost deliveries. It only reads; a dry run has nothing else. */
export type DeliverySource = {
  /** @throws SyncError for what no other organization would survive either: a bad token, a stopped run. */
  readonly listHooks: (org: string) => Promise<HookReading<readonly HookAddress[]>>;
  /** The webhook of the GitHub App whose credentials are used; undefined if it has none, or a token is used. */
  readonly readAppHook: () => Promise<HookReading<(HookRef & { readonly url: string }) | undefined>>;
  /**
   * Every attempt since then, and perhaps older ones; never a part of them.
   * @param sinceMs milliseconds since the epoch. @throws SyncError as `listHooks` does.
   */
  readonly listAttempts: (hook: HookRef, sinceMs: number) => Promise<HookReading<readonly Attempt[]>>;
};

/**
 * GitHub's answer to one request to redeliver. `barred`: all others of this organization or App, or all others, would
 * fail too, because the run has ended for example.
 */
export type RedeliveryAnswer =
  | Extract<RedeliveryOutcome, { kind: 'requested' | 'failed' }>
  | ({ readonly kind: 'barred'; readonly from: 'owner' | 'everything' } & Problem<ErrorCode>);

/**
 * Requests one attempt again. Every result is an answer, and a request that GitHub may have accepted is not repeated.
 */
export type Redeliver = (hook: HookRef, attempt: string) => Promise<RedeliveryAnswer>;
