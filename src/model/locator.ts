import { globMatches } from './glob.ts';

/**
 * What a person can be in an organization. A locator is one fact about a person:
 * `github:ORG:role:(admin|member)`, `github:ORG:user:LOGIN`, `github:ORG:collaborator` and
 * `github:ORG:team:SLUG:(maintainer|member)` (`#ID` instead of the slug survives a rename of the team).
 */
export type LocatorKind = 'role' | 'user' | 'team' | 'collaborator';

/** The names that follow `github:ORG:KIND`: the words to choose from, or undefined where any name may stand. */
export const LOCATOR_NAMES: { readonly [kind in LocatorKind]: readonly (readonly string[] | undefined)[] } = {
  role: [['admin', 'member']],
  user: [undefined],
  team: [undefined, ['maintainer', 'member']],
  collaborator: [],
};
export const LOCATOR_KINDS = Object.keys(LOCATOR_NAMES) as LocatorKind[];

/** An organization, a login or a slug, with `*` for any run of characters. */
export const LOCATOR_NAME = /^[A-Za-z0-9_.*-]+$/;
const TEAM_ID = /^#[1-9]\d*$/;
/** How the slug of an enterprise team begins. It is the only name that holds a colon. */
export const ENTERPRISE = 'ent';

/** What a pattern means for locators of one kind, in the letters of the pattern. */
export type LocatorForm = {
  readonly kind: LocatorKind;
  readonly org: string;
  /** The names that follow the kind; of a team its slug or #ID, and the role in it. */
  readonly names: readonly string[];
};

/**
 * Takes a pattern apart: one form for each kind of locator that it can match; none for a pattern that matches nothing.
 * `*` matches any run of characters inside one name, and at the end of the pattern all names that are left.
 */
export function formsOf(pattern: string): readonly LocatorForm[] {
  const parts = pattern.split(':');
  const isOpen = parts.at(-1) === '*';
  const pad = (list: readonly string[], length: number): readonly string[] =>
    isOpen && list.length < length ? [...list, ...Array(length - list.length).fill('*')] : list;
  const [root = '', org = '', word = '', ...rest] = pad(parts, 3);
  if (!globMatches(root, 'github') || !LOCATOR_NAME.test(org)) return [];
  return LOCATOR_KINDS.filter((kind) => globMatches(word, kind)).flatMap((kind) =>
    (kind === 'team' ? teamReadings(rest) : [rest])
      .map((names) => pad(names, LOCATOR_NAMES[kind].length))
      .filter((names) => areNames(kind, names))
      .map((names) => ({ kind, org, names })),
  );
}

/** `ent:*` may mean the team `ent` in any role, and every enterprise team: a pattern that excludes people means both. */
function teamReadings(names: readonly string[]): readonly (readonly string[])[] {
  const [first = '', second, ...rest] = names;
  if (first.toLowerCase() !== ENTERPRISE || second === undefined) return [names];
  return [names, [`${first}:${second}`, ...(second === '*' && rest.length === 0 ? ['*'] : rest)]];
}

const areNames = (kind: LocatorKind, names: readonly string[]): boolean =>
  names.length === LOCATOR_NAMES[kind].length &&
  names.every((name, at) => {
    const words = LOCATOR_NAMES[kind][at];
    if (words !== undefined) return words.some((word) => globMatches(name, word));
    return kind === 'team' ? isTeamName(name) : LOCATOR_NAME.test(name);
  });

function isTeamName(name: string): boolean {
  if (TEAM_ID.test(name)) return true;
  const [first = '', second, ...more] = name.split(':');
  if (second === undefined) return LOCATOR_NAME.test(first);
  return first.toLowerCase() === ENTERPRISE && LOCATOR_NAME.test(second) && more.length === 0;
}

/** The kinds of locators that `pattern` can match, in some organization. */
export const kindsMatched = (pattern: string): readonly LocatorKind[] => [
  ...new Set(formsOf(pattern).map(({ kind }) => kind)),
];

/** Whether `pattern` can match a locator of the organization `org`. */
export const canMatchOrganization = (pattern: string, org: string): boolean =>
  formsOf(pattern).some((form) => globMatches(form.org, org));

/** Whether `pattern` matches everybody in an organization by their role, so that a team or login adds nothing. */
export const matchesAnyRole = (pattern: string): boolean =>
  formsOf(pattern).some(({ kind, names }) => kind === 'role' && names[0] === '*');
