import {
  ENTERPRISE,
  LOCATOR_KINDS as KINDS,
  type LocatorForm,
  type LocatorKind,
  LocatorPattern,
  LOCATOR_NAME as NAME,
  LOCATOR_NAMES as NAMES,
} from '../model/locator.ts';
import type { Problem } from '../model/problem.ts';
import { globMatches } from '../model/text/glob.ts';
import { closest, invalid, quoted } from './problem.ts';

const FORMS = [
  'github:ORG:role:(admin|member)',
  'github:ORG:user:LOGIN',
  'github:ORG:team:SLUG:(maintainer|member)',
  'github:ORG:collaborator',
  'github:ORG:org-role:NAME',
].join(', ');

/** All forms and what `*` means, for documentation. */
export const LOCATOR_FORMS =
  'github:ORG:role:(admin|member), github:ORG:user:LOGIN, github:ORG:team:SLUG:(maintainer|member), ' +
  'github:ORG:team:#ID:(maintainer|member), github:ORG:collaborator or github:ORG:org-role:NAME; * matches any run of ' +
  'characters in one segment, and as the last segment one or more segments';

const anyCase = (word: string): string =>
  [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
/** One of the words in any case, or letters with a `*` among them. */
const oneOf = (...words: readonly string[]): string =>
  `(?:${words.map(anyCase).join('|')}|[A-Za-z-]*\\*[A-Za-z*-]*)`;
const ANY_NAME = '[A-Za-z0-9_.*-]+';
const LOCATOR_TAIL = [
  '\\*',
  `${oneOf('role')}:${oneOf('admin', 'member')}`,
  `${oneOf('user')}:${ANY_NAME}`,
  `${oneOf('team')}:(?:\\*|(?:(?:${anyCase(ENTERPRISE)}:)?${ANY_NAME}|#[1-9][0-9]*):${oneOf('maintainer', 'member')})`,
  oneOf('collaborator'),
  `${oneOf('org-role')}:[^:\\s](?:[^:\\r\\n]*[^:\\s])?`,
].join('|');
/** A regular expression for editors that accepts every valid pattern of locators. */
export const LOCATOR_PATTERN = `^(?:\\*|${oneOf('github')}:(?:\\*|${ANY_NAME}:(?:${LOCATOR_TAIL})))$`;

/** GitHub's words for common synonyms. */
const SYNONYMS: { readonly [word: string]: string } = { owner: 'admin', owners: 'admin', teams: 'team' };

const MAX_PATTERN_LENGTH = 300;
/** The organization that `pattern` names, which may hold `*`. */
export const organizationOf = ({ text }: LocatorPattern): string => text.split(':')[1] ?? '*';

/**
 * Whether `pattern` admits teams that any member can create: its team segment holds a `*`. A pattern that matches every
 * member by role anyway (`github:acme:*`) gives nothing extra through a team.
 */
export const openToAnyTeam = (pattern: LocatorPattern): boolean =>
  !pattern.matchesAnyRole &&
  pattern.forms.some(({ kind, names: [slug = ''] }) => kind === 'team' && slug.includes('*'));

/** Whether `wider` matches every locator that `pattern` matches. */
export function covers(wider: LocatorPattern, pattern: LocatorPattern): boolean {
  const { forms } = pattern;
  // Only a `*` of the wider pattern can match a `*` of the narrower one, which can therefore be read as a character.
  const holds = (a: LocatorForm, b: LocatorForm): boolean =>
    a.kind === b.kind &&
    globMatches(a.org, b.org) &&
    a.names.every((name, i) => globMatches(name, b.names[i] ?? ''));
  return forms.length > 0 && forms.every((form) => wider.forms.some((other) => holds(other, form)));
}

/** Why `pattern` can never match a locator, with the pattern that was probably meant. */
export function locatorProblem(pattern: string): Problem | undefined {
  if (pattern.trim() === '') return invalid('is empty', `expected a locator: ${FORMS}`);
  if (pattern.length > MAX_PATTERN_LENGTH) return invalid('is too long for a locator', `expected ${FORMS}`);
  if (canMatch(pattern)) return undefined;
  const near = nearestPattern(pattern);
  return invalid(
    `${quoted(pattern)} can never match a locator${because(pattern)}`,
    near === undefined ? `expected one of ${FORMS}` : `did you mean "${near}"?`,
  );
}

/** The first segment that is wrong, in words. */
function because(pattern: string): string {
  const [root = '', org = '', kind = '', ...rest] = pattern.split(':');
  if (!globMatches(root, 'github')) return ': it does not begin with "github:"';
  if (!NAME.test(org)) return ': the organization is missing or contains invalid characters';
  const named = KINDS.find((known) => known === kind.toLowerCase());
  if (named === undefined) {
    return KINDS.some((known) => globMatches(kind, known))
      ? ''
      : `: ${quoted(kind)} is not a kind of locator`;
  }
  const tail = NAMES[named];
  if (named === 'team') joinEnterpriseSlug(rest);
  if (rest.length !== tail.length) return ': it has the wrong number of segments';
  const wrong = rest.find((word, i) => tail[i] !== undefined && closestWord(word, tail[i]) !== word);
  return wrong === undefined
    ? ''
    : `: ${quoted(wrong)} is not a ${named === 'role' ? '' : 'team '}role on GitHub`;
}

/** The nearest pattern that can match something, if one is near. */
function nearestPattern(pattern: string): string | undefined {
  const segments = pattern.split(':').map((segment) => segment.trim());
  const [root = ''] = segments;
  if (!globMatches(root, 'github')) {
    if (closest(root, ['github']) !== undefined) segments[0] = 'github';
    else segments.unshift('github');
  }
  const kind = closestWord(segments[2] ?? '', KINDS) as LocatorKind | undefined;
  if (kind === undefined || !Object.hasOwn(NAMES, kind)) return undefined;
  segments[2] = kind;
  if (kind === 'team') {
    // An enterprise team without the role.
    if (segments.length === 5 && isEnterprise(segments[3])) segments.push('*');
    segments.push(...joinEnterpriseSlug(segments.splice(3)));
  }
  for (const [i, words] of NAMES[kind].entries()) {
    const segment = segments[3 + i];
    if (segment !== undefined && words !== undefined)
      segments[3 + i] = closestWord(segment, words) ?? segment;
  }
  // A name without the last segment: probably all roles were meant.
  if (segments.length === 2 + NAMES[kind].length && kind !== 'collaborator') segments.push('*');
  const candidate = segments.join(':');
  return candidate !== pattern && canMatch(candidate) ? candidate : undefined;
}

const canMatch = (pattern: string): boolean => new LocatorPattern(pattern).forms.length > 0;

const isEnterprise = (segment = ''): boolean => segment.toLowerCase() === ENTERPRISE;

/** Makes the slug of an enterprise team, which holds a colon, one of these names again. */
function joinEnterpriseSlug(names: string[]): readonly string[] {
  if (names.length > 2 && isEnterprise(names[0])) names.splice(0, 2, names.slice(0, 2).join(':'));
  return names;
}

function closestWord(word: string, words: readonly string[]): string | undefined {
  if (words.some((known) => globMatches(word, known))) return word;
  const synonym = Object.hasOwn(SYNONYMS, word.toLowerCase()) ? SYNONYMS[word.toLowerCase()] : undefined;
  return synonym !== undefined && words.includes(synonym) ? synonym : closest(word, words);
}
