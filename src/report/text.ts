import { CHANGES } from '../model/change.ts';
import { enumerate } from '../model/text.ts';
import { type Row, remarkColumn, renderRow, wrapPainted } from './columns.ts';
import { INDENT, type Page, type TextOptions } from './page.ts';
import { palette } from './palette.ts';
import { mostTelling, type PersonResults, peopleOf, remarkOn } from './results.ts';
import type { RunReport } from './run-report.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { summarize } from './summary.ts';
import {
  firstRunSection,
  limitsSection,
  skippedSection,
  unmanagedSection,
  warningsSection,
} from './text-sections.ts';
import { amount, describeChange, namesOf, signOfMovement } from './words.ts';

const MOST_PEOPLE = 100;

/** The report for a person at a terminal: reads like a plan, ends with the summary. */
export function renderText(report: RunReport, options: TextOptions): string {
  const page = { ...options, paint: palette(options.color) };
  const sections = [
    heading(report, page),
    peopleSection(report, page),
    skippedSection(report, page),
    warningsSection(report, page),
    unmanagedSection(report, page),
    limitsSection(report, page),
    firstRunSection(report, page),
    summaryLine(report, page),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

const VERB_OF = {
  reconcile: 'Reconcile',
  apply: 'Apply a saved plan: reconcile',
  drain: 'Drain the queue: reconcile',
} as const satisfies Record<RunReport['command'], string>;

function heading({ command, orgs, dryRun }: RunReport, { paint, width }: Page): readonly string[] {
  const verb = VERB_OF[command];
  const what = orgs.length === 0 ? `${verb} with Permit` : `${verb} ${enumerate(orgs)} with Permit`;
  const parts = [{ text: sanitizeLine(what), paint: paint.strong }];
  return wrapPainted(dryRun ? [...parts, { text: '(dry run)', paint: paint.faint }] : parts, width);
}

function peopleSection(report: RunReport, page: Page): readonly string[] {
  const people = peopleOf(report);
  const shown = page.verbose ? people : mostTelling(people, MOST_PEOPLE);
  const groups = shown.map((one) => ({ title: personLine(one, page), rows: changeRows(one, report, page) }));
  const column = remarkColumn(
    groups.flatMap(({ rows }) => rows),
    page.width,
  );
  const lines = groups.flatMap(({ title, rows }, index) => [
    ...(index > 0 ? [''] : []),
    title,
    ...rows.flatMap((row) => renderRow(row, column, page.width)),
  ]);
  const rest = people.length - shown.length;
  if (rest === 0) return lines;
  const more = `… and ${amount(rest, 'more person', 'more people')} (use --output json for all)`;
  return [...lines, '', INDENT + page.paint.faint(more)];
}

function personLine({ person }: PersonResults, { paint }: Page): string {
  const sign = signOfMovement(person.movement);
  const [name = '', key] = namesOf(person).map(sanitizeLine);
  const beside = key === undefined ? '' : ` ${paint.faint(`(${key})`)}`;
  return `${INDENT}${paint.sign[sign](sign)} ${paint.strong(name)}${beside}  ${paint.sign[sign](person.movement)}`;
}

function changeRows({ person, results }: PersonResults, report: RunReport, { paint }: Page): readonly Row[] {
  return results.map(({ change, outcome }) => {
    const sign = CHANGES[change.kind].sign;
    const remark = remarkOn(outcome, report);
    const remarkPaint = outcome.kind === 'failed' ? paint.alarm : paint.caution;
    return {
      indent: INDENT.repeat(3),
      sign,
      signPaint: paint.sign[sign],
      label: sanitizeLine(describeChange(change, person.user)),
      remarks: [
        { text: sanitizeLine(change.reason), paint: paint.faint },
        ...(remark === undefined ? [] : [{ text: sanitizeLine(remark), paint: remarkPaint }]),
      ],
    };
  });
}

function summaryLine(report: RunReport, { paint, width }: Page): readonly string[] {
  const { verdict, sentence, facts } = summarize(report);
  const parts = [
    { text: `${verdict}:`, paint: paint.status[report.status] },
    { text: `${sanitizeLine(sentence)}.`, paint: paint.plain },
    { text: `${facts}.`, paint: paint.faint },
  ];
  return wrapPainted(parts, width);
}
