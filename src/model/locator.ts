import { globMatches } from './glob.ts';

/**
 * What a person can be in an organization. A locator is one fact about a person:
 * `github:ORG:role:(admin|member)`, `github:ORG:user:LOGIN`, `github:ORG:collaborator` and
 * `github:ORG:team:SLUG:(maintainer|member)` (`#ID` in place of the slug survives a rename of the team).
 */
export type LocatorKind = 'role' | 'user' | 'team' | 'collaborator';

/** What stands behind `github:ORG:KIND`: the words that may, or undefined where any name may. */
export const LOCATOR_TAILS: { readonly [kind in LocatorKind]: readonly (readonly string[] | undefined)[] } = {
  role: [['admin', 'member']],
  user: [undefined],
  team: [undefined, ['maintainer', 'member']],
  collaborator: [],
};
export const LOCATOR_KINDS = Object.keys(LOCATOR_TAILS) as LocatorKind[];

/** An organization, a login or a slug, with `*` for any run of characters. */
export const LOCATOR_NAME = /^[A-Za-z0-9_.*-]+$/;
const TEAM_ID = /^#[1-9]\d*$/;

/** The kinds of locators that `pattern` can match, in some organization. None: it has no valid form. */
export function kindsMatched(pattern: string): readonly LocatorKind[] {
  return LOCATOR_KINDS.filter((kind) => expandLocator(pattern, kind) !== undefined);
}

/** Whether `pattern` can match a locator of the organization `org`. */
export const canMatchOrganization = (pattern: string, org: string): boolean =>
  LOCATOR_KINDS.some((kind) => globMatches(expandLocator(pattern, kind)?.[1] ?? '', org));

/**
 * The segments that `pattern` gives to a locator of this kind, a last `*` spread over the segments that are left.
 * @returns undefined where the pattern can match no such locator.
 */
export function expandLocator(pattern: string, kind: LocatorKind): readonly string[] | undefined {
  const tail = LOCATOR_TAILS[kind];
  const length = 3 + tail.length;
  const segments = pattern.split(':');
  if (segments.at(-1) === '*') while (segments.length < length) segments.push('*');
  if (segments.length !== length) return undefined;
  const [root = '', org = '', name = '', ...rest] = segments;
  if (!globMatches(root, 'github') || !LOCATOR_NAME.test(org) || !globMatches(name, kind)) return undefined;
  const fits = rest.every((segment, i) => {
    const words = tail[i];
    if (words !== undefined) return words.some((word) => globMatches(segment, word));
    return LOCATOR_NAME.test(segment) || (kind === 'team' && TEAM_ID.test(segment));
  });
  return fits ? segments : undefined;
}
