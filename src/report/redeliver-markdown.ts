import { table } from './markdown-table.ts';
import { clip, code, prose } from './markdown-text.ts';
import type { RedeliverReport, RedeliverStatus } from './redeliver-report.ts';
import { AFTERWARDS, eventText, failureText, outcomeText, summaryText, timeText } from './redeliver-words.ts';

const TITLE: { readonly [status in RedeliverStatus]: string } = {
  'in-sync': '✅ nothing lost',
  pending: '📝 lost deliveries found',
  applied: '✅ being delivered again',
  partial: '⚠️ partly done',
};

const MOST = { rows: 500, characters: 50_000 };
const LONGEST_SENTENCE = 1_000;

const sentence = (text: string): string => prose(clip(text, LONGEST_SENTENCE));

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderRedeliverMarkdown(report: RedeliverReport): string {
  const { results, warnings, sinceMs, dryRun, status } = report;
  const sections = [
    `## gh-permit-sync redeliver${dryRun ? ' (dry run)' : ''}: ${TITLE[status]}`,
    `${sentence(summaryText(report))}, since ${code(timeText(sinceMs))}`,
    table({
      heading: '### Lost deliveries',
      columns: ['Time', 'Event', 'Organization', 'Webhook', 'Last attempt', 'Outcome'],
      rows: results.map(({ lost, outcome }) => [
        code(timeText(lost.firstAtMs)),
        code(clip(eventText(lost), LONGEST_SENTENCE)),
        'app' in lost.hook ? `GitHub App ${code(lost.hook.app)}` : code(lost.hook.org),
        `${'app' in lost.hook ? '' : `${lost.hook.id} `}at ${code(clip(lost.hook.place, LONGEST_SENTENCE))}`,
        sentence(failureText(lost)),
        sentence(outcomeText(outcome)),
      ]),
      most: MOST,
    }),
    table({
      heading: '### Warnings',
      columns: ['Code', 'Message'],
      rows: warnings.map((warning) => [code(warning.code), sentence(warning.message)]),
      most: MOST,
    }),
    results.some(({ outcome }) => outcome.kind === 'requested') ? `${AFTERWARDS}.` : '',
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}
