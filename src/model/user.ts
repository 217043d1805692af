import type { MapRow } from './corporate-identity.ts';
import type { Grant } from './grant.ts';
import type { UserKey } from './identity.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A user's free-form attributes in Permit. Permit may answer `null`; the adapter makes that `{}`. */
export type Attributes = { readonly [key: string]: Json };

/** What Permit knows about a person besides the attributes. An email is unique in an environment. */
export type Profile = {
  readonly email?: string;
  readonly firstName?: string;
  readonly lastName?: string;
};

/** One user as Permit holds it, with every grant of it, managed or not. */
export type PermitUser = {
  readonly key: UserKey;
  /** Copied when the person moves to another key. Undefined if Permit has none. */
  readonly profile?: Profile;
  readonly attributes: Attributes;
  readonly grants: readonly Grant[];
};

/** How people get users in Permit. */
export type UserSettings = {
  /** Template of the user key: holds `{login}`, `{id}` or an identity. */
  readonly key: string;
  /** The rows for `{map}`. */
  readonly map?: readonly MapRow[] | undefined;
  /** What of a profile is filled from identities. */
  readonly profile?: readonly ('email' | 'name')[] | undefined;
  /** `unassign` keeps the user of a person who left, with our mark but without our grants. */
  readonly onLeave: 'delete' | 'unassign';
  /** Which unmarked users under a member's key are adopted: none, those with managed grants only, or all. */
  readonly adopt: 'none' | 'plain' | 'all';
  /** Patterns of user keys that are never written. */
  readonly protect: readonly string[];
};
