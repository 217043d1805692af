import { folded, type OrgId } from './identity.ts';
import type { TeamRef } from './member.ts';
import { globMatches } from './text/glob.ts';

/**
 * What a locator says about a person: membership with a role, a login, a team or an organization role, or access from
 * outside.
 */
export type LocatorKind = 'role' | 'user' | 'team' | 'collaborator' | 'org-role';

/** One fact about a person, with the organization it is about. */
export type Locator = {
  /** `github:ORG:KIND:NAME…`, as GitHub spells the names: what the operator reads. */
  readonly text: string;
  /** No pattern matches a `repository`: it says what role someone was given on one, by its id. */
  readonly kind: LocatorKind | 'repository';
  /** The names after the kind, in lower case, which patterns are compared with. */
  readonly names: readonly string[];
  readonly org: string;
  readonly orgId: OrgId | undefined;
};

/** The names that follow `github:ORG:KIND`: the words to choose from, or undefined if any name is possible. */
export const LOCATOR_NAMES: { readonly [kind in LocatorKind]: readonly (readonly string[] | undefined)[] } = {
  role: [['admin', 'member']],
  user: [undefined],
  team: [undefined, ['maintainer', 'member']],
  collaborator: [],
  'org-role': [undefined],
};
export const LOCATOR_KINDS = Object.keys(LOCATOR_NAMES) as LocatorKind[];

/** An organization, a login or a slug, with `*` for any run of characters. */
export const LOCATOR_NAME = /^[A-Za-z0-9_.*-]+$/;
/** Owners choose the name of an organization role freely. One that holds a colon is matched by `*`. */
const ORG_ROLE_NAME = /^[^:\s](?:[^:\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*[^:\s])?$/u;
const TEAM_ID = /^#[1-9]\d*$/;
/** The first part of an enterprise team's slug. No other name holds a colon. */
export const ENTERPRISE = 'ent';

/** What a pattern means for locators of one kind, spelled as in the pattern. */
export type LocatorForm = {
  readonly kind: LocatorKind;
  readonly org: string;
  /** The names after the kind; for a team its slug or #ID, and the role in it. */
  readonly names: readonly string[];
};

/**
 * A pattern of locators, compiled once: `github:ORG:role:(admin|member)`, `github:ORG:user:LOGIN`,
 * `github:ORG:collaborator`, `github:ORG:org-role:NAME` and `github:ORG:team:SLUG:(maintainer|member)` (`#ID` instead
 * of the slug survives a rename). `*` matches any run of characters in one segment; as the last segment it matches
 * one or more. Case is ignored, as GitHub ignores it in logins, organizations and slugs.
 */
export class LocatorPattern {
  /** As the config spells it. */
  readonly text: string;
  /** One form for each kind of locator that the pattern can match; none where it can match nothing. */
  readonly forms: readonly LocatorForm[];
  // Private, so that comparing the fields of two patterns with the same text finds them equal.
  readonly #tests: readonly ((locator: Locator) => boolean)[];

  constructor(text: string) {
    this.text = text;
    this.forms = formsOf(text);
    this.#tests = this.forms.map(compileForm);
  }

  matches(locator: Locator): boolean {
    return this.#tests.some((matches) => matches(locator));
  }

  canMatchKind(kind: LocatorKind): boolean {
    return this.forms.some((form) => form.kind === kind);
  }

  canMatchOrganization(org: string): boolean {
    return this.forms.some((form) => globMatches(form.org, org));
  }

  canMatchCollaboratorOf(org: string): boolean {
    return this.forms.some(({ kind, org: pattern }) => kind === 'collaborator' && globMatches(pattern, org));
  }

  /** Whether it matches everyone in an organization by their role, so that a team or a login adds nothing. */
  get matchesAnyRole(): boolean {
    return this.forms.some(({ kind, names }) => kind === 'role' && names[0] === '*');
  }

  /**
   * The teams of `org`, or patterns of their slugs, that decide whether this pattern matches, in lower case. None
   * where it matches every member by role anyway.
   */
  teamsOf(org: string): readonly TeamRef[] {
    if (this.matchesAnyRole) return [];
    const teams = this.forms.filter((form) => form.kind === 'team' && globMatches(form.org, org));
    const refs = teams.map(({ names: [slug = ''] }) => folded(slug));
    // A pattern that can mean one team or several names none that has to exist: all teams are searched for it.
    return refs.length > 1 ? refs.map((ref) => (ref.includes('*') ? ref : `${ref}*`)) : refs;
  }

  /** The organization roles of `org`, or patterns of their names, on which it depends whether this pattern matches. */
  orgRolesOf(org: string): readonly string[] {
    if (this.matchesAnyRole) return [];
    const roles = this.forms.filter((form) => form.kind === 'org-role' && globMatches(form.org, org));
    return roles.map(({ names: [name = ''] }) => folded(name));
  }

  /** In JSON a pattern is its text. */
  toJSON(): string {
    return this.text;
  }
}

/** A test of one form. Names are compared before the organization, which most locators share. */
export function compileForm({ kind, org, names }: LocatorForm): (locator: Locator) => boolean {
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

function formsOf(pattern: string): readonly LocatorForm[] {
  const parts = pattern.split(':');
  const isOpen = parts.at(-1) === '*';
  const pad = (list: readonly string[], length: number): readonly string[] =>
    isOpen && list.length < length ? [...list, ...Array(length - list.length).fill('*')] : list;
  const [root = '', org = '', word = '', ...rest] = pad(parts, 3);
  if (!globMatches(root, 'github') || !LOCATOR_NAME.test(org)) return [];
  return LOCATOR_KINDS.filter((kind) => canMeanKind(word, kind)).flatMap((kind) =>
    (kind === 'team' ? teamReadings(rest) : [rest])
      .map((names) => pad(names, LOCATOR_NAMES[kind].length))
      .filter((names) => areNames(kind, names))
      .map((names) => ({ kind, org, names })),
  );
}

/** A kind that begins with `*` means no organization role: reading those takes a separate permission. */
const canMeanKind = (word: string, kind: LocatorKind): boolean =>
  globMatches(word, kind) && (kind !== 'org-role' || !word.startsWith('*'));

/** `ent:*` can mean the team `ent` in any role, or every enterprise team. It matches both. */
function teamReadings(names: readonly string[]): readonly (readonly string[])[] {
  const [first = '', second, ...rest] = names;
  if (folded(first) !== ENTERPRISE || second === undefined) return [names];
  return [names, [`${first}:${second}`, ...(second === '*' && rest.length === 0 ? ['*'] : rest)]];
}

const areNames = (kind: LocatorKind, names: readonly string[]): boolean =>
  names.length === LOCATOR_NAMES[kind].length &&
  names.every((name, at) => {
    const words = LOCATOR_NAMES[kind][at];
    if (words !== undefined) return words.some((word) => globMatches(name, word));
    if (kind === 'org-role') return ORG_ROLE_NAME.test(name);
    return kind === 'team' ? isTeamName(name) : LOCATOR_NAME.test(name);
  });

function isTeamName(name: string): boolean {
  if (TEAM_ID.test(name)) return true;
  const [first = '', second, ...more] = name.split(':');
  if (second === undefined) return LOCATOR_NAME.test(first);
  return folded(first) === ENTERPRISE && LOCATOR_NAME.test(second) && more.length === 0;
}
