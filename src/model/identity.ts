import { isInteger } from './text/record.ts';

/**
 * Three ids that must never be confused. A login is not one of them: on GitHub it can change, and someone else can then
 * claim it.
 */
declare const kind: unique symbol;
type Named<Base, Kind extends string> = Base & { readonly [kind]: Kind };

/** GitHub's numeric id of a person: a positive safe integer that never changes. */
export type GitHubId = Named<number, 'GitHubId'>;
/** GitHub's numeric id of an organization: it survives a rename, and exposes an impostor under a freed name. */
export type OrgId = Named<number, 'OrgId'>;
/** Permit's id of a user, `^[A-Za-z0-9|@+\-._]+$`; it can never be changed once the user exists. */
export type UserKey = Named<string, 'UserKey'>;

const isId = (value: unknown): value is number => isInteger(value) && value > 0;

/** @returns undefined unless `value` is a positive safe integer. */
export function parseGitHubId(value: unknown): GitHubId | undefined {
  return isId(value) ? (value as GitHubId) : undefined;
}

/** Numeric ids that the config pins, by the organization's name in lower case. */
export type OrgPins = { readonly [org: string]: OrgId };

/** @returns undefined unless `value` is a positive safe integer. */
export function parseOrgId(value: unknown): OrgId | undefined {
  return isId(value) ? (value as OrgId) : undefined;
}

/** What Permit accepts as a user key (its OpenAPI specification, `UserCreate.key`). */
export const USER_KEY_PATTERN = /^[A-Za-z0-9|@+\-._]+$/;
/** What Permit accepts as the key of a role or a tenant. */
export const ROLE_KEY_PATTERN = /^[A-Za-z0-9\-_]+$/;

/** @returns undefined if Permit would refuse the key. */
export function parseUserKey(text: string): UserKey | undefined {
  return USER_KEY_PATTERN.test(text) ? (text as UserKey) : undefined;
}

/** The form in which keys and logins are compared. GitHub ignores case: `Octocat` and `octocat` are the same login. */
export const folded = (name: string): string => name.toLowerCase();

/** Whether GitHub takes two names for one. Almost always both are spelled alike. */
export const isSameName = (a: string, b: string): boolean => a === b || folded(a) === folded(b);

/** Each name once, sorted. */
export const distinctNames = (names: readonly string[]): readonly string[] =>
  [...new Set(names)].sort(compareText);

/** Byte order, not the reader's locale: equal inputs must give equal plans on every machine. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
