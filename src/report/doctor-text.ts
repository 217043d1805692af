import type { Area, Condition, Finding, Health } from '../model/finding.ts';
import { wrap, wrapPainted } from './columns.ts';
import { countHealth, type DoctorReport } from './doctor-report.ts';
import { INDENT, type Page, type TextOptions } from './page.ts';
import { type Paint, type Palette, palette } from './palette.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { amount, duration, quantity } from './words.ts';

const TITLE: { readonly [area in Area]: string } = {
  settings: 'Settings',
  mapping: 'What members can do to themselves',
  github: 'GitHub',
  webhook: 'Webhook',
  permit: 'Permit',
  pdp: 'PDP',
  redis: 'Redis',
};

/** The widest word of a status, and the gap behind it. */
const STATUS_WIDTH = 'warning'.length + 2;

/** Line by line what was found, each with its mend; the summary last. */
export function renderDoctorText(
  report: DoctorReport,
  options: TextOptions & { readonly quiet?: boolean },
): string {
  const page = { ...options, paint: palette(options.color) };
  const shown = options.quiet
    ? report.findings.filter(({ status }) => status === 'warning' || status === 'failed')
    : report.findings;
  if (options.quiet && shown.length === 0) return '';
  const areas = [...new Set(shown.map(({ area }) => area))];
  const sections = areas.map((area) => [
    page.paint.strong(TITLE[area]),
    ...shown.filter((finding) => finding.area === area).flatMap((finding) => findingLines(finding, page)),
  ]);
  return [...sections, summaryLine(report, page)].map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function findingLines({ status, message, mend }: Finding, page: Page): readonly string[] {
  const column = INDENT.length + STATUS_WIDTH;
  const room = page.width === undefined ? undefined : page.width - column;
  const [first = '', ...more] = textLines(message, room);
  const mends = mend === undefined ? [] : textLines(`mend: ${mend}`, room);
  const below = ' '.repeat(column);
  return [
    `${INDENT}${paintOf(status, page.paint)(status)}${' '.repeat(STATUS_WIDTH - status.length)}${first}`,
    ...more.map((line) => below + line),
    ...mends.map((line) => below + page.paint.faint(line)),
  ];
}

/** A message of several lines (a config with several flaws) keeps them. */
const textLines = (text: string, room: number | undefined): readonly string[] =>
  text
    .trimEnd()
    .split(/\r?\n/)
    .flatMap((line) => wrap(sanitizeLine(line), room));

function paintOf(status: Health, paint: Palette): Paint {
  switch (status) {
    case 'ok':
      return paint.sign['+'];
    case 'skipped':
      return paint.faint;
    case 'warning':
      return paint.caution;
    case 'failed':
      return paint.alarm;
  }
}

const VERDICT: { readonly [condition in Condition]: string } = {
  ok: 'All well',
  warning: 'Working',
  failed: 'Broken',
};

function summaryLine(
  { status, findings, requests, durationMs }: DoctorReport,
  { paint, width }: Page,
): readonly string[] {
  const { ok, skipped, warning, failed } = countHealth(findings);
  const counts = [
    ...(failed > 0 ? [`${quantity(failed)} failed`] : []),
    ...(warning > 0 ? [amount(warning, 'warning')] : []),
    `${quantity(ok)} ok`,
    ...(skipped > 0 ? [`${quantity(skipped)} skipped`] : []),
  ].join(', ');
  const cost = `${amount(requests.github, 'request')} to GitHub and ${quantity(requests.permit)} to Permit, ${duration(durationMs)}`;
  const parts = [
    { text: `${VERDICT[status]}:`, paint: (text: string) => paint.strong(paintOf(status, paint)(text)) },
    { text: `${counts}.`, paint: paint.plain },
    { text: `${cost}.`, paint: paint.faint },
  ];
  return wrapPainted(parts, width);
}
