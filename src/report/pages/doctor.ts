import type { Area, Condition, Finding, Health } from '../../model/finding.ts';
import { AREAS } from '../../model/finding.ts';
import { defined } from '../../model/text/record.ts';
import { count, quantity } from '../../model/text/text.ts';
import { endFields } from '../json.ts';
import type { Page, Row, Tone } from '../page.ts';
import { type Cost, countKinds } from '../run-report.ts';
import { costOf } from '../words.ts';

export type DoctorReport = Cost & {
  readonly status: Condition;
  readonly orgs: readonly string[];
  /** In the order in which they are shown. */
  readonly findings: readonly Finding[];
};

const TITLE: { readonly [area in Area]: string } = {
  settings: 'Settings',
  mapping: 'What members can do themselves',
  github: 'GitHub',
  webhook: 'Webhook',
  permit: 'Permit',
  pdp: 'PDP',
  redis: 'Redis',
};
const BADGE: { readonly [condition in Condition]: string } = {
  ok: '✅ all well',
  warning: '⚠️ working, with warnings',
  failed: '❌ broken',
};
const VERDICT: { readonly [condition in Condition]: string } = {
  ok: 'All well',
  warning: 'Working',
  failed: 'Broken',
};
const TONE: { readonly [health in Health]: Tone } = {
  ok: 'good',
  skipped: 'faint',
  warning: 'caution',
  failed: 'alarm',
};

/** A row for each finding, with its fix below; `--quiet` leaves out passed checks. */
export function doctorPage(report: DoctorReport): Page {
  const { status, orgs, findings } = report;
  const counts = countKinds(
    Object.keys(TONE) as Health[],
    findings.map((finding) => ({ kind: finding.status })),
  );
  const summary = [
    ...(counts.failed > 0 ? [`${quantity(counts.failed)} failed`] : []),
    ...(counts.warning > 0 ? [count(counts.warning, 'warning')] : []),
    `${quantity(counts.ok)} ok`,
    ...(counts.skipped > 0 ? [`${quantity(counts.skipped)} skipped`] : []),
  ];
  const areas = AREAS.filter((area) => findings.some((finding) => finding.area === area));
  return {
    heading: `gh-permit-sync doctor: ${BADGE[status]}`,
    title: '',
    sections: [
      {
        kind: 'groups',
        title: 'Checks',
        columns: ['Area', 'Status', 'Found', 'Fix'],
        noun: ['check', 'checks'],
        groups: areas.map((area) => ({
          title: [{ text: TITLE[area], strong: true }],
          rows: findings.filter((finding) => finding.area === area).map(rowOf),
        })),
      },
    ],
    summary: {
      verdict: VERDICT[status],
      tone: TONE[status],
      sentence: summary.join(', '),
      facts: costOf(report),
    },
    ...(status === 'ok' ? { isSilent: 'with --quiet' } : {}),
    document: {
      version: 1,
      command: 'doctor',
      status,
      orgs,
      summary: counts,
      checks: findings.map(({ id, area, status: health, message, hint }) =>
        defined({ id, area, status: health, message, mend: hint }),
      ),
      ...endFields(report),
    },
  };
}

const rowOf = ({ status, message, hint = '' }: Finding): Row => ({
  label: status,
  tone: TONE[status],
  remarks: [
    { text: message, isMultiline: true },
    { lead: 'fix: ', text: hint, tone: 'faint', isMultiline: true },
  ],
  ...(status === 'ok' || status === 'skipped' ? { shown: 'without --quiet' } : {}),
});
