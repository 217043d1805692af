import { dirname, join } from 'node:path';
import type { MapRow } from '../../model/corporate-identity.ts';
import { SyncError } from '../../model/errors.ts';
import { folded } from '../../model/identity.ts';
import { count, printable } from '../../model/text/text.ts';
import type { ConfigDocument } from '../document/document.ts';
import { type ReadFile, readNamedFile } from '../file.ts';
import { quoted, suggestion } from '../problem.ts';
import { fromFile } from '../source.ts';

const COLUMNS = ['github', 'key'] as const;
/** Enough for half a million people. */
const MAX_FILE_MB = 20;
/** More lines come from one repeated mistake. */
const MAX_PROBLEMS = 20;

/**
 * The rows of `users.map`, a path relative to the config file.
 * @returns undefined if the file names no map. @throws SyncError `CONFIG_INVALID` with the file and the line.
 */
export function readPeopleMap(
  document: ConfigDocument | undefined,
  path: string | undefined,
  cwd: string,
  readFile: ReadFile | undefined,
): readonly MapRow[] | undefined {
  const given = fromFile(document, ['users', 'map'], path);
  if (given === undefined || document === undefined) return undefined;
  const named = {
    path: join(dirname(document.name), given.text),
    by: given.by,
    ifMissing: 'name an existing file, relative to the folder of the config file',
  };
  const { name, text } = readNamedFile(named, cwd, readFile, MAX_FILE_MB);
  return parsePeopleMap(printable(name), text);
}

type Line = { readonly number: number; readonly cells: readonly string[] };

/**
 * Parses a map of people: the header `github,key`, then a row for each person.
 * @throws SyncError `CONFIG_INVALID`: no header, another column, an incomplete row, a stray quote, a person or a key
 *   twice.
 */
export function parsePeopleMap(name: string, text: string): readonly MapRow[] {
  const [header, ...lines] = text
    .split(/\r\n|\r|\n/)
    .map((line, index): Line => ({ number: index + 1, cells: cellsOf(line) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  requireHeader(name, header);
  const order = COLUMNS.map((column) => header.cells.map(folded).indexOf(column));
  const persons = new Map<string, number>();
  const keys = new Map<string, number>();
  const rows: MapRow[] = [];
  const problems: string[] = [];
  for (const { number, cells } of lines) {
    const [person = '', key = ''] = order.map((at) => cells[at]);
    const problem =
      rowProblem(cells, person, key) ?? twice(persons, person, number) ?? twice(keys, key, number);
    if (problem !== undefined) problems.push(`${name}:${number}: ${problem}`);
    rows.push({ person: folded(person), key });
  }
  if (problems.length === 0) return rows;
  const left = problems.length - MAX_PROBLEMS;
  const shown = left > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${left} more`] : problems;
  throw invalidMap(shown.join('\n'), 'correct the map and run again; nothing was sent to GitHub or Permit');
}

/** Quotes around a cell are dropped. Any other is a mistake: no login and no user key holds a quote or a comma. */
const cellsOf = (line: string): readonly string[] =>
  line.split(',').map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .trim(),
  );

function requireHeader(name: string, header: Line | undefined): asserts header is Line {
  const found = header?.cells.map(folded) ?? [];
  const unknown = found.find((cell) => !COLUMNS.some((column) => column === cell));
  const at = `${name}:${header?.number ?? 1}`;
  if (COLUMNS.every((column) => found.includes(column))) {
    if (found.length === COLUMNS.length) return;
    const repeated = found.find((cell, index) => found.indexOf(cell) < index) ?? '';
    const wrong =
      unknown === undefined
        ? `the column ${quoted(repeated)} is there twice`
        : `unknown column ${quoted(unknown)}`;
    throw invalidMap(`${at}: ${wrong}`, 'a map has the columns github and key');
  }
  const near = unknown === undefined ? '' : `; ${suggestion(unknown, COLUMNS)}`;
  throw invalidMap(`${at}: the header github,key is missing${near}`, 'write github,key as the first line');
}

function rowProblem(cells: readonly string[], person: string, key: string): string | undefined {
  if (cells.some((cell) => cell.includes('"')))
    return 'has a quote that is not closed or stands inside a value';
  if (cells.length !== COLUMNS.length)
    return `has ${count(cells.length, 'column')} instead of ${COLUMNS.length}`;
  if (person === '') return 'names no login and no numeric id';
  return key === '' ? `has no key for ${printable(person)}` : undefined;
}

function twice(seen: Map<string, number>, text: string, number: number): string | undefined {
  const before = seen.get(folded(text));
  if (before !== undefined) return `${quoted(text)} is already in line ${before}`;
  seen.set(folded(text), number);
  return undefined;
}

const invalidMap = (message: string, hint: string): SyncError =>
  new SyncError('CONFIG_INVALID', message, hint);
