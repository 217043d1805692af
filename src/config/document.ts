import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import { SyncError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { tooDeepAt } from './nesting.ts';
import {
  contentsOf,
  keyOf,
  MOST_ALIASES,
  type Part,
  type Path,
  parserFlaws,
  type Scalar,
  type SyntaxFlaw,
  startOf,
} from './syntax.ts';

/** A config file as YAML reads it (JSON is YAML too), before anything is known about its keys. */
export type ConfigDocument = {
  /** The path as the person knows it. */
  readonly name: string;
  /** A mapping; empty for an empty file. Own keys only, none of them `__proto__`. */
  readonly value: { readonly [key: string]: unknown };
  /** Every key and every text of the file, to be searched for secrets. */
  readonly scalars: readonly Scalar[];
  readonly yaml: Document;
  readonly lines: LineCounter;
};

/** Counted from 1, as editors do. */
export type Position = { readonly line: number; readonly column: number };

/** @throws SyncError `CONFIG_INVALID` with the line and column of each syntax error. */
export function parseConfig(name: string, text: string): ConfigDocument {
  const lines = new LineCounter();
  const error = (flaws: readonly SyntaxFlaw[]) => syntaxError(name, lines, flaws);
  const deep = tooDeepAt(text);
  if (deep !== undefined)
    throw invalid([`${printable(name)}:${deep.line}:${deep.column}: is nested too deeply`]);

  const yaml = parseDocument(text, {
    lineCounter: lines,
    // Its pretty errors quote the line, and the line may hold a secret.
    prettyErrors: false,
    // Not `silent`: that would read the first of several documents and say nothing of the others.
    logLevel: 'error',
    resolveKnownTags: false,
    stringKeys: true,
    // Its own check takes time in the square of the keys; that of `contentsOf` does not.
    uniqueKeys: false,
  });
  const broken = parserFlaws(yaml);
  if (broken.length > 0) throw error(broken);
  const root = yaml.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return { name, value: {}, scalars: [], yaml, lines };
  }
  if (!isMap(root)) {
    throw error([{ offset: startOf(root), what: 'is no mapping; expected lines of "key: value"' }]);
  }
  const { scalars, flaws } = contentsOf(root, yaml);
  if (flaws.length > 0) throw error(flaws);
  try {
    return { name, value: yaml.toJS({ maxAliasCount: MOST_ALIASES }), scalars, yaml, lines };
  } catch {
    throw error([{ offset: 0, what: 'its aliases (*name) multiply one another' }]);
  }
}

/** Where a key or a value stands; for what is not there, where the mapping or list stands that lacks it. */
export function positionOf(document: ConfigDocument, path: Path, part: Part): Position {
  let node: Node | null = document.yaml.contents;
  let offset = startOf(node);
  for (const [depth, step] of path.entries()) {
    const within: Node | null = isAlias(node) ? (node.resolve(document.yaml) ?? null) : node;
    const { key, value } = childOf(within, step);
    if (key === null && value === null) break;
    const shown = part === 'key' && depth === path.length - 1 ? (key ?? value) : (value ?? key);
    offset = shown?.range?.[0] ?? offset;
    node = value;
  }
  const { line, col } = document.lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

type Child = { readonly key: Node | null; readonly value: Node | null };

function childOf(node: Node | null, step: string | number): Child {
  if (isSeq<Node>(node) && typeof step === 'number') return { key: null, value: node.items[step] ?? null };
  const pair = isMap(node) ? node.items.find((item) => keyOf(item) === step) : undefined;
  return (pair as Pair<Node, Node | null> | undefined) ?? { key: null, value: null };
}

function syntaxError(name: string, lines: LineCounter, flaws: readonly SyntaxFlaw[]): SyncError {
  return invalid(
    flaws.map(({ offset, what }) => {
      const { line, col } = lines.linePos(offset);
      return `${printable(name)}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${what}`;
    }),
  );
}

const invalid = (lines: readonly string[]): SyncError =>
  new SyncError(
    'CONFIG_INVALID',
    lines.join('\n'),
    'correct the file and run again; nothing was sent to GitHub or Permit',
  );
