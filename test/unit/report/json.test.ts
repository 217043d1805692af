import { describe, expect, test } from 'vitest';
import { renderJson as renderPage } from '../../../src/report/json.ts';
import { runPage } from '../../../src/report/pages/run.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { hostileReport, joiner, PARTIAL, plan, report } from './reports.ts';

const renderJson = (given: RunReport): string => renderPage(runPage(given));
const parse = (given: RunReport) => JSON.parse(renderJson(given));

test('outcomes carry their error or their reason', () => {
  const { changes, summary } = parse(PARTIAL);
  expect(summary.failed).toBe(1);
  const ofHubot = changes.filter(({ user }: { readonly user: string }) => user === 'hubot');
  expect(ofHubot[0]).toMatchObject({
    outcome: 'failed',
    error: { code: 'PERMIT_REFUSED', message: 'Permit answered 422' },
  });
  expect(ofHubot[1]).toMatchObject({
    outcome: 'skipped',
    why: 'the role that replaces it could not be assigned',
  });
  expect(changes).toContainEqual(
    expect.objectContaining({
      user: 'github|583231',
      tenant: 'default',
      resource: 'repository:payments-api',
    }),
  );
});

test('warnings are those of the run, then the skipped, then the notes, each once', () => {
  const { warnings, unmanaged } = parse({
    ...PARTIAL,
    warnings: [...PARTIAL.warnings, { code: 'KEPT_UNCONFIRMED', message: 'ann: kept as they are' }],
  });
  expect(warnings).toEqual([
    { code: 'TEAM_UNREADABLE', message: 'the team acme/platform could not be read' },
    { code: 'KEPT_UNCONFIRMED', message: 'ann: kept as they are' },
    { code: 'KEY_TAKEN', message: 'the user kees is not ours' },
  ]);
  expect(unmanaged).toEqual([
    { user: 'svc-ci', role: 'admin', tenant: 'default' },
    { user: 'hubot', role: 'audit', tenant: 'prod', manages: 'prod/audit' },
  ]);
});

test('a skipped person is named even where the message does not', () => {
  const skipped = [
    { id: undefined, user: 'kees', code: 'BAD_MARK', message: 'its mark is not valid' },
  ] as const;
  expect(parse(report([], { plan: plan([], { skipped }) })).warnings).toEqual([
    { code: 'BAD_MARK', message: 'kees: its mark is not valid' },
  ]);
});

test('changes of a run that ended early count as not tried, in a dry run as planned', () => {
  const early = { ...report([joiner('a')]), results: [] };
  expect(parse(early).changes[0]).toMatchObject({ outcome: 'skipped', why: 'not tried' });
  expect(parse({ ...early, dryRun: true }).changes[0]).toMatchObject({ outcome: 'planned' });
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j is kept and does nothing', (text) => {
    const rendered = renderJson(hostileReport(text));
    expect(rendered).not.toMatch(INVISIBLE);
    expect(rendered).not.toContain('##[');
    expect(JSON.parse(rendered)).toMatchObject({
      orgs: [text],
      changes: [{ user: text }, { resource: text }],
    });
  });
});
