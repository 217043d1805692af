import { globMatches } from '../model/glob.ts';
import {
  expandLocator as expanded,
  LOCATOR_KINDS as KINDS,
  kindsMatched,
  type LocatorKind,
  LOCATOR_NAME as NAME,
  LOCATOR_TAILS as TAILS,
} from '../model/locator.ts';
import { type Flaw, quoted } from './flaw.ts';
import { closest } from './suggest.ts';

const FORMS = [
  'github:ORG:role:(admin|member)',
  'github:ORG:user:LOGIN',
  'github:ORG:team:SLUG:(maintainer|member)',
  'github:ORG:collaborator',
].join(', ');

/** GitHub's words for what people may write instead. */
const SYNONYMS: { readonly [word: string]: string } = { owner: 'admin', owners: 'admin', teams: 'team' };

const LONGEST_PATTERN = 300;
/** The organization that `pattern` names, `*` perhaps among its characters. */
export const organizationOf = (pattern: string): string => pattern.split(':')[1] ?? '*';

/**
 * Whether `pattern` lets people in by teams that anybody may create: its team segment holds a `*`. A pattern that
 * matches every member by their role anyway (`github:acme:*`) gives nothing by a team.
 */
export function openToAnyTeam(pattern: string): boolean {
  const slug = expanded(pattern, 'team')?.[3];
  if (slug === undefined || !slug.includes('*')) return false;
  const role = expanded(pattern, 'role')?.[3];
  return role !== '*';
}

/** Whether every locator that `pattern` matches is matched by `wider` too; both are patterns. */
export function covers(wider: string, pattern: string): boolean {
  const kinds = kindsMatched(pattern);
  return (
    kinds.length > 0 &&
    kinds.every((kind) => {
      const narrow = expanded(pattern, kind) ?? [];
      // A `*` of the narrower pattern can only be swallowed by one of the wider, so it may be read as a character.
      return expanded(wider, kind)?.every((segment, i) => globMatches(segment, narrow[i] ?? '')) === true;
    })
  );
}

/** What keeps `pattern` from ever matching a locator, with the pattern that was probably meant. */
export function locatorFlaw(pattern: string): Flaw | undefined {
  if (pattern.trim() === '') return { what: 'is empty', mend: `expected a locator: ${FORMS}` };
  if (pattern.length > LONGEST_PATTERN)
    return { what: 'is too long for a locator', mend: `expected ${FORMS}` };
  if (kindsMatched(pattern).length > 0) return undefined;
  const meant = mended(pattern);
  return {
    what: `${quoted(pattern)} can match no locator${because(pattern)}`,
    mend: meant === undefined ? `expected one of ${FORMS}` : `did you mean "${meant}"?`,
  };
}

/** The first segment that is wrong, in words. */
function because(pattern: string): string {
  const [root = '', org = '', kind = '', ...rest] = pattern.split(':');
  if (!globMatches(root, 'github')) return ': it does not begin with "github:"';
  if (!NAME.test(org)) return ': the organization is missing or holds characters that no name has';
  const named = KINDS.find((known) => known === kind.toLowerCase());
  if (named === undefined) {
    return KINDS.some((known) => globMatches(kind, known)) ? '' : `: ${quoted(kind)} is no kind of locator`;
  }
  const tail = TAILS[named];
  if (rest.length !== tail.length) return ': it has the wrong number of segments';
  const wrong = rest.find((word, i) => tail[i] !== undefined && closestWord(word, tail[i]) !== word);
  return wrong === undefined
    ? ''
    : `: ${quoted(wrong)} is no ${named === 'role' ? '' : 'team '}role on GitHub`;
}

/** The nearest pattern that can match something, if one is near. */
function mended(pattern: string): string | undefined {
  const segments = pattern.split(':').map((segment) => segment.trim());
  const [root = ''] = segments;
  if (!globMatches(root, 'github')) {
    if (closest(root, ['github']) !== undefined) segments[0] = 'github';
    else segments.unshift('github');
  }
  const kind = closestWord(segments[2] ?? '', KINDS) as LocatorKind | undefined;
  if (kind === undefined || !Object.hasOwn(TAILS, kind)) return undefined;
  segments[2] = kind;
  for (const [i, words] of TAILS[kind].entries()) {
    const segment = segments[3 + i];
    if (segment !== undefined && words !== undefined)
      segments[3 + i] = closestWord(segment, words) ?? segment;
  }
  // A name whose last part was left out: any of its parts was probably meant.
  if (segments.length === 2 + TAILS[kind].length && kind !== 'collaborator') segments.push('*');
  const candidate = segments.join(':');
  return candidate !== pattern && kindsMatched(candidate).length > 0 ? candidate : undefined;
}

function closestWord(word: string, words: readonly string[]): string | undefined {
  if (words.some((known) => globMatches(word, known))) return word;
  const synonym = Object.hasOwn(SYNONYMS, word.toLowerCase()) ? SYNONYMS[word.toLowerCase()] : undefined;
  return synonym !== undefined && words.includes(synonym) ? synonym : closest(word, words);
}
