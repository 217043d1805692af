import { quantity } from '../model/text/text.ts';
import { describeFolded, mergeAlike, mostInformative } from './groups.ts';
import { cell, clip, code, codeBlock, prose } from './markdown-text.ts';
import type { Group, Page, Phrase, Remark, Row, Section } from './page.ts';

/**
 * A comment may have 65,536 characters, and a step summary 1 MiB: a report of this size fits both with room to spare.
 * Each section has its own share, so that hostile names can't crowd out the rest; the groups take what is left.
 */
const MAX_CHARACTERS = 60_000;
const SHARE = { rows: 20, characters: 10_000 };
const MAX_ROWS = 500;
const MAX_CONTEXT_LINES = 20;
const MAX_NAME_LENGTH = 120;
const MAX_SENTENCE_LENGTH = 1_000;
const MAX_BLOCK_LENGTH = 4_000;

/** How much a table may hold. `full`: name everyone. */
type TableLimits = { readonly rows: number; readonly characters: number; readonly full: boolean };

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderMarkdown(page: Page, { full = false }: { readonly full?: boolean } = {}): string {
  const shown = page.sections
    .filter(({ only }) => only !== 'text')
    .map((section) => (full ? section : withoutDetails(section)));
  const sections = [...shown.filter(({ isUrgent }) => isUrgent), ...shown.filter((one) => !one.isUrgent)];
  const main = sections.find(
    ({ kind, only }) => only === undefined && (kind === 'groups' || kind === 'table'),
  );
  const before = head(page);
  const after = page.summary?.next === undefined ? '' : phrase(page.summary.next);
  const parts = sections.map((one) => (one === main ? '' : renderSection(one, { ...SHARE, full })));
  const room = MAX_CHARACTERS - blocks([before, ...parts, after]).length - 4;
  const all = sections.map((one, index) =>
    one === main ? renderSection(one, { rows: MAX_ROWS, characters: room, full }) : (parts[index] ?? ''),
  );
  return `${blocks([before, ...all, after])}\n`;
}

/** Without the rows that only `--full` shows. */
const withoutDetails = (section: Section): Section =>
  section.kind === 'rows'
    ? { ...section, rows: section.rows.filter(({ shown }) => shown !== 'with --full') }
    : section;

const blocks = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

function head({ heading, title, where = [], context = [], summary }: Page): string {
  const rest = context.length - MAX_CONTEXT_LINES;
  const facts = [
    ...context.slice(0, MAX_CONTEXT_LINES).map(phrase),
    ...(rest > 0 ? [`${quantity(rest)} more`] : []),
    ...where.map(phrase),
    ...(summary === undefined ? [] : [summary.facts]),
  ];
  const verdict = summary?.verdict === undefined ? '' : `**${summary.verdict}:** `;
  return blocks([
    `## ${heading}`,
    summary === undefined ? phrase(title) : `${verdict}${phrase(summary.sentence)}.`,
    facts.join(' · '),
  ]);
}

/** Names become code; in other text, plain words stay plain. */
function phrase(text: Phrase): string {
  const spans = typeof text === 'string' ? [text] : text;
  return spans
    .map((span) => {
      if (typeof span === 'string') return sentence(span);
      return span.code ? code(clip(span.text, MAX_NAME_LENGTH)) : sentence(span.text);
    })
    .join('');
}

function sentence(text: string): string {
  const [, before = '', core = '', after = ''] = /^( *)(.*?)( *)$/s.exec(text) ?? [];
  return before + prose(clip(core, MAX_SENTENCE_LENGTH)) + after;
}

function renderSection(section: Section, most: TableLimits): string {
  const text = sectionText(section, most);
  if (!section.isClosed || text === '') return text;
  return `<details>\n<summary>${phrase(section.title)}</summary>\n\n${text}\n\n</details>`;
}

function sectionText(section: Section, most: TableLimits): string {
  const heading = section.title === '' || section.isClosed ? '' : `### ${phrase(section.title)}`;
  switch (section.kind) {
    case 'rows': {
      const { rows, columns, isAlwaysShown } = section;
      if (rows.length === 0) return isAlwaysShown ? heading : '';
      const cells = rows.slice(0, most.rows).map((row) => rowCells(row));
      return table({ heading, columns, cells, rest: restOf(rows.length), most });
    }
    case 'groups': {
      const { columns, noun } = section;
      const groups = most.full ? section.groups : mergeAlike(section.groups, noun);
      const lines = mostInformative(groups, most.rows)
        .flatMap((group) => groupCells(group).map((row) => ({ group, row })))
        .slice(0, most.rows);
      const rest = (shown: number): string => {
        const whole = new Set(lines.slice(0, shown).map(({ group }) => group));
        for (const { group } of lines.slice(shown)) whole.delete(group);
        const cut = groups.filter((group) => !whole.has(group) && groupCells(group).length > 0);
        return cut.length === 0 ? '' : describeFolded(cut, noun);
      };
      return table({ heading, columns, cells: lines.map(({ row }) => row), rest, most });
    }
    case 'table': {
      const { rows, columns } = section;
      const cells = rows.slice(0, most.rows).map((row) => row.cells.map(phrase));
      return table({ heading, columns, cells, rest: restOf(rows.length), most });
    }
    case 'steps': {
      const parts = section.steps.flatMap(({ text = '', copy }) => [
        phrase(text),
        copy === undefined ? '' : codeBlock(clip(copy, MAX_BLOCK_LENGTH)),
      ]);
      return section.steps.length === 0 ? '' : blocks([heading, ...parts]);
    }
    default:
      return section satisfies never;
  }
}

const restOf =
  (total: number) =>
  (shown: number): string =>
    shown === total ? '' : `… and ${quantity(total - shown)} more`;

function groupCells({ title, sign, own, remarks, rows, count }: Group): readonly (readonly string[])[] {
  const names = count === undefined ? [] : (remarks ?? []);
  const named = [title, ...names.map(({ text }) => text)].map(phrase).join(': ');
  const all: readonly Row[] =
    own === undefined
      ? rows
      : [{ label: own, ...(sign ? { sign } : {}), ...(remarks ? { remarks } : {}) }, ...rows];
  return all.map((row, index) => [index === 0 ? named : phrase(title), ...rowCells(row)]);
}

const rowCells = ({ sign, label, remarks = [] }: Row): readonly string[] => [
  `${sign === undefined ? '' : `${sign} `}${phrase(label)}`,
  ...remarks.filter(({ only }) => only !== 'text').map((remark: Remark) => phrase(remark.text)),
];

type Table = {
  readonly heading: string;
  readonly columns: readonly string[];
  /** Markdown already; a row may have fewer cells than there are columns. */
  readonly cells: readonly (readonly string[])[];
  /** What is left when so many rows are shown: "… and 3 more"; "" for nothing. */
  readonly rest: (shown: number) => string;
  /** The whole table, its heading included, stays within both. */
  readonly most: TableLimits;
};

/** @returns as many of the first rows as fit, and how many were cut; "" where there is no row at all. */
function table({ heading, columns, cells, rest, most }: Table): string {
  if (cells.length === 0 && rest(0) === '') return '';
  const filled = columns.map((_, index) => index).filter((index) => cells.some((row) => row[index]));
  const isNumber = (index: number): boolean => cells.every((row) => /^[\d,]*$/.test(row[index] ?? ''));
  const line = (row: readonly string[]): string =>
    `| ${filled.map((index) => cell(row[index] ?? '')).join(' | ')} |`;
  const rule = `| ${filled.map((index) => (isNumber(index) ? '---:' : '---')).join(' | ')} |`;
  const top = blocks([heading, `${line(columns)}\n${rule}`]);
  const longestTail = tail(rest(0)).join('\n').length + 1;
  const shown = fitting(cells.map(line), most.characters - top.length - longestTail);
  return [top, ...shown, ...tail(rest(shown.length))].join('\n');
}

const tail = (rest: string): readonly string[] =>
  rest === '' ? [] : ['', `${rest}; \`--output json\` has them all.`];

function fitting(lines: readonly string[], characters: number): readonly string[] {
  let left = characters;
  const cut = lines.findIndex((line) => {
    left -= line.length + 1;
    return left < 0;
  });
  return cut < 0 ? lines : lines.slice(0, cut);
}
