import { globMatches } from '../model/glob.ts';
import { folded, type OrgId } from '../model/identity.ts';
import { formsOf, type LocatorForm, type LocatorKind } from '../model/locator.ts';
import type { OrgRole, TeamRef, TeamRole } from '../model/member.ts';

/** One fact about a person, with the organization that it speaks of. */
export type Locator = {
  /** As GitHub spells the names: what the operator reads. */
  readonly text: string;
  readonly kind: LocatorKind;
  /** The names after the kind, in lower case: what patterns are held against. */
  readonly names: readonly string[];
  readonly org: string;
  readonly orgId: OrgId | undefined;
};

type OrgName = { readonly org: string; readonly id: OrgId | undefined };

const locator = ({ org, id }: OrgName, kind: LocatorKind, ...names: readonly string[]): Locator => ({
  text: ['github', org, kind, ...names].join(':'),
  kind,
  names: names.map(folded),
  org,
  orgId: id,
});

/** The locators that a membership gives a person (CONTRACT §4). */
export const membershipLocators = (org: OrgName, login: string, role: OrgRole): readonly Locator[] => [
  roleLocator(org, role),
  userLocator(org, login),
];

export const roleLocator = (org: OrgName, role: OrgRole): Locator => locator(org, 'role', role);

export const userLocator = (org: OrgName, login: string): Locator => locator(org, 'user', login);

export const teamLocator = (org: OrgName, ref: TeamRef, role: TeamRole): Locator =>
  locator(org, 'team', ref, role);

/** An outside collaborator is known by login too, so that a `deny` of bots reaches the ones from outside. */
export const collaboratorLocators = (org: OrgName, login: string): readonly Locator[] => [
  locator(org, 'collaborator'),
  userLocator(org, login),
];

/** Tests one locator. Without regard to case, as GitHub compares logins, organizations and slugs. */
export type LocatorPattern = (locator: Locator) => boolean;

/** @param pattern well-formed: the config has checked it. */
export function compilePattern(pattern: string): LocatorPattern {
  const tests = formsOf(pattern).map(compileForm);
  return (locator) => tests.some((matches) => matches(locator));
}

export function compileForm({ kind, org, names }: LocatorForm): LocatorPattern {
  const isOrg = compileName(org);
  const tests = names.map(compileName);
  return (locator) =>
    locator.kind === kind &&
    tests.every((matches, at) => matches(locator.names[at] ?? '')) &&
    isOrg(folded(locator.org));
}

function compileName(pattern: string): (name: string) => boolean {
  const name = folded(pattern);
  if (name === '*') return () => true;
  return name.includes('*') ? (text) => globMatches(name, text) : (text) => text === name;
}

/** Where in Permit a role or tenant pattern of a `deny` matches: `*` is any run of characters. Keys keep case. */
export function compileKeyPattern(pattern: string): (key: string) => boolean {
  return pattern.includes('*') ? (key) => globMatches(pattern, key, 'exact case') : (key) => key === pattern;
}
