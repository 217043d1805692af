import { describe, expect, test } from 'vitest';
import { runPage } from '../../../src/report/pages/run.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { renderText as renderPage, type TextOptions } from '../../../src/report/text.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { assign, hostileReport, joiner, leaver, PARTIAL, people, person, plan, report } from './reports.ts';

const PLAIN = { color: false } as const;
const renderText = (given: RunReport, options: TextOptions): string => renderPage(runPage(given), options);
const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

describe('the last line gives the result of the run', () => {
  const planned = { dryRun: true, outcome: { kind: 'planned' } } as const;
  const facts = '412 members, 6 requests to GitHub and 4 to Permit, 431 ms.';
  const skipped = [{ id: undefined, user: 'a', code: 'KEY_TAKEN', message: 'a is taken' }] as const;
  const changed = [joiner('a'), joiner('b'), leaver('c')];
  test.each([
    [
      'in sync',
      report([]),
      'In sync: 412 members, nothing to change. 6 requests to GitHub and 4 to Permit, 431 ms.',
    ],
    [
      'a dry run',
      report(changed, { ...planned, status: 'pending' }),
      `Plan: 2 users to create, 1 to delete, 2 roles to assign (dry run, nothing was written). ${facts}`,
    ],
    ['applied', report(changed), `Applied: 2 users created, 1 deleted, 2 roles assigned. ${facts}`],
    [
      'a dry run that would be partial',
      report([], { ...planned, status: 'partial', plan: plan([leaver('a')], { skipped }) }),
      `Partial plan: 1 user to delete (dry run, nothing was written); 1 person skipped. ${facts}`,
    ],
    [
      'partial without changes',
      report([], { status: 'partial' }),
      `Partly in sync: nothing to change; see the warnings. ${facts}`,
    ],
    [
      'partial without anything applied',
      report([leaver('a')], { status: 'partial', outcome: { kind: 'skipped', why: 'interrupted' } }),
      `Partly applied: nothing; 1 change skipped. ${facts}`,
    ],
    [
      'large numbers',
      report([], {
        plan: plan([], { members: 100_000 }),
        requests: { github: 1_002, permit: 0 },
        durationMs: 3_725_000,
      }),
      'In sync: 100,000 members, nothing to change. 1,002 requests to GitHub and 0 to Permit, 1 h 2 min.',
    ],
  ])('%s', (_, given, expected) => {
    expect(lastLine(renderText(given, PLAIN))).toBe(expected);
  });
});

test('many people without an identity are one row, and each of them with --full', () => {
  const users = Array.from({ length: 2000 }, (_, index) => `dev-${String(index).padStart(4, '0')}`);
  const skipped = users.map((user) => ({
    id: undefined,
    user,
    code: 'NO_IDENTITY' as const,
    message: `${user} is not synced: GitHub shows no SAML NameID`,
  }));
  const given = report([], { status: 'partial', plan: plan([], { skipped }) });
  const text = renderText(given, PLAIN);
  expect(text).toMatch(/! NO_IDENTITY {2}2,000 members not synced: no identity is clearly theirs;/);
  expect(text).toContain('gh-permit-sync explain LOGIN shows why');
  expect(text.split('\n').length).toBeLessThan(20);
  expect(renderText(given, { ...PLAIN, full: true })).toContain('dev-1999 is not synced');
});

describe('a dry run', () => {
  const text = renderText(
    report([joiner('a')], { dryRun: true, status: 'pending', orgs: ['acme', 'labs'] }),
    PLAIN,
  );
  test('says so in its first line', () => {
    expect(text.split('\n')[0]).toBe('Reconcile acme and labs with Permit (dry run)');
  });
});

/** Joins with a unique role, so that nobody else has the same changes. */
const different = (login: string) => person(login, 'joining', [assign(`role-of-${login}`, 'a rule')]);

describe('large plans', () => {
  const many = report(people(5_000, different));
  test('show the first hundred people and say how many more there are', () => {
    const text = renderText(many, PLAIN);
    expect(text.match(/ {2}joining$/gm)).toHaveLength(100);
    expect(text).toContain('… and 4,900 more people: 4,900 joining (--full shows all)');
  });
  test('show everyone with --full', () => {
    expect(renderText(many, { ...PLAIN, full: true }).match(/ {2}joining$/gm)).toHaveLength(5_000);
  });
  test('show those who lose something before those who gain', () => {
    const text = renderText(report([...people(200, different), leaver('zoe')]), PLAIN);
    expect(text).toContain('- zoe  leaving');
    expect(text.indexOf('zoe')).toBeLessThan(text.indexOf('user-000098'));
    expect(text).toContain('… and 101 more people: 101 joining');
  });
  test('show identical changes of many people once', () => {
    const given = report([...people(250), different('zoe'), leaver('mona')]);
    const text = renderText(given, PLAIN);
    expect(text).toMatch(/^ {2}\+ 250 people {2}joining {2,}user-000000, .*user-000009 and 240 more\n/m);
    expect(text.match(/\+ create user/g)).toHaveLength(1);
    expect(text).toContain('+ zoe  joining');
    expect(text).toContain('- mona  leaving');
    expect(renderText(given, { ...PLAIN, full: true }).match(/\+ create user/g)).toHaveLength(250);
  });
  test('keep a person apart whose change failed', () => {
    const given = report(people(6));
    const failed = { kind: 'failed', code: 'PERMIT_REFUSED', message: 'no' } as const;
    const results = given.results.map((one, index) => (index === 0 ? { ...one, outcome: failed } : one));
    const text = renderText({ ...given, status: 'partial', results }, PLAIN);
    expect(text).toContain('+ user-000000  joining');
    expect(text).toMatch(/\+ 5 people {2}joining {2,}user-000001, .*user-000005\n/);
  });
  test('show twenty rows of every other section', () => {
    const unmanaged = people(50).map(({ user }) => ({ user, grant: { tenant: 't', role: user } }));
    const text = renderText(report([], { plan: plan([], { unmanaged }) }), PLAIN);
    expect(text).toContain('Unmanaged: 50 grants, left alone');
    expect(text.match(/^ {2}· /gm)).toHaveLength(20);
    expect(text).toContain('… and 30 more');
  });
  test('show an unmanaged grant of many users once, and each of them with --full', () => {
    const grant = { tenant: 't', role: 'r' };
    const shared = people(50).map(({ user }) => ({ user, grant, govern: 't/r' }));
    const unmanaged = [
      ...shared,
      ...people(4).map(({ user }) => ({ user, grant: { ...grant, role: 'few' } })),
    ];
    const given = report([], { plan: plan([], { unmanaged }) });
    const text = renderText(given, PLAIN);
    expect(text).toMatch(
      /· 50 users: r in t {2,}to manage it, add to manages: t\/r\n {10,}user-000000, .* and 40 more\n/,
    );
    expect(text.match(/^ {2}· /gm)).toHaveLength(1 + 4);
    expect(renderText(given, { ...PLAIN, full: true }).match(/^ {2}· /gm)).toHaveLength(1 + 50 + 4);
  });
  test('name everyone a note is about with --full', () => {
    const users = people(12).map(({ user }) => user);
    const notes = [{ code: 'KEPT_OUT_OF_SCOPE', users, message: 'user-000000 and 11 more: kept' }] as const;
    const given = report([], { plan: plan([], { notes }) });
    expect(renderText(given, PLAIN)).not.toContain('user-000011');
    expect(renderText(given, { ...PLAIN, full: true })).toContain('all of them: user-000000, user-000001');
  });
});

describe('on a terminal', () => {
  test('lines are wrapped between words, under the reason', () => {
    const text = renderText(PARTIAL, { ...PLAIN, width: 80 });
    const wide = text.split('\n').filter((line) => line.length > 80 && !line.startsWith('Partly'));
    expect(wide).toEqual([]);
    expect(text).toContain('      + assign owner on repository:payments-api in default\n      ');
  });
  test('the words are the same with and without color', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colors
    const uncolored = (text: string): string => text.replace(/\u001b\[\d+m/g, '');
    const colored = renderText(PARTIAL, { color: true, width: 100 });
    expect(colored).toContain('\u001b[32m+\u001b[39m');
    expect(uncolored(colored)).toBe(renderText(PARTIAL, { ...PLAIN, width: 100 }));
  });
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j does nothing', (text) => {
    for (const width of [undefined, 60]) {
      const rendered = renderText(hostileReport(text), { ...PLAIN, width, full: true });
      expect(rendered).not.toMatch(INVISIBLE);
      expect(rendered).not.toContain('##[');
      expect(rendered).not.toMatch(/^\s*::/m);
    }
  });
  test('adds no line', () => {
    const lines = (text: string): number => renderText(hostileReport(text), PLAIN).split('\n').length;
    for (const text of HOSTILE) expect(lines(text)).toBe(lines('x'));
  });
});

test('equal reports give equal bytes', () => {
  expect(renderText(structuredClone(PARTIAL), PLAIN)).toBe(renderText(PARTIAL, PLAIN));
});
