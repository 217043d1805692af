import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/model/finding.ts';
import { renderJson } from '../../../src/report/json.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { type DoctorReport, doctorPage } from '../../../src/report/pages/doctor.ts';
import { renderText, type TextOptions } from '../../../src/report/text.ts';
import { HOSTILE, INVISIBLE } from '../report/hostile.ts';

const renderDoctorText = (given: DoctorReport, options: TextOptions): string =>
  renderText(doctorPage(given), options);
const renderDoctorJson = (given: DoctorReport): string => renderJson(doctorPage(given));
const renderDoctorMarkdown = (given: DoctorReport): string => renderMarkdown(doctorPage(given));
const report = (findings: readonly Finding[]): DoctorReport => ({
  status: 'failed',
  orgs: ['acme'],
  findings,
  requests: { github: 5, permit: 1 },
  durationMs: 431,
});
const FINDINGS: readonly Finding[] = [
  { id: 'settings.config', area: 'settings', status: 'ok', message: 'fine' },
  { id: 'github.rate-limit', area: 'github', status: 'warning', message: 'few left', hint: 'wait' },
  { id: 'permit.roles', area: 'permit', status: 'failed', message: 'first\nsecond', hint: 'create it' },
];

test('text: a line for each, the fix below, the summary last', () => {
  expect(renderDoctorText(report(FINDINGS), { color: false })).toBe(
    [
      'Settings',
      '  ok       fine',
      '',
      'GitHub',
      '  warning  few left',
      '           fix: wait',
      '',
      'Permit',
      '  failed   first',
      '           second',
      '           fix: create it',
      '',
      'Broken: 1 failed, 1 warning, 1 ok. 5 requests to GitHub and 1 to Permit, 431 ms.',
      '',
    ].join('\n'),
  );
});

test('text: wrapped on a terminal, colored if wanted, and quiet about passed checks', () => {
  const long = [{ ...(FINDINGS[0] as Finding), message: 'word '.repeat(30).trim() }];
  const lines = renderDoctorText(report(long), { color: false, width: 60 }).split('\n');
  expect(Math.max(...lines.slice(0, -2).map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(renderDoctorText(report(FINDINGS), { color: true })).toContain('\u001b[31mfailed\u001b[39m');
  expect(renderDoctorText(report(FINDINGS), { color: false, quiet: true })).not.toContain('fine');
  expect(
    renderDoctorText({ ...report(FINDINGS.slice(0, 1)), status: 'ok' }, { color: false, quiet: true }),
  ).toBe('');
});

test('json', () => {
  expect(JSON.parse(renderDoctorJson(report(FINDINGS)))).toEqual({
    version: 1,
    command: 'doctor',
    status: 'failed',
    orgs: ['acme'],
    summary: { ok: 1, skipped: 0, warning: 1, failed: 1 },
    checks: FINDINGS.map(({ hint, ...rest }) => (hint === undefined ? rest : { ...rest, mend: hint })),
    requests: { github: 5, permit: 1 },
    durationMs: 431,
  });
});

test('markdown: a row for each', () => {
  const rows = renderDoctorMarkdown(report(FINDINGS)).split('\n');
  expect(rows).toContain('| Permit | failed | first second | create it |');
});

describe('text from outside takes no effect', () => {
  test.each(HOSTILE)('%j', (name) => {
    const findings: Finding[] = [
      { id: `x:${name}`, area: 'github', status: 'failed', message: name, hint: name },
    ];
    const text = renderDoctorText(report(findings), { color: false });
    const json = renderDoctorJson(report(findings));
    const markdown = renderDoctorMarkdown(report(findings));
    for (const output of [text, json, markdown]) {
      expect(output).not.toMatch(INVISIBLE);
      expect(output).not.toMatch(/^\s*::|##\[/m);
    }
    expect(markdown).not.toMatch(/\n[^`\n]*<script>/);
  });
});
