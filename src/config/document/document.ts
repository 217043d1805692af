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
import { SyncError } from '../../model/errors.ts';
import { compareText } from '../../model/identity.ts';
import type { Path, PlacedProblem } from '../../model/problem.ts';
import { printable } from '../../model/text/text.ts';
import { describeProblem } from '../problem.ts';
import { looksSecret } from '../secret.ts';
import {
  contentsOf,
  findDeepNesting,
  keyOf,
  MAX_ALIASES,
  type Position,
  parserProblems,
  type Scalar,
  type SyntaxProblem,
  startOf,
} from './syntax.ts';

/** A config file after YAML has parsed it (JSON is YAML, too), before its keys are checked. */
export type ConfigDocument = {
  /** The path to show. */
  readonly name: string;
  /** A mapping; empty for an empty file. Own keys only, none of them `__proto__`. */
  readonly value: { readonly [key: string]: unknown };
  /** Every key and every text in the file, to search for secrets. */
  readonly scalars: readonly Scalar[];
  readonly yaml: Document;
  readonly lines: LineCounter;
  /** Where a value is, for messages: `gh-permit-sync.yaml:4:11: permit.tenant`. */
  readonly placeOf: (path: Path) => string;
};

/** Nobody works through more lines: they come from one repeated mistake, or from the wrong file. */
const MAX_PROBLEM_LINES = 100;
/** Nobody chooses a longer name for a key. */
const MAX_NAME_LENGTH = 100;

/** @throws SyncError `CONFIG_INVALID` with the line and column of each syntax error. */
export function parseConfig(name: string, text: string): ConfigDocument {
  const lines = new LineCounter();
  const error = (problems: readonly SyntaxProblem[]) =>
    syntaxError(problems.map(({ offset, message }) => at(name, positionAt(lines, offset), message)));
  const deep = findDeepNesting(text);
  if (deep !== undefined) throw syntaxError([at(name, deep, 'is nested too deeply')]);

  const yaml = parseDocument(text, {
    lineCounter: lines,
    // Its pretty errors quote the line, which can hold a secret.
    prettyErrors: false,
    // Not `silent`, which reads the first of several documents and ignores the others.
    logLevel: 'error',
    resolveKnownTags: false,
    stringKeys: true,
    // The parser's own check takes quadratic time; `contentsOf` checks in linear time.
    uniqueKeys: false,
  });
  const broken = parserProblems(yaml);
  if (broken.length > 0) throw error(broken);
  const root = yaml.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return withPlaces({ name, value: {}, scalars: [], yaml, lines });
  }
  if (!isMap(root)) {
    throw error([{ offset: startOf(root), message: 'is not a mapping; expected lines of "key: value"' }]);
  }
  const { scalars, problems } = contentsOf(root, yaml);
  if (problems.length > 0) throw error(problems);
  try {
    return withPlaces({ name, value: yaml.toJS({ maxAliasCount: MAX_ALIASES }), scalars, yaml, lines });
  } catch {
    throw error([{ offset: 0, message: 'its aliases (*name) expand to too much' }]);
  }
}

const withPlaces = (parsed: Omit<ConfigDocument, 'placeOf'>): ConfigDocument => ({
  ...parsed,
  placeOf: (path) => at(parsed.name, positionOf(parsed, { path }), describePath(path)),
});

/** @throws SyncError `CONFIG_INVALID` with one line for each problem, in the order of the file. */
export function refuseProblems(document: ConfigDocument, problems: readonly PlacedProblem[]): void {
  const lines = problems
    .map((problem) => ({
      ...positionOf(document, problem),
      name: describePath(problem.path),
      text: describeProblem(problem),
    }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column || compareText(a.name, b.name))
    .map(({ name, text, ...position }) =>
      at(document.name, position, name === '' ? text : `${name}: ${text}`),
    );
  if (lines.length === 0) return;
  const left = lines.length - MAX_PROBLEM_LINES;
  throw new SyncError(
    'CONFIG_INVALID',
    (left > 0 ? [...lines.slice(0, MAX_PROBLEM_LINES), `and ${left} more`] : lines).join('\n'),
    `correct ${lines.length === 1 ? 'this line' : 'these lines'} and run again; nothing was sent to GitHub or Permit`,
  );
}

const at = (name: string, { line, column }: Position, text: string): string =>
  `${printable(name)}:${line}:${column}: ${text}`;

/** `grants[2].roles[0]`. A misplaced secret can be a key of the file, so a suspicious key is not shown. */
function describePath(path: Path): string {
  return path
    .map((key, i) => {
      if (typeof key === 'number') return `[${key}]`;
      const safe = looksSecret(key) || key.length > MAX_NAME_LENGTH ? '***' : printable(key);
      return i === 0 ? safe : `.${safe}`;
    })
    .join('');
}

/** Where a key or a value is. For a missing one: where the mapping or list that lacks it begins. */
function positionOf(
  document: Pick<ConfigDocument, 'yaml' | 'lines'>,
  { path, part }: Pick<PlacedProblem, 'path' | 'part'>,
): Position {
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
  return positionAt(document.lines, offset);
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

type Child = { readonly key: Node | null; readonly value: Node | null };

function childOf(node: Node | null, step: string | number): Child {
  if (isSeq<Node>(node) && typeof step === 'number') return { key: null, value: node.items[step] ?? null };
  const pair = isMap(node) ? node.items.find((item) => keyOf(item) === step) : undefined;
  return (pair as Pair<Node, Node | null> | undefined) ?? { key: null, value: null };
}

const syntaxError = (lines: readonly string[]): SyncError =>
  new SyncError(
    'CONFIG_INVALID',
    lines.join('\n'),
    'correct the file and run again; nothing was sent to GitHub or Permit',
  );
