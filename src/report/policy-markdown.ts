import { table } from './markdown-table.ts';
import { clip, code, codeBlock, prose } from './markdown-text.ts';
import type { PolicyReport } from './policy-report.ts';
import {
  describePolicyChange,
  describePolicyViolation,
  remarkOnPolicy,
  SIGN_OF_POLICY_KIND,
  subjectOf,
  summarizePolicy,
} from './policy-words.ts';
import type { Status } from './run-report.ts';

/** GitHub takes 65,536 characters of a comment; the shares of all parts together hold that with room to spare. */
const CHANGES = { rows: 500, characters: 40_000 };
const WARNINGS = { rows: 20, characters: 8_000 };
const LIMITS = { rows: 20, characters: 4_000 };
const LONGEST_NAME = 120;
const LONGEST_SENTENCE = 300;
const LONGEST_ERROR = 4_000;

const TITLE: { readonly [status in Status]: string } = {
  'in-sync': '✅ in sync',
  pending: '📝 changes pending',
  applied: '✅ applied',
  partial: '⚠️ partly done',
  refused: '⛔ refused',
  error: '❌ error',
};

const name = (text: string): string => code(clip(text, LONGEST_NAME));
const sentence = (text: string): string => prose(clip(text, LONGEST_SENTENCE));

/** For a job summary or a comment. Nothing from outside takes effect as markdown, HTML, mention or link. */
export function renderPolicyMarkdown(report: PolicyReport): string {
  const { verdict, sentence: outcome, facts } = summarizePolicy(report);
  const parts = [
    `## gh-permit-sync policy: ${TITLE[report.status]}`,
    `**${verdict}:** ${sentence(outcome)}.`,
    [report.dryRun ? 'dry run' : '', facts].filter(Boolean).join(' · '),
    errorBlock(report),
    table({
      heading: '### Limits crossed, nothing was written',
      columns: ['Limit', 'Raise it for one run'],
      rows: report.verdict.violations.map((one) => [describePolicyViolation(one), name(one.override)]),
      most: LIMITS,
    }),
    table({
      heading: '### Changes',
      columns: ['On', 'Change', 'Outcome'],
      rows: report.results.map((result) => [
        subjectOf(result.change, name),
        `${SIGN_OF_POLICY_KIND[result.change.kind]} ${describePolicyChange(result.change, name)}`,
        outcomeCell(result, report),
      ]),
      most: CHANGES,
    }),
    table({
      heading: '### Warnings',
      columns: ['Code', 'Message'],
      rows: report.warnings.map((warning) => [name(warning.code), sentence(warning.message)]),
      most: WARNINGS,
    }),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function errorBlock({ error }: PolicyReport): string {
  if (error === undefined) return '';
  const text = [error.message.trimEnd(), error.hint.trimEnd()].join('\n\n');
  return `### Error ${name(error.code)}\n\n${codeBlock(clip(text, LONGEST_ERROR))}`;
}

function outcomeCell(result: PolicyReport['results'][number], report: PolicyReport): string {
  const remark = remarkOnPolicy(result, report);
  if (remark === undefined) return result.outcome.kind;
  return result.outcome.kind === 'failed' ? `❌ ${sentence(remark)}` : sentence(remark);
}
