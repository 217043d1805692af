import type { PolicyChange } from '../model/policy.ts';
import { type Row, remarkColumn, renderRow, renderRows, wrapPainted } from './columns.ts';
import { INDENT, type Page, type TextOptions } from './page.ts';
import { palette } from './palette.ts';
import type { PolicyReport } from './policy-report.ts';
import {
  describePolicyChange,
  describePolicyViolation,
  groupPolicy,
  isBare,
  type PolicyGroup,
  remarkOnPolicy,
  SIGN_OF_POLICY_KIND,
  subjectOf,
  summarizePolicy,
  WITHOUT_PERMISSIONS,
} from './policy-words.ts';
import { sanitizeLine } from './sanitize-line.ts';

/** The report for a person at a terminal: reads like a plan, ends with the summary. */
export function renderPolicyText(report: PolicyReport, options: TextOptions): string {
  const page = { ...options, paint: palette(options.color) };
  const sections = [
    [page.paint.strong('Policy of Permit') + (report.dryRun ? page.paint.faint(' (dry run)') : '')],
    changesSection(report, page),
    warningsSection(report, page),
    limitsSection(report, page),
    summaryLine(report, page),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function changesSection(report: PolicyReport, page: Page): readonly string[] {
  const groups = groupPolicy(report.results).map((group) => rowsOf(group, report, page));
  const column = remarkColumn(groups.flat(), page.width);
  return groups.flatMap((rows, index) => [
    ...(index > 0 ? [''] : []),
    ...rows.flatMap((row) => renderRow(row, column, page.width)),
  ]);
}

/** The thing on a line of its own, which is at once the change that makes it; below it what changes about it. */
function rowsOf({ subject, results }: PolicyGroup, report: PolicyReport, page: Page): readonly Row[] {
  const { paint } = page;
  const remarks = (result: (typeof results)[number]): Row['remarks'] => {
    const text = remarkOnPolicy(result, report);
    if (text === undefined) return [];
    return [
      { text: sanitizeLine(text), paint: result.outcome.kind === 'failed' ? paint.alarm : paint.caution },
    ];
  };
  const nature = (change: PolicyChange): Row['remarks'] =>
    isBare(change) ? [{ text: WITHOUT_PERMISSIONS, paint: paint.faint }] : [];
  const making = results.find(({ change }) => 'label' in change);
  const sign = making ? '+' : '~';
  const head: Row = {
    indent: INDENT,
    sign,
    signPaint: paint.sign[sign],
    label: sanitizeLine(subjectOf(subject)),
    remarks: making ? [...nature(making.change), ...remarks(making)] : [],
  };
  const others = results.filter((result) => result !== making);
  return [
    head,
    ...others.map((result): Row => {
      const of = SIGN_OF_POLICY_KIND[result.change.kind];
      return {
        indent: INDENT.repeat(3),
        sign: of,
        signPaint: paint.sign[of],
        label: sanitizeLine(describePolicyChange(result.change)),
        remarks: remarks(result),
      };
    }),
  ];
}

function warningsSection({ warnings }: PolicyReport, { paint, width }: Page): readonly string[] {
  if (warnings.length === 0) return [];
  const rows = warnings.map(({ code, message }): Row => {
    const remarks = [{ text: sanitizeLine(message), paint: paint.plain }];
    return { indent: INDENT, sign: '!', signPaint: paint.caution, label: sanitizeLine(code), remarks };
  });
  return [paint.strong('Warnings'), ...renderRows(rows, width)];
}

function limitsSection({ verdict }: PolicyReport, { paint, width }: Page): readonly string[] {
  if (verdict.violations.length === 0) return [];
  const rows = verdict.violations.map((violation): Row => {
    const remarks = [{ text: violation.override, paint: paint.plain }];
    const label = describePolicyViolation(violation);
    return { indent: INDENT, sign: '✗', signPaint: paint.alarm, label, remarks };
  });
  return [
    paint.strong('Limits crossed, each with the flag that raises it for one run'),
    ...renderRows(rows, width),
  ];
}

function summaryLine(report: PolicyReport, { paint, width }: Page): readonly string[] {
  const { verdict, sentence, facts } = summarizePolicy(report);
  const parts = [
    { text: `${verdict}:`, paint: paint.status[report.status] },
    { text: `${sanitizeLine(sentence)}.`, paint: paint.plain },
    { text: `${facts}.`, paint: paint.faint },
  ];
  return wrapPainted(parts, width);
}
