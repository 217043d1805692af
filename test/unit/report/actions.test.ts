import { describe, expect, test } from 'vitest';
import { renderAnnotations, renderOutputs } from '../../../src/report/actions.ts';
import type { ActionsReport } from '../../../src/report/page.ts';
import { runPage } from '../../../src/report/pages/run.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { FAILED, hostileReport, joiner, leaver, PARTIAL, people, REFUSED, report } from './reports.ts';

const NOTHING: ActionsReport = { errors: [], warnings: [], outputs: {} };
const annotations = (given: RunReport): string => renderAnnotations(runPage(given).actions ?? NOTHING);
const outputs = (given: RunReport): string => renderOutputs(runPage(given).actions ?? NOTHING);

describe('annotations', () => {
  test('nothing to report gives nothing', () => {
    expect(annotations(report([joiner('a')]))).toBe('');
  });

  test('a failed change is an error, a skipped person and a note are warnings', () => {
    expect(annotations(PARTIAL)).toBe(`\
::error title=gh-permit-sync%3A PERMIT_REFUSED::hubot: assign member in default: Permit answered 422
::warning title=gh-permit-sync%3A TEAM_UNREADABLE::the team acme/platform could not be read
::warning title=gh-permit-sync%3A KEY_TAKEN::the user kees is not ours
::warning title=gh-permit-sync%3A KEPT_UNCONFIRMED::ann: kept as they are
`);
  });

  test('a refusal is one error with every override', () => {
    expect(annotations(REFUSED)).toBe(
      '::error title=gh-permit-sync%3A Refused by a limit::' +
        '2 users to delete; 2 limits crossed, nothing was written.' +
        '%0Aremovals: 2 planned, 1 allowed (--allow-removals 2)' +
        '%0Afloors: 0 holders would be left, at least 1 needed (--allow-floor default/admin=0)\n',
    );
  });

  test('an error keeps the lines of its message and its hint', () => {
    expect(annotations(FAILED)).toBe(
      '::error title=gh-permit-sync%3A PERMIT_MISSING_ROLE::' +
        'Permit lacks 2 roles:%0A  deployer%0A  insider%0Acreate them with%0A  gh-permit-sync policy\n',
    );
  });

  test('percent signs and separators are escaped as the runner unescapes them', () => {
    const warnings = [{ code: 'A,B:C', message: '100% of a, b: c%0A' }];
    expect(annotations(report([], { warnings }))).toBe(
      '::warning title=gh-permit-sync%3A A%2CB%3AC::100%25 of a, b: c%250A\n',
    );
  });

  test('of many, ten are written, and the last one counts the rest', () => {
    const warnings = people(30).map(({ user }) => ({ code: 'TEAM_UNREADABLE', message: user }));
    const failing = report(people(20, leaver), {
      status: 'partial',
      warnings,
      outcome: { kind: 'failed', code: 'PERMIT_REFUSED', message: 'no' },
    });
    const lines = annotations(failing).trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('::error '))).toHaveLength(10);
    expect(lines.filter((line) => line.startsWith('::warning '))).toHaveLength(10);
    expect(lines[9]).toContain('::11 more errors; ');
    expect(lines[19]).toContain('::21 more warnings; ');
  });

  test.each(HOSTILE)('%j adds no command', (text) => {
    for (const status of ['partial', 'error', 'refused'] as const) {
      const rendered = annotations({ ...hostileReport(text), status });
      expect(rendered).not.toMatch(INVISIBLE);
      const harmless = annotations({ ...hostileReport('x'), status });
      expect(rendered.split('\n')).toHaveLength(harmless.split('\n').length);
      for (const line of rendered.trimEnd().split('\n')) {
        expect(line).toMatch(/^::(error|warning) title=gh-permit-sync%3A [A-Za-z_ ]+::/);
      }
    }
  });
});

test.each([
  ['in sync', report([]), 'status=in-sync\nchanges=0\nrefused=false\n'],
  ['applied', report([joiner('a')]), 'status=applied\nchanges=2\nrefused=false\n'],
  ['refused', REFUSED, 'status=refused\nchanges=2\nrefused=true\n'],
  ['an error', FAILED, 'status=error\nchanges=0\nrefused=false\n'],
])('outputs of a run that is %s', (_, given, expected) => {
  expect(outputs(given)).toBe(expected);
});
