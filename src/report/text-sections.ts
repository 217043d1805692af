import { enumerate } from '../model/text.ts';
import { renderRows, wrap } from './columns.ts';
import { waysOn } from './first-run.ts';
import { INDENT, type Page } from './page.ts';
import type { Paint } from './palette.ts';
import type { RunReport } from './run-report.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { foldAdoptable, otherWarningsOf } from './warnings.ts';
import { amount, describeGrant, describeViolation, quantity } from './words.ts';

/** What a section says of one item: what it is about on the left, what there is to say on the right. */
type Entry = { readonly label: string; readonly remarks: readonly string[] };

const MOST_ROWS = 20;
/** A note's message names this many people itself (`enumerate`). */
const NAMED_BY_NOTES = 10;

/** The people whom the run leaves as they are although something should change. */
export function skippedSection({ plan }: RunReport, page: Page): readonly string[] {
  const skipped = plan?.skipped ?? [];
  const { one, sum } = foldAdoptable(skipped, page.verbose);
  const about = ({ title, sentences }: NonNullable<typeof sum>): Entry => ({
    label: title,
    remarks: sentences,
  });
  const entries = [
    ...(sum?.title === 'KEY_TAKEN' ? [about(sum)] : []),
    ...one.map(({ user, code, message }) => ({ label: user, remarks: [`${message} (${code})`] })),
    ...(sum?.title === 'adoption' ? [about(sum)] : []),
  ];
  const title = `Skipped: ${amount(skipped.length, 'person', 'people')}`;
  return section(title, entries, page, { sign: '!', signPaint: page.paint.caution });
}

export function warningsSection(report: RunReport, page: Page): readonly string[] {
  const notes = (report.plan?.notes ?? []).filter(({ users }) => users.length > NAMED_BY_NOTES);
  const everyone = new Map(
    notes.map(({ message, users }) => [message, `all of them: ${enumerate(users, users.length)}`]),
  );
  const entries = otherWarningsOf(report).map(({ code, message }) => ({
    label: code,
    remarks: [message, (page.verbose && everyone.get(message)) || ''].filter(Boolean),
  }));
  return section('Warnings', entries, page, { sign: '!', signPaint: page.paint.caution });
}

/** Grants that are not ours, with the line of the config that would make them so. */
export function unmanagedSection({ plan }: RunReport, page: Page): readonly string[] {
  const entries = (plan?.unmanaged ?? []).map(({ user, grant, govern }) => ({
    label: `${user}: ${describeGrant(grant)}`,
    remarks: govern === undefined ? [] : [`to govern it, add to manages: ${govern}`],
  }));
  const title = `Left alone: ${amount(entries.length, 'unmanaged grant')}`;
  return section(title, entries, page, { sign: '·', signPaint: page.paint.faint });
}

/** Every limit that the plan crosses, with the flag that allows this plan and no larger one. */
export function limitsSection({ verdict }: RunReport, page: Page): readonly string[] {
  const entries = verdict.violations.map((violation) => ({
    label: describeViolation(violation),
    remarks: [violation.override],
  }));
  const title = 'Limits crossed, each with the flag that raises it for one run';
  return section(title, entries, page, { sign: '✗', signPaint: page.paint.alarm });
}

/** What is to be copied stays on one line, whatever the width. */
export function firstRunSection(report: RunReport, { paint, width }: Page): readonly string[] {
  return waysOn(report).flatMap(({ text, copy }) => [
    ...wrap(text, width),
    ...(copy === undefined ? [] : [INDENT.repeat(2) + paint.strong(sanitizeLine(copy))]),
  ]);
}

/** A heading and a row for each entry, or nothing at all. */
function section(
  title: string,
  entries: readonly Entry[],
  { paint, verbose, width }: Page,
  bullet: { readonly sign: string; readonly signPaint: Paint },
): readonly string[] {
  if (entries.length === 0) return [];
  const shown = verbose ? entries : entries.slice(0, MOST_ROWS);
  const rows = shown.map(({ label, remarks }) => ({
    indent: INDENT,
    ...bullet,
    label: sanitizeLine(label),
    remarks: remarks.map((text) => ({ text: sanitizeLine(text), paint: paint.plain })),
  }));
  const rest = entries.length - shown.length;
  const more = rest === 0 ? [] : [INDENT + paint.faint(`… and ${quantity(rest)} more`)];
  return [paint.strong(title), ...renderRows(rows, width), ...more];
}
