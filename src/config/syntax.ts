import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';

export type Path = readonly (string | number)[];
export type Part = 'key' | 'value';
/** One key, or one value that is text. */
export type Scalar = { readonly path: Path; readonly part: Part; readonly text: string };
/** A mistake that needs no knowledge of what a config is. `offset` counts characters of the file. */
export type SyntaxFlaw = { readonly offset: number; readonly what: string };

/** Shared parts of a small file are few; more multiply what one line can make. */
export const MOST_ALIASES = 100;
/** What follows the first few errors is mostly their consequence. */
const MOST_ERRORS = 5;
const TWICE = 'this key stands twice in one mapping; keep one of the two';

export const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;
export const keyOf = (pair: Pair): string | undefined =>
  isScalar(pair.key) ? String(pair.key.value) : undefined;

/** What the parser had to say. An unknown tag is a warning to it; to a config it is a mistake like any other. */
export function parserFlaws(yaml: Document): readonly SyntaxFlaw[] {
  const flaws = [...yaml.errors, ...yaml.warnings].slice(0, MOST_ERRORS);
  if (flaws.length > 0) return flaws.map((error) => ({ offset: error.pos[0], what: describe(error) }));
  return yaml.directives?.yaml.version === '1.2'
    ? []
    : [{ offset: 0, what: 'is YAML 1.1; only YAML 1.2 is read' }];
}

/** Every key and text below `root`, and what is wrong with its keys and aliases. */
export function contentsOf(
  root: Node,
  yaml: Document,
): { readonly scalars: readonly Scalar[]; readonly flaws: readonly SyntaxFlaw[] } {
  const found: Found = { scalars: [], aliases: [], flaws: [] };
  collect(root, [], found);
  // Each is looked up by a walk through the whole document.
  for (const alias of found.aliases.slice(0, MOST_ALIASES)) {
    if (alias.resolve(yaml) !== undefined) continue;
    found.flaws.push({ offset: startOf(alias), what: 'this alias (*name) has no anchor before it' });
  }
  const excessive = found.aliases[MOST_ALIASES];
  if (excessive !== undefined) {
    found.flaws.push({ offset: startOf(excessive), what: `more than ${MOST_ALIASES} aliases (*name)` });
  }
  return found;
}

type Found = { readonly scalars: Scalar[]; readonly aliases: Alias[]; readonly flaws: SyntaxFlaw[] };

/** Aliases are not followed: what they stand for is found where it is written. */
function collect(node: unknown, path: Path, into: Found): void {
  if (isScalar(node) && typeof node.value === 'string') {
    into.scalars.push({ path, part: 'value', text: node.value });
  }
  if (isAlias(node)) into.aliases.push(node);
  if (isSeq(node)) for (const [i, item] of node.items.entries()) collect(item, [...path, i], into);
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const pair of node.items) {
    const key = keyOf(pair);
    const object = (what: string) => into.flaws.push({ offset: startOf(pair.key as Node), what });
    if (key === undefined) {
      object('a key must be plain text');
      continue;
    }
    // A mapping by names would lose it without a word.
    if (key === '__proto__') object('__proto__ can be no key');
    if (seen.has(key)) object(TWICE);
    seen.add(key);
    into.scalars.push({ path: [...path, key], part: 'key', text: key });
    collect(pair.value, [...path, key], into);
  }
}

/** The parser's messages in our words: its own may repeat what the file holds. */
function describe(error: YAMLError): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return TWICE;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; keep one in a file';
    case 'TAG_RESOLVE_FAILED':
    case 'MULTIPLE_TAGS':
    case 'BAD_COLLECTION_TYPE':
      return 'a tag (!name) is not understood here; remove it';
    case 'BAD_ALIAS':
    case 'ALIAS_PROPS':
    case 'MULTIPLE_ANCHORS':
      return 'an anchor or alias (& or *) is misplaced; put a text that begins with it in quotes';
    case 'TAB_AS_INDENT':
      return 'a tab can not indent; use spaces';
    case 'BAD_INDENT':
      return 'the indentation does not fit what stands above, or a bracket is not closed';
    case 'MISSING_CHAR':
      return 'a quote, bracket, comma or colon is missing';
    case 'BAD_SCALAR_START':
      return 'a text can not begin with this character; put it in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'this \\ escape is unknown; use single quotes to keep \\ as it is';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second colon on this line; put a text that holds ": " in quotes';
    case 'NON_STRING_KEY':
      return 'a key must be plain text';
    default:
      return 'is no valid YAML';
  }
}
