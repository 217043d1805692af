import type { Condition, Health } from '../model/finding.ts';
import { countHealth, type DoctorReport } from './doctor-report.ts';
import { table } from './markdown-table.ts';
import { clip, prose } from './markdown-text.ts';
import { amount, quantity } from './words.ts';

const TITLE: { readonly [condition in Condition]: string } = {
  ok: '✅ all well',
  warning: '⚠️ working, with warnings',
  failed: '❌ broken',
};
const MARK: { readonly [health in Health]: string } = {
  ok: '✅ ok',
  skipped: '➖ skipped',
  warning: '⚠️ warning',
  failed: '❌ failed',
};

const MOST = { rows: 500, characters: 50_000 };
const LONGEST_SENTENCE = 1_000;

const sentence = (text: string): string => prose(clip(text, LONGEST_SENTENCE));

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderDoctorMarkdown({ status, findings }: DoctorReport): string {
  const { ok, skipped, warning, failed } = countHealth(findings);
  return `${[
    `## gh-permit-sync doctor: ${TITLE[status]}`,
    `${quantity(failed)} failed, ${amount(warning, 'warning')}, ${quantity(ok)} ok, ${quantity(skipped)} skipped`,
    table({
      heading: '### Checks',
      columns: ['Status', 'Area', 'Found', 'Mend'],
      rows: findings.map((finding) => [
        MARK[finding.status],
        finding.area,
        sentence(finding.message),
        sentence(finding.mend ?? ''),
      ]),
      most: MOST,
    }),
  ].join('\n\n')}\n`;
}
