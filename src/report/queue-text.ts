import type { Listed } from '../model/queue.ts';
import { type Paint, type Palette, palette } from './palette.ts';
import { age, describeDone, eventOf, orgOf, personOf, type QueueReport } from './queue-report.ts';
import { sanitizeLine } from './sanitize-line.ts';
import { amount, duration } from './words.ts';

export type QueueTextOptions = { readonly color: boolean; readonly quiet: boolean };

/** A line, or a table that other programs can cut: nothing in it is wrapped. */
export function renderQueueText(report: QueueReport, { color, quiet }: QueueTextOptions): string {
  const paint = palette(color);
  switch (report.kind) {
    case 'status': {
      const { pending, dead, oldestSeconds } = report.status;
      if (quiet && pending === 0 && dead === 0) return '';
      const oldest =
        oldestSeconds === null
          ? ''
          : `, the oldest for ${oldestSeconds < 1 ? 'less than a second' : duration(oldestSeconds * 1_000)}`;
      const letters = amount(dead, 'dead letter');
      const waiting = `${amount(pending, 'entry', 'entries')} pending${oldest}`;
      return `${waiting}; ${dead > 0 ? paint.alarm(letters) : letters}\n`;
    }
    case 'list':
      return renderList(report.entries, report.dead, quiet, paint);
    case 'retry':
    case 'discard':
      return quiet && report.done === 0 ? '' : `${describeDone(report)}\n`;
  }
}

const COLUMNS = ['STATE', 'ID', 'AGE', 'ATTEMPTS', 'ORG', 'PERSON', 'EVENT', 'REASON'];

function renderList(entries: readonly Listed[], dead: boolean, quiet: boolean, paint: Palette): string {
  if (entries.length === 0) return quiet ? '' : `${dead ? 'No dead letter' : 'The queue is empty'}.\n`;
  const rows = entries.map(cellsOf);
  const widths = COLUMNS.map((column, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), column.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = rows.map((row, i) => paintOf(entries[i]?.state, paint)(line(row)));
  return `${[paint.faint(line(COLUMNS)), ...lines].join('\n')}\n`;
}

const cellsOf = (listed: Listed): readonly string[] =>
  [
    listed.state,
    listed.id,
    age(listed.ageSeconds),
    String(listed.attempts),
    orgOf(listed),
    personOf(listed),
    eventOf(listed),
    listed.reason ?? '',
  ].map(sanitizeLine);

function paintOf(state: Listed['state'] | undefined, paint: Palette): Paint {
  switch (state) {
    case 'dead':
      return paint.alarm;
    case 'failed':
      return paint.caution;
    case 'taken':
    case 'waiting':
    case undefined:
      return paint.plain;
  }
}
