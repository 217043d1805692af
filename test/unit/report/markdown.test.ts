import { describe, expect, test } from 'vitest';
import { renderMarkdown as renderPage } from '../../../src/report/markdown.ts';
import { runPage } from '../../../src/report/pages/run.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { assign, hostileReport, leaver, PARTIAL, people, person, plan, REFUSED, report } from './reports.ts';

const renderMarkdown = (given: RunReport, options = {}): string => renderPage(runPage(given), options);

/** The markdown without its code, in which nothing takes effect; `\|` is a pipe in a cell, not a border. */
const withoutCode = (markdown: string): string =>
  markdown.replaceAll('\\|', '¦').replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '·');

test.each([
  ['in-sync', report([]), '✅ in sync'],
  ['pending', report(people(1), { dryRun: true, status: 'pending' }), '📝 changes pending'],
  ['applied', report(people(1)), '✅ applied'],
  ['refused', REFUSED, '⛔ refused'],
])('the title says %s', (_, given, title) => {
  expect(renderMarkdown(given).split('\n')[0]).toBe(`## gh-permit-sync: ${title}`);
});

describe('a large report stays within what GitHub takes', () => {
  test('500 rows of changes at most', () => {
    const different = people(5_000, (login) =>
      person(login, 'joining', [assign(`role-of-${login}`, 'a rule')]),
    );
    const markdown = renderMarkdown(report(different));
    expect(markdown.match(/^\| `user-/gm)).toHaveLength(500);
    expect(markdown).toContain('… and 4,500 more people: 4,500 joining; `--output json` has them all.');
    expect(markdown.length).toBeLessThan(60_000);
  });
  test('identical changes of many people once', () => {
    const markdown = renderMarkdown(report([...people(250), leaver('mona')]));
    expect(markdown).toMatch(/^\| 250 people: `user-000000`, .* and 240 more \| \+ create user \|/m);
    expect(markdown).toMatch(/^\| 250 people \| \+ assign `member` in `default` \|/m);
    expect(markdown.match(/^\| `mona` /gm)).toHaveLength(1);
    expect(renderMarkdown(report(people(250)), { full: true }).match(/^\| `user-/gm)).toHaveLength(500);
  });
  test('fewer where they are long', () => {
    const reason = 'github:acme:team:platform:member, '.repeat(50);
    const long = people(500, (login) =>
      person(login, 'joining', [{ kind: 'createUser', mark: {}, reason: reason + login }]),
    );
    const markdown = renderMarkdown(report(long));
    expect(markdown.length).toBeLessThanOrEqual(60_000);
    expect(markdown.length).toBeGreaterThan(58_000);
    const shown = markdown.match(/^\| `user-/gm)?.length ?? 0;
    expect(markdown).toContain(`… and ${500 - shown} more people: ${500 - shown} joining`);
  });
  test.each(['`', '` ', '|', '\\|', '@', '😀', 'x'])('nothing but %j, everywhere and long', (text) => {
    const one = hostileReport(text.repeat(3_000));
    const times = <T>(list: readonly T[]): readonly T[] => Array.from({ length: 500 }, () => list).flat();
    const { people: [somebody] = [], ...rest } = one.plan ?? plan([]);
    const big = report([], {
      ...one,
      orgs: times(one.orgs),
      warnings: times(one.warnings).map((warning, index) => ({
        ...warning,
        message: index + warning.message,
      })),
      verdict: { verdict: 'refused', violations: times(one.verdict.violations) },
      plan: {
        ...rest,
        people: times(somebody === undefined ? [] : [somebody]),
        unmanaged: times(rest.unmanaged),
      },
      results: [],
    });
    const markdown = renderMarkdown(big);
    expect(markdown.length).toBeLessThanOrEqual(60_000);
    expect(markdown).toContain('### Changes');
    expect(Buffer.from(markdown).toString()).toBe(markdown);
  });
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j takes no effect', (text) => {
    const markdown = renderMarkdown(hostileReport(text));
    expect(markdown).not.toMatch(INVISIBLE);
    expect(markdown).not.toContain('##[');
    const bare = withoutCode(markdown)
      .replace(/^<details>\n<summary>|<\/summary>|<\/?code>|^<\/details>$/gm, '')
      .replace(/^#{2,3} /gm, '');
    expect(bare).not.toMatch(/[`<>@#\\[\]]|https?:|www\.|&#|::/);
  });
  test.each(HOSTILE)('%j adds no line and no cell', (text) => {
    const cells = (markdown: string): readonly number[] =>
      withoutCode(markdown)
        .split('\n')
        .map((line) => line.split('|').length);
    expect(cells(renderMarkdown(hostileReport(text)))).toEqual(cells(renderMarkdown(hostileReport('x'))));
  });
});

test('equal reports give equal bytes', () => {
  expect(renderMarkdown(structuredClone(PARTIAL))).toBe(renderMarkdown(PARTIAL));
});
