import type { Problem } from './problem.ts';

/** Codes that a whole run can end with (CONTRACT §10); scripts match on them, so they never change. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_INVALID'
  | 'USER_KEY_CHANGED'
  | 'GITHUB_AUTH'
  | 'GITHUB_NOT_FOUND'
  | 'GITHUB_INCOMPLETE'
  | 'GITHUB_UNAVAILABLE'
  | 'PERMIT_AUTH'
  | 'PERMIT_MISSING_ROLE'
  | 'PERMIT_MISSING_TENANT'
  | 'PERMIT_MISSING_INSTANCE'
  | 'PERMIT_UNAVAILABLE'
  | 'GUARD_REFUSED'
  | 'PLAN_STALE'
  | 'LOCKED'
  | 'QUEUE_UNAVAILABLE'
  | 'TIMEOUT'
  | 'INTERRUPTED'
  | 'INTERNAL';

/**
 * Codes for one person who can't be brought to the desired state; the others go on.
 */
export type PersonErrorCode =
  | 'KEY_TAKEN'
  | 'KEY_CLAIMED'
  | 'FOREIGN_OWNER'
  | 'BAD_MARK'
  | 'DUPLICATE_ID'
  | 'NO_IDENTITY'
  | 'LOOKUP_FAILED'
  | 'PERMIT_REFUSED'
  | 'PERMIT_UNAVAILABLE';

/**
 * Notes, which never change the exit code: someone was kept, or nothing proves that they left; a run would not finish
 * before its timeout (in a dry run); Permit lacks a role or tenant that nobody needs yet.
 */
export type NoteCode =
  | 'KEPT_FOREIGN'
  | 'KEPT_OUT_OF_SCOPE'
  | 'KEPT_UNCONFIRMED'
  | 'KEPT_UPSERT_ONLY'
  | 'PROTECTED'
  | 'EXISTING_USER'
  | 'NEW_ORG'
  | 'RULE_ENDED'
  | 'MAP_UNKNOWN'
  | 'EMAIL_TAKEN'
  | Extract<PersonErrorCode, 'BAD_MARK' | 'NO_IDENTITY'>
  | Extract<ErrorCode, 'TIMEOUT' | `PERMIT_MISSING_${string}`>;

/** An error for the operator: what happened, and what to do about it. See `Problem`. */
export class SyncError extends Error implements Problem<ErrorCode> {
  override readonly name: string = 'SyncError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/**
 * A key of the queue has the wrong type in Redis. Anyone with write access to Redis can cause this, and deleting the key
 * repairs it, so long-running programs wait for the repair as they wait for an outage to end.
 */
export class WrongTypeError extends SyncError {
  constructor(message: string, hint: string) {
    super('CONFIG_INVALID', message, hint);
  }
}
