import type { Grant } from '../grant.ts';
import type { GitHubId, UserKey } from '../identity.ts';

/**
 * What a row of a review says about a grant, worded as reviewers read it.
 * - `held`: a rule gives it.
 * - `to be assigned`: a rule gives it, and the plan assigns it.
 * - `to be removed`: the plan takes it.
 * - `kept`: no rule gives it, but this run does not take it; a warning says why.
 * - `undecided`: it depends on something that could not be read.
 * - `unmanaged`: no rule decides about it, or the user is not managed.
 * - `no grants`: the person holds nothing.
 */
export type ReviewStatus =
  | 'held'
  | 'to be assigned'
  | 'to be removed'
  | 'kept'
  | 'undecided'
  | 'unmanaged'
  | 'no grants';

/** One person or user, and one grant. */
export type ReviewRow = {
  readonly login: string | undefined;
  /** Undefined for a user whose GitHub account is unknown. */
  readonly id: GitHubId | undefined;
  /** "owner of acme", one for each organization; empty for someone who is in no listing. */
  readonly onGitHub: readonly string[];
  /** Whether the person owns an organization, or holds a role that `isAdminRole` names. */
  readonly isAdmin: boolean;
  readonly user: UserKey | undefined;
  readonly grant: Grant | undefined;
  readonly status: ReviewStatus;
  /** Numbers of the rules that give the grant, from 1. */
  readonly rules: readonly number[];
  /** The locators that these rules matched. */
  readonly facts: readonly string[];
  /** When the grant was assigned, ISO 8601; undefined if no audit file says so. */
  readonly since: string | undefined;
};

/** Who holds what, why, and since when. Administrators come first, then everyone by login. */
export type Review = {
  readonly rows: readonly ReviewRow[];
  readonly people: number;
  readonly admins: number;
  /** How many users carry the mark of each other owner. */
  readonly otherOwners: ReadonlyMap<string, number>;
  /** Users without a mark who hold no managed grant. */
  readonly unlistedUsers: number;
  /** Organizations whose outside collaborators were not listed, because no rule needs them. */
  readonly withoutCollaborators: readonly string[];
};

/**
 * When a user was assigned a grant, according to the audit file, ISO 8601. Undefined if the user belonged to someone
 * else at the time.
 */
export type SinceOf = (user: UserKey, id: GitHubId, grant: Grant) => string | undefined;

/** Precedes the name of an organization that the person owns. */
export const OWNER_OF = 'owner of ';

/**
 * Whether a role makes its holder an administrator, going by its name. It is better to mark too many people than too
 * few.
 */
export const isAdminRole = (role: string): boolean => /admin|owner/i.test(role);
