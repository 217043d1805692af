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
 * Notes that change no exit code: someone was kept, or could not be proved to have left; of a dry run, that a run
 * could not be through within its bound; a role or tenant that Permit lacks and nobody needs yet.
 */
export type NoteCode =
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

/**
 * Everything that a user may have to read about. `message` says what happened and on what; `hint` says what to
 * do next. Neither holds a secret: both are made from our own words and from sanitised outside text.
 */
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

/** One line for a person: what happened, then the next step. */
export const describeError = (error: SyncError): string => `${error.message} (${error.code})`;
