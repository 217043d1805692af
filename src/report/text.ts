import { Chalk } from 'chalk';
import type { Problem } from '../model/problem.ts';
import { quantity, sanitizeLine, sanitizeLines } from '../model/text/text.ts';
import { type ColumnRow, displayWidth, layOut, padTo, remarkColumn, wrapSpans } from './columns.ts';
import { describeFolded, mergeAlike, mostInformative } from './groups.ts';
import {
  type Group,
  type Page,
  type Phrase,
  plainText,
  type Remark,
  type Row,
  type Section,
  SIGN_TONE,
  type Span,
  type Summary,
  type Tone,
} from './page.ts';

export type TextOptions = {
  readonly color: boolean;
  /** Columns of the terminal; undefined if the output is not a terminal, and then no line is wrapped. */
  readonly width?: number | undefined;
  /** Fold nothing, however long. */
  readonly full?: boolean;
  /** Show only what needs attention. */
  readonly quiet?: boolean;
};

const MAX_GROUPS = 100;
const MAX_ROWS = 20;
const INDENT = '  ';

/** @param color the 16 colours that every terminal and CI log knows; without colour, text stays as it is. */
function painter(color: boolean): (span: Span) => string {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const colors = {
    plain: chalk,
    faint: chalk.dim,
    good: chalk.green,
    caution: chalk.yellow,
    alarm: chalk.red,
    news: chalk.cyan,
  };
  return ({ text, tone = 'plain', strong }) => (strong ? colors[tone].bold(text) : colors[tone](text));
}

/** Lines of a block; blocks are set apart by an empty line. */
type Lines = readonly (readonly Span[])[];

/** The report for a person at a terminal. What needs a decision comes last, next to the prompt. */
export function renderText(page: Page, options: TextOptions): string {
  if (page.isSilent === 'always' || (page.isSilent === 'with --quiet' && options.quiet)) return '';
  const paint = painter(options.color);
  const shown = page.sections.filter(({ only }) => only !== 'markdown');
  const inOrder = [...shown.filter((one) => !one.isUrgent), ...shown.filter((one) => one.isUrgent)];
  const isBelowTitle = ({ kind, title }: Section): boolean => kind === 'rows' && title === '';
  const blocks = [
    [
      ...headLines(page, options),
      ...inOrder.filter(isBelowTitle).flatMap((section) => sectionBlocks(section, options).flat()),
    ],
    ...inOrder
      .filter((section) => !isBelowTitle(section))
      .flatMap((section) => sectionBlocks(section, options)),
    summaryLines(page.summary, options.width),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line.map(paint).join('')}\n`).join(''))
    .join('\n');
}

function headLines({ title, where = [] }: Page, { width }: TextOptions): Lines {
  const room = width === undefined ? undefined : width - INDENT.length;
  const below = where.flatMap((line) => wrapSpans(spansOf(line, 'faint'), room));
  return [
    ...(title.length === 0 ? [] : wrapSpans(spansOf(title), width)),
    ...below.map((line) => [{ text: INDENT }, ...line]),
  ];
}

/** Spans that are safe to print. @param tone of spans without their own. */
function spansOf(phrase: Phrase, tone: Tone = 'plain'): readonly Span[] {
  const spans = typeof phrase === 'string' ? [phrase] : phrase;
  return spans.map((span) =>
    typeof span === 'string'
      ? { text: sanitizeLine(span), tone }
      : { tone, ...span, text: sanitizeLine(span.text) },
  );
}

function sectionBlocks(section: Section, options: TextOptions): readonly Lines[] {
  switch (section.kind) {
    case 'rows':
      return [rowLines(section, options)];
    case 'groups':
      return groupBlocks(section, options);
    case 'table':
      return [tableLines(section)];
    case 'steps':
      return [stepLines(section, options)];
    default:
      return section satisfies never;
  }
}

const heading = (title: string, width: number | undefined): Lines =>
  title === '' ? [] : wrapSpans([{ text: title, strong: true }], width);

function rowLines(section: Section & { readonly kind: 'rows' }, options: TextOptions): Lines {
  const rows = section.rows.filter((row) => isShown(row, options));
  if (rows.length === 0 && !section.isAlwaysShown) return [];
  const visible = options.full ? rows : rows.slice(0, MAX_ROWS);
  const rest = rows.length - visible.length;
  const laid = visible.map((row) => columnRow(row, INDENT));
  const column = remarkColumn(laid, options.width);
  return [
    ...heading(section.title, options.width),
    ...laid.flatMap((row) => layOut(row, column, options.width)),
    ...(rest === 0 ? [] : [folded(`… and ${quantity(rest)} more`)]),
  ];
}

const isShown = ({ shown }: Row, { full, quiet }: TextOptions): boolean =>
  shown === undefined || (shown === 'with --full' ? full === true : quiet !== true);

const folded = (text: string): readonly Span[] => [{ text: INDENT }, { text, tone: 'faint' }];

/** A block for each group, or for all that have no title of their own; their remarks are aligned. */
function groupBlocks(section: Section & { readonly kind: 'groups' }, options: TextOptions): readonly Lines[] {
  const filled = section.groups
    .map((group) => {
      const isRowShown = (row: Row): boolean => isShown(row, options);
      return group.rows.every(isRowShown) ? group : { ...group, rows: group.rows.filter(isRowShown) };
    })
    .filter(({ rows, remarks, note }) => rows.length > 0 || remarks !== undefined || note !== undefined);
  const merged = options.full ? filled : mergeAlike(filled, section.noun);
  const visible = options.full ? merged : mostInformative(merged, MAX_GROUPS);
  const laid = visible.map((group) => groupRows(group));
  const column = remarkColumn(laid.flat(), options.width);
  const shown = new Set(visible);
  const rest = merged.filter((group) => !shown.has(group));
  return [
    ...laid.map((rows) => rows.flatMap((row) => layOut(row, column, options.width))),
    ...(rest.length === 0 ? [] : [[folded(`${describeFolded(rest, section.noun)} (--full shows all)`)]]),
  ];
}

/** With a sign, the title reads like a row of a plan; without one, like a heading. */
function groupRows({ sign, title, note, remarks, rows }: Group): readonly ColumnRow[] {
  const beside = note === undefined ? [] : spansOf(['  ', note]);
  const left = [
    ...(sign === undefined ? [] : [{ text: INDENT }, { text: sign, tone: SIGN_TONE[sign] }, { text: ' ' }]),
    ...spansOf(title),
    ...beside,
  ];
  const indent = INDENT.repeat(sign === undefined ? 1 : 3);
  return [{ left, remarks: remarkSpans(remarks) }, ...rows.map((row) => columnRow(row, indent))];
}

function columnRow({ sign, bullet, tone, label, remarks }: Row, indent: string): ColumnRow {
  const mark = sign ?? bullet;
  const left =
    mark === undefined
      ? spansOf(label, tone)
      : [
          { text: mark, tone: tone ?? (sign && SIGN_TONE[sign]) ?? 'plain' },
          { text: ' ' },
          ...spansOf(label),
        ];
  return { left: [{ text: indent }, ...left], remarks: remarkSpans(remarks) };
}

const remarkSpans = (remarks: readonly Remark[] = []): readonly (readonly Span[])[] =>
  remarks
    .filter(({ text, only }) => text.length > 0 && only !== 'markdown')
    .flatMap(({ text, tone, lead = '', isMultiline }) => {
      if (!isMultiline || typeof text !== 'string') return [[...spansOf(lead, tone), ...spansOf(text, tone)]];
      return sanitizeLines(lead + text).map((line) => spansOf(line, tone));
    });

function tableLines({ columns, rows }: Section & { readonly kind: 'table' }): Lines {
  if (rows.length === 0) return [];
  const texts = rows.map(({ cells }) => cells.map((cell) => plainText(spansOf(cell))));
  const head = columns.map((column) => column.toUpperCase());
  const widths = head.map((column, index) =>
    texts.reduce((most, cells) => Math.max(most, displayWidth(cells[index] ?? '')), column.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => padTo(cell, widths[index] ?? 0))
      .join(INDENT)
      .trimEnd();
  return [
    [{ text: line(head), tone: 'faint' }],
    ...texts.map((cells, index) => [{ text: line(cells), tone: rows[index]?.tone ?? 'plain' }]),
  ];
}

/** Text to copy stays on one line, regardless of the width. */
function stepLines({ title, steps }: Section & { readonly kind: 'steps' }, { width }: TextOptions): Lines {
  return [
    ...heading(title, width),
    ...steps.flatMap(({ text, copy }) => [
      ...(text === undefined ? [] : wrapSpans(spansOf(text), width)),
      ...(copy === undefined
        ? []
        : [[{ text: INDENT.repeat(2) }, { text: sanitizeLine(copy), strong: true }]]),
    ]),
  ];
}

function summaryLines(summary: Summary | undefined, width: number | undefined): Lines {
  if (summary === undefined) return [];
  const { verdict, tone, sentence, facts, next } = summary;
  const said: readonly Span[] =
    verdict === undefined
      ? [{ text: `${sentence}.`, tone, strong: true }]
      : [{ text: `${verdict}:`, tone, strong: true }, { text: ` ${sentence}.` }];
  return [
    ...wrapSpans(spansOf([...said, { text: ` ${facts}.`, tone: 'faint' }]), width),
    ...(next === undefined ? [] : wrapSpans(spansOf(next, 'faint'), width)),
  ];
}

const HINT = '  hint: ';

/**
 * For stderr: `error: what happened (CODE)`, the rest of the message indented, then what to do next.
 * Ends with a line break.
 */
export function renderError(
  { code, message, hint }: Problem,
  { color, width }: Pick<TextOptions, 'color' | 'width'>,
): string {
  const paint = painter(color);
  const [first = '', ...more] = sanitizeLines(message);
  const [, head = first, colon = ''] = /^(.*?)(:?)$/.exec(first) ?? [];
  const room = (column: number): number | undefined => (width === undefined ? undefined : width - column);
  const indented = (indent: Span, line: string): Lines =>
    wrapSpans([{ text: line }], room(indent.text.length)).map((part, index) => [
      index === 0 ? indent : { text: ' '.repeat(indent.text.length) },
      ...part,
    ]);
  const hints = hint.trim() === '' ? [] : sanitizeLines(hint);
  const lines: Lines = [
    ...wrapSpans(
      [
        { text: 'error:', tone: 'alarm', strong: true },
        { text: ` ${head} ` },
        { text: `(${code})${colon}`, tone: 'faint' },
      ],
      width,
    ),
    ...more.flatMap((line) => indented({ text: '  ' }, line)),
    ...hints.flatMap((line, index) =>
      indented(index === 0 ? { text: HINT, tone: 'caution' } : { text: ' '.repeat(HINT.length) }, line),
    ),
  ];
  return lines.map((line) => `${line.map(paint).join('').trimEnd()}\n`).join('');
}
