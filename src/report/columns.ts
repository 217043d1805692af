import type { Paint } from './palette.ts';

/** A line of two columns, `+ label    remark`; each further remark begins a line of its own. */
export type Row = {
  readonly indent: string;
  readonly sign: string;
  readonly signPaint: Paint;
  readonly label: string;
  readonly remarks: readonly { readonly text: string; readonly paint: Paint }[];
};

/**
 * A label that reaches beyond this, or beyond so much of the terminal, doesn't push everybody else's remarks to the
 * right.
 */
const WIDEST_LEFT = 64;
const WIDEST_SHARE = 0.6;
/** Where no label at all fits. */
const NARROWEST_LEFT = 16;
const GAP = 2;
/** Below this there is no use in wrapping: the terminal wraps as well. */
const NARROWEST_REMARK = 24;

const leftOf = ({ indent, sign, label }: Row): string => `${indent}${sign} ${label}`;
const widthOf = (text: string): number => [...text].length;

/**
 * The column at which the remarks of these rows begin.
 * @param width of the terminal in columns; undefined leaves lines as long as they are.
 */
export function remarkColumn(rows: readonly Row[], width?: number): number {
  const most = width === undefined ? WIDEST_LEFT : Math.min(WIDEST_LEFT, Math.floor(width * WIDEST_SHARE));
  const widths = rows.filter(({ remarks }) => remarks.length > 0).map((row) => widthOf(leftOf(row)));
  const widest = widths.reduce((wide, left) => (left > most ? wide : Math.max(wide, left)), 0);
  return (widest || NARROWEST_LEFT) + GAP;
}

export function renderRow(row: Row, column: number, width?: number): readonly string[] {
  const room = width === undefined ? undefined : width - column;
  const remarks = row.remarks.flatMap(({ text, paint }) => wrap(text, room).map((line) => paint(line)));
  const left = `${row.indent}${row.signPaint(row.sign)} ${row.label}`;
  const gap = column - widthOf(leftOf(row));
  const below = remarks.map((remark) => ' '.repeat(column) + remark);
  // On a terminal a label that is too long has a line to itself; elsewhere a line is as long as need be.
  if (remarks.length === 0 || (gap < GAP && width !== undefined)) return [left, ...below];
  return [`${left}${' '.repeat(Math.max(GAP, gap))}${remarks[0]}`, ...below.slice(1)];
}

/** Rows of which the remarks are aligned with one another. */
export function renderRows(rows: readonly Row[], width?: number): readonly string[] {
  const column = remarkColumn(rows, width);
  return rows.flatMap((row) => renderRow(row, column, width));
}

/**
 * Breaks between words. No line may begin with `::`, which GitHub's runner would take for a workflow command even
 * after spaces.
 */
export function wrap(text: string, width: number | undefined): readonly string[] {
  return wrapPainted([{ text, paint: (plain) => plain }], width);
}

/** `prefix` and the text beside it; further lines begin below the text's first word. Ends with a line break. */
export function hang(prefix: string, text: string, width: number | undefined): string {
  const column = widthOf(prefix);
  const lines = wrap(text, width === undefined ? undefined : width - column);
  return `${prefix}${lines.join(`\n${' '.repeat(column)}`)}\n`;
}

type Painted = { readonly text: string; readonly paint: Paint };

/** As `wrap` does, one sentence of parts that are painted differently and stand a blank apart. */
export function wrapPainted(parts: readonly Painted[], width: number | undefined): readonly string[] {
  const whole = parts.map(({ text }) => text).join(' ');
  if (width === undefined || width < NARROWEST_REMARK || widthOf(whole) <= width) {
    return [parts.map(({ text, paint }) => paint(text)).join(' ')];
  }
  const lines: Painted[][] = [];
  let room = 0;
  for (const { text, paint } of parts) {
    for (const word of text.split(WORD_END)) {
      const line = lines.at(-1);
      const last = line?.at(-1);
      if (line === undefined || last === undefined || widthOf(word) + 1 > room) {
        lines.push([{ text: word, paint }]);
        room = width - widthOf(word);
        continue;
      }
      room -= widthOf(word) + 1;
      if (last.paint === paint) line[line.length - 1] = { text: `${last.text} ${word}`, paint };
      else line.push({ text: word, paint });
    }
  }
  return lines.map((line) => line.map(({ text, paint }) => paint(text)).join(' '));
}

/** A number keeps its unit. */
const WORD_END = / +(?!\s*::|(?<=\d )(?:ms|s|min|h)\b)/;
