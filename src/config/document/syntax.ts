import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import type { Path } from '../../model/problem.ts';

/** One key, or one value that is text. */
export type Scalar = { readonly path: Path; readonly part: 'key' | 'value'; readonly text: string };
/** A mistake in the YAML itself. `offset` counts characters of the file. */
export type SyntaxProblem = { readonly offset: number; readonly message: string };

/** Counted from 1, as editors do. */
export type Position = { readonly line: number; readonly column: number };

/** A small file shares few parts. Nested aliases can multiply a file to any size. */
export const MAX_ALIASES = 100;
/** Later errors mostly follow from the first ones. */
const MAX_ERRORS = 5;
/** A config needs about six levels. */
const MAX_DEPTH = 64;
const MAX_INDENT = 256;
const DUPLICATE = 'duplicate key; keep one of the two';

export const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;
export const keyOf = (pair: Pair): string | undefined =>
  isScalar(pair.key) ? String(pair.key.value) : undefined;

/** The parser's errors and warnings: an unknown tag is only a warning to the parser, but a mistake in a config. */
export function parserProblems(yaml: Document): readonly SyntaxProblem[] {
  const problems = [...yaml.errors, ...yaml.warnings].slice(0, MAX_ERRORS);
  if (problems.length > 0)
    return problems.map(({ pos, code }) => ({ offset: pos[0], message: WORDS[code] ?? 'is not valid YAML' }));
  return yaml.directives?.yaml.version === '1.2' ? [] : [{ offset: 0, message: 'is YAML 1.1; use YAML 1.2' }];
}

/** Every key and text below `root`, and the problems of its keys and aliases. */
export function contentsOf(
  root: Node,
  yaml: Document,
): { readonly scalars: readonly Scalar[]; readonly problems: readonly SyntaxProblem[] } {
  const found: SyntaxParts = { scalars: [], aliases: [], problems: [] };
  collect(root, [], found);
  // Resolving an alias walks through the whole document.
  for (const alias of found.aliases.slice(0, MAX_ALIASES)) {
    if (alias.resolve(yaml) !== undefined) continue;
    found.problems.push({ offset: startOf(alias), message: 'this alias (*name) has no anchor before it' });
  }
  const excessive = found.aliases[MAX_ALIASES];
  if (excessive !== undefined) {
    found.problems.push({ offset: startOf(excessive), message: `more than ${MAX_ALIASES} aliases (*name)` });
  }
  return found;
}

type SyntaxParts = {
  readonly scalars: Scalar[];
  readonly aliases: Alias[];
  readonly problems: SyntaxProblem[];
};

/** Aliases are not followed: their content is collected where its anchor is. */
function collect(node: unknown, path: Path, into: SyntaxParts): void {
  if (isScalar(node) && typeof node.value === 'string') {
    into.scalars.push({ path, part: 'value', text: node.value });
  }
  if (isAlias(node)) into.aliases.push(node);
  if (isSeq(node)) for (const [i, item] of node.items.entries()) collect(item, [...path, i], into);
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const pair of node.items) {
    const key = keyOf(pair);
    const refuse = (message: string) => into.problems.push({ offset: startOf(pair.key as Node), message });
    if (key === undefined) {
      refuse(NOT_PLAIN);
      continue;
    }
    // An object would lose it silently.
    if (key === '__proto__') refuse('__proto__ cannot be a key');
    if (seen.has(key)) refuse(DUPLICATE);
    seen.add(key);
    into.scalars.push({ path: [...path, key], part: 'key', text: key });
    collect(pair.value, [...path, key], into);
  }
}

const NOT_PLAIN = 'a key must be plain text';
const TAG = 'a tag (!name) is not allowed here; remove it';
const ANCHOR = 'an anchor or alias (& or *) is misplaced; put a text that begins with it in quotes';

/** The parser's errors in our words: its own messages can repeat a secret from the file. */
const WORDS: { readonly [code in YAMLError['code']]?: string } = {
  DUPLICATE_KEY: DUPLICATE,
  MULTIPLE_DOCS: 'a second document begins here; keep one document per file',
  TAG_RESOLVE_FAILED: TAG,
  MULTIPLE_TAGS: TAG,
  BAD_COLLECTION_TYPE: TAG,
  BAD_ALIAS: ANCHOR,
  ALIAS_PROPS: ANCHOR,
  MULTIPLE_ANCHORS: ANCHOR,
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  BAD_INDENT: 'the indentation does not match the lines above, or a bracket is not closed',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BAD_DQ_ESCAPE: 'unknown \\ escape; use single quotes for a literal \\',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon on this line; put a text that holds ": " in quotes',
  NON_STRING_KEY: NOT_PLAIN,
};

/**
 * Counts levels before the parser runs. It recurses for each level, and a file of nothing but `[` would end the process
 * silently: V8 cannot report a stack overflow inside a regular expression.
 * @returns where the first level beyond the maximum opens.
 */
export function findDeepNesting(text: string): Position | undefined {
  let [line, column] = [1, 1];
  let brackets = 0;
  let indicators = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    // The lexer marks plain text and parts of a document with characters that are not in the file.
    if (lexeme === '\u001f' || lexeme === '\u0002' || lexeme === '\u0018') {
      isText = lexeme === '\u001f';
      continue;
    }
    if (!isText) {
      if (lexeme === '[' || lexeme === '{') brackets++;
      if (lexeme === ']' || lexeme === '}') brackets = Math.max(0, brackets - 1);
      if (brackets === 0 && (lexeme === '-' || lexeme === '?' || lexeme === ':')) indicators++;
      const indent = column === 1 && brackets === 0 && /^ +$/.test(lexeme) ? lexeme.length : 0;
      if (brackets > MAX_DEPTH || indicators > MAX_DEPTH || indent > MAX_INDENT) return { line, column };
    }
    isText = false;
    const breaks = lexeme.split('\n').length - 1;
    if (breaks > 0)
      [line, column, indicators] = [line + breaks, 1 + lexeme.length - lexeme.lastIndexOf('\n') - 1, 0];
    else column += lexeme.length;
  }
  return undefined;
}
