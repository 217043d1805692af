import { globMatches } from '../model/glob.ts';
import { folded, type OrgId } from '../model/identity.ts';
import type { OrgRole, TeamRef, TeamRole } from '../model/member.ts';

/** One fact about a person, with the organization that it speaks of. */
export type Locator = {
  /** As GitHub spells the names: what the operator reads. */
  readonly text: string;
  /** The text in lower case, cut at the colons: what patterns are held against. */
  readonly segments: readonly string[];
  readonly org: string;
  readonly orgId: OrgId | undefined;
};

type OrgName = { readonly org: string; readonly id: OrgId | undefined };

const locator = ({ org, id }: OrgName, tail: string): Locator => {
  const text = `github:${org}:${tail}`;
  return { text, segments: folded(text).split(':'), org, orgId: id };
};

/** The locators that a membership gives a person (CONTRACT §4). */
export const membershipLocators = (org: OrgName, login: string, role: OrgRole): readonly Locator[] => [
  roleLocator(org, role),
  userLocator(org, login),
];

export const roleLocator = (org: OrgName, role: OrgRole): Locator => locator(org, `role:${role}`);

export const userLocator = (org: OrgName, login: string): Locator => locator(org, `user:${login}`);

export const teamLocator = (org: OrgName, ref: TeamRef, role: TeamRole): Locator =>
  locator(org, `team:${ref}:${role}`);

/** An outside collaborator is known by login too, so that a `deny` of bots reaches the ones from outside. */
export const collaboratorLocators = (org: OrgName, login: string): readonly Locator[] => [
  locator(org, 'collaborator'),
  userLocator(org, login),
];

/** Tests one locator. Without regard to case, as GitHub compares logins, organizations and slugs. */
export type LocatorPattern = (locator: Locator) => boolean;

/**
 * `*` matches any run of characters inside one segment; a last segment of `*` matches one or more segments.
 * @param pattern well-formed: the config has checked it.
 */
export function compilePattern(pattern: string): LocatorPattern {
  const segments = folded(pattern).split(':');
  const open = segments.at(-1) === '*';
  const held = open ? segments.slice(0, -1) : segments;
  const tests = held.map((segment) =>
    segment.includes('*') ? (text: string) => globMatches(segment, text) : (text: string) => text === segment,
  );
  return ({ segments: given }) =>
    (open ? given.length > held.length : given.length === held.length) &&
    tests.every((matches, index) => matches(given[index] ?? ''));
}

/** Where in Permit a role or tenant pattern of a `deny` matches: `*` is any run of characters. Keys keep case. */
export function compileKeyPattern(pattern: string): (key: string) => boolean {
  return pattern.includes('*') ? (key) => globMatches(pattern, key, 'exact case') : (key) => key === pattern;
}
