import type { Listed } from '../model/queue.ts';
import { table } from './markdown-table.ts';
import { clip, code, prose } from './markdown-text.ts';
import { age, describeDone, eventOf, orgOf, personOf, type QueueReport } from './queue-report.ts';
import { amount, duration, quantity } from './words.ts';

const MOST = { rows: 500, characters: 50_000 };
const LONGEST_REASON = 300;

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderQueueMarkdown(report: QueueReport): string {
  switch (report.kind) {
    case 'status': {
      const { pending, dead, oldestSeconds } = report.status;
      const oldest = oldestSeconds === null ? '–' : duration(oldestSeconds * 1_000);
      return [
        '## gh-permit-sync queue',
        '',
        '| Pending | Dead letters | Oldest |',
        '| --- | --- | --- |',
        `| ${quantity(pending)} | ${quantity(dead)} | ${oldest} |`,
        '',
      ].join('\n');
    }
    case 'list':
      return renderList(report.entries, report.dead);
    case 'retry':
    case 'discard':
      return `${describeDone(report)}\n`;
  }
}

function renderList(entries: readonly Listed[], dead: boolean): string {
  const title = dead
    ? `## gh-permit-sync queue: ${amount(entries.length, 'dead letter')}`
    : `## gh-permit-sync queue: ${amount(entries.length, 'entry', 'entries')}`;
  const rows = entries
    .slice(0, MOST.rows)
    .map((listed) => [
      listed.state,
      code(listed.id),
      age(listed.ageSeconds),
      String(listed.attempts),
      code(orgOf(listed)),
      code(personOf(listed)),
      code(eventOf(listed)),
      prose(clip(listed.reason ?? '', LONGEST_REASON)),
    ]);
  const columns = ['State', 'Id', 'Age', 'Attempts', 'Organization', 'Person', 'Event', 'Reason'];
  const list = table({ heading: '### Entries', columns, rows, total: entries.length, most: MOST });
  return `${[title, list].filter((part) => part !== '').join('\n\n')}\n`;
}
