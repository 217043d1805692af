import { plainText, type Span } from './page.ts';

/** A line of two columns, `+ label    remark`; each further remark begins a line of its own. */
export type ColumnRow = {
  readonly left: readonly Span[];
  readonly remarks: readonly (readonly Span[])[];
};

/** A longer label, or one that takes a larger share of the terminal, doesn't move the remarks of all other rows. */
const WIDEST_LEFT = 64;
const WIDEST_SHARE = 0.6;
/** The column of the remarks where no label fits. */
const NARROWEST_LEFT = 16;
const GAP = 2;
/** Below this, wrapping is left to the terminal. */
const NARROWEST_REMARK = 24;

const widthOf = (spans: readonly Span[]): number => displayWidth(plainText(spans));

/**
 * The column at which the remarks of these rows begin.
 * @param width of the terminal in columns; undefined leaves lines as long as they are.
 */
export function remarkColumn(rows: readonly ColumnRow[], width?: number): number {
  const most = width === undefined ? WIDEST_LEFT : Math.min(WIDEST_LEFT, Math.floor(width * WIDEST_SHARE));
  const widths = rows.filter(({ remarks }) => remarks.length > 0).map(({ left }) => widthOf(left));
  const widest = widths.reduce((wide, left) => (left > most ? wide : Math.max(wide, left)), 0);
  return (widest || NARROWEST_LEFT) + GAP;
}

/** @returns the lines of one row. */
export function layOut({ left, remarks }: ColumnRow, column: number, width?: number): readonly Span[][] {
  const room = width === undefined ? undefined : width - column;
  const lines = remarks.flatMap((remark) => wrapSpans(remark, room));
  const gap = column - widthOf(left);
  const below = lines.map((line) => [{ text: ' '.repeat(column) }, ...line]);
  // On a terminal a label that is too long gets a line of its own; elsewhere lines may be long.
  if (lines.length === 0 || (gap < GAP && width !== undefined)) return [[...left], ...below];
  return [[...left, { text: ' '.repeat(Math.max(GAP, gap)) }, ...(lines[0] ?? [])], ...below.slice(1)];
}

/** Breaks spans, which follow one another without a gap, between words. */
export function wrapSpans(spans: readonly Span[], width: number | undefined): readonly Span[][] {
  const text = plainText(spans);
  if (width === undefined || width < NARROWEST_REMARK || displayWidth(text) <= width) return [[...spans]];
  return lineRanges(text, width).map(({ start, end }) => slice(spans, start, end));
}

/** Breaks between words. */
export const wrap = (text: string, width: number | undefined): readonly string[] =>
  wrapSpans([{ text }], width).map(plainText);

/** `prefix` and the text beside it; further lines begin below the text's first word. Ends with a line break. */
export function hang(prefix: string, text: string, width: number | undefined): string {
  const column = displayWidth(prefix);
  const lines = wrap(text, width === undefined ? undefined : width - column);
  return `${prefix}${lines.join(`\n${' '.repeat(column)}`)}\n`;
}

/**
 * Between words, but a number keeps its unit, and no line begins with `::`, which GitHub's runner takes for a workflow
 * command even after spaces.
 */
const BREAK = / +(?!\s*::|(?<=\d )(?:ms|s|min|h)\b)/g;

type Range = { readonly start: number; readonly end: number };

function lineRanges(text: string, width: number): readonly Range[] {
  const lines: Range[] = [];
  let start = 0;
  let end = 0;
  for (const word of wordRanges(text)) {
    if (end > start && displayWidth(text.slice(start, word.end)) > width) {
      lines.push({ start, end });
      start = word.start;
    }
    end = word.end;
  }
  return [...lines, { start, end }];
}

function wordRanges(text: string): readonly Range[] {
  const breaks = [...text.matchAll(BREAK)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  const starts = [0, ...breaks.map(({ end }) => end)];
  const ends = [...breaks.map(({ start }) => start), text.length];
  return starts.map((start, index) => ({ start, end: ends[index] ?? text.length }));
}

function slice(spans: readonly Span[], start: number, end: number): Span[] {
  let offset = 0;
  return spans.flatMap((span) => {
    const from = Math.max(start - offset, 0);
    const text = span.text.slice(from, Math.max(end - offset, 0));
    offset += span.text.length;
    return text === '' ? [] : [{ ...span, text }];
  });
}

/** Latin letters, and the dashes, quotes and dots of our own texts: one column each. */
const NARROW = /^[\u0020-\u007e\u00a0-\u02ff\u2010-\u2027]*$/;
/** East Asian Width W and F, as far as names use them, and emoji; half-width forms are narrow. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\u3000-\u303e\u3041-\u33ff\ua000-\ua4cf\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u;
const HALF_WIDTH = /[\uff61-\uffdc]/;
/** Made only when a text needs it: loading its tables takes Node 30 ms. */
let graphemes: Intl.Segmenter | undefined;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (WIDE.test(segment) && !HALF_WIDTH.test(segment)) width += 2;
    else if (!/^\p{M}+$/u.test(segment)) width += 1;
  }
  return width;
}

/** Pads with spaces to `width` columns. */
export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));
