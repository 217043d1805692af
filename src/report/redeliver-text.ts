import { isSameHook, type RedeliveryOutcome, type RedeliveryResult } from '../model/redelivery.ts';
import { type Row, renderRows, wrap } from './columns.ts';
import { INDENT, type Page, type TextOptions } from './page.ts';
import { type Paint, type Palette, palette } from './palette.ts';
import type { RedeliverReport } from './redeliver-report.ts';
import { AFTERWARDS, eventText, failureText, outcomeText, summaryText, timeText } from './redeliver-words.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { amount, duration } from './words.ts';

/** A line for each lost delivery below its webhook, the oldest first; the warnings; the summary last. */
export function renderRedeliverText(
  report: RedeliverReport,
  options: TextOptions & { readonly quiet?: boolean },
): string {
  const silent = report.results.length === 0 && report.warnings.length === 0;
  if (options.quiet && silent) return '';
  const page = { ...options, paint: palette(options.color) };
  const title = page.paint.strong('Lost deliveries') + (report.dryRun ? page.paint.faint(' (dry run)') : '');
  const sections = [
    [`${title}${page.paint.faint(` since ${timeText(report.sinceMs)}`)}`],
    ...report.hooks.map((hook) => hookSection(hook, report.results, page)),
    warningLines(report, page),
    summaryLines(report, page),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function hookSection(
  hook: RedeliverReport['hooks'][number],
  results: readonly RedeliveryResult[],
  page: Page,
): readonly string[] {
  const own = results.filter(({ lost }) => isSameHook(lost.hook, hook));
  const head = `${sanitizeLine('app' in hook ? `GitHub App ${hook.app}` : `${hook.org}, webhook ${hook.id}`)} ${page.paint.faint(`at ${sanitizeLine(hook.place)}`)}`;
  if (own.length === 0) return [`${head}: nothing lost`];
  return [
    head,
    ...renderRows(
      own.map((result) => rowOf(result, page)),
      page.width,
    ),
  ];
}

const SIGN = { planned: '~', requested: '+', failed: '!', skipped: '-' } as const;

function rowOf({ lost, outcome }: RedeliveryResult, { paint }: Page): Row {
  return {
    indent: INDENT,
    sign: SIGN[outcome.kind],
    signPaint: paintOf(outcome, paint),
    label: sanitizeLine(`${timeText(lost.firstAtMs)}  ${eventText(lost)}`),
    remarks: [
      { text: sanitizeLine(`${failureText(lost)}; ${outcomeText(outcome)}`), paint: paintOf(outcome, paint) },
    ],
  };
}

function paintOf({ kind }: RedeliveryOutcome, paint: Palette): Paint {
  switch (kind) {
    case 'planned':
      return paint.sign['~'];
    case 'requested':
      return paint.sign['+'];
    case 'failed':
      return paint.alarm;
    case 'skipped':
      return paint.caution;
    default:
      return kind satisfies never;
  }
}

const warningLines = ({ warnings }: RedeliverReport, { paint, width }: Page): readonly string[] =>
  warnings.flatMap(({ code, message }) =>
    wrap(sanitizeLine(`warning: ${message} (${code})`), width).map((line) => paint.caution(line)),
  );

function summaryLines(report: RedeliverReport, { paint }: Page): readonly string[] {
  const { requests, durationMs, status, results } = report;
  const text = summaryText(report);
  const cost = paint.faint(`${amount(requests.github, 'request')} to GitHub, ${duration(durationMs)}.`);
  const began = results.some(({ outcome }) => outcome.kind === 'requested');
  return [
    `${paint.status[status](`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)} ${cost}`,
    ...(began ? [paint.faint(`${AFTERWARDS}.`)] : []),
  ];
}
