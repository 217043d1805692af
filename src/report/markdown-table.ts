import { cell } from './markdown-text.ts';
import { quantity } from './words.ts';

type Table = {
  readonly heading: string;
  readonly columns: readonly string[];
  /** Markdown already; see markdown-text.ts for what comes from outside. */
  readonly rows: readonly (readonly string[])[];
  /** How many rows there are, where `rows` does not hold all of them. */
  readonly total?: number;
  /** The whole table, its heading included, stays within both. */
  readonly most: { readonly rows: number; readonly characters: number };
};

export const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** @returns as many of the first rows as fit, and how many were cut; "" where there is no row at all. */
export function table({ heading, columns, rows, total = rows.length, most }: Table): string {
  if (total === 0) return '';
  const head = [heading, '', row(columns), row(columns.map(() => '---'))];
  const longestTail = tail(total).join('\n').length + 1;
  const shown = fitting(rows.slice(0, most.rows), most.characters - head.join('\n').length - longestTail);
  return [...head, ...shown, ...tail(total - shown.length)].join('\n');
}

function tail(rest: number): readonly string[] {
  return rest === 0 ? [] : ['', `… and ${quantity(rest)} more; \`--output json\` has them all.`];
}

function fitting(rows: readonly (readonly string[])[], characters: number): readonly string[] {
  const shown: string[] = [];
  let left = characters;
  for (const cells of rows) {
    const line = row(cells);
    left -= line.length + 1;
    if (left < 0) break;
    shown.push(line);
  }
  return shown;
}
