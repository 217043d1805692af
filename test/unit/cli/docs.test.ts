import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderWorkflowFile } from '../../../src/init/workflow-file.ts';
import { run } from '../../support/program.ts';
import { load } from '../config/support.ts';

const PAGES = ['README.md', 'docs/RECIPES.md', 'docs/WEBHOOKS.md', 'docs/CODES.md'];
const read = (page: string): string => readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');

const blocksOf = (page: string, language: string): readonly string[] =>
  [...read(page).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].flatMap(([, indent = '', kind, text = '']) =>
    kind === language ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );

/** The words of every call of the program that stands in a block. */
const calls = PAGES.flatMap((page) =>
  [...blocksOf(page, 'sh'), ...blocksOf(page, 'yaml')].flatMap((block) =>
    [
      ...block.matchAll(
        /(?:npx (?:--yes )?|^|&& |\$ |run: )"?gh-permit-sync(?:@[^" ]+)?"? ([a-z][^#|>&\n]*)/gm,
      ),
    ].map(([, words = '']) => ({ page, words: words.trim().split(/\s+/) })),
  ),
);

describe('every command in the documentation is one, with flags that it has', () => {
  test('they are found', () => {
    for (const page of PAGES.slice(0, 3))
      expect(calls.filter((one) => one.page === page).length).toBeGreaterThan(3);
  });

  const distinct = new Map(calls.map((one) => [one.words.join(' '), one]));
  test.each([...distinct])('%s', async (_, { words }) => {
    const [command = '', ...rest] = words;
    const path = command === 'queue' ? [command, rest[0] ?? ''] : [command];
    const { code, stdout } = await run([...path, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`gh-permit-sync ${path.join(' ')}`);
    for (const flag of rest.filter((word) => word.startsWith('-'))) {
      expect(stdout).toMatch(new RegExp(`^ +(?:-\\w, )?${flag.replace(/=.*/, '')}\\b|^ +${flag},`, 'm'));
    }
  });
});

describe('every config in the README loads', () => {
  const configs = blocksOf('README.md', 'yaml').filter((block) => !/^(?:jobs|on):/m.test(block));
  test('they are found', () => expect(configs.length).toBeGreaterThan(1));
  test.each(configs)('%s', (file) => {
    expect(() => load({ file, env: { GITHUB_ORG: undefined } })).not.toThrow();
  });
});

test('docs/CODES.md explains every code that a report can carry, and no code twice', () => {
  const source = readFileSync(new URL('../../../src/model/errors.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(25);
  const rows = [...read('docs/CODES.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code = '']) => code);
  // Of one person, and of a whole run.
  const twice = 'PERMIT_UNAVAILABLE';
  expect(codes.filter((code) => !rows.includes(code))).toEqual([]);
  expect(rows.filter((code, at) => rows.indexOf(code) !== at && code !== twice)).toEqual([]);
});

test.each([
  ['the workflow that init writes', () => renderWorkflowFile(['acme'], '0.1.0')],
  ['README.md', () => read('README.md')],
  ['docs/WEBHOOKS.md', () => read('docs/WEBHOOKS.md')],
])('registry-ui#259: %s says when GitHub disables the schedule, and what to do', (_, text) => {
  const words = text()
    .replaceAll(/\s+(?:# )?/g, ' ')
    .replaceAll('*', '');
  expect(words).toMatch(/60 days without activity in a public repository/);
  expect(words).toMatch(/last person who changed (?:its|the) `?cron`? line leaves the organization/);
  expect(words).toMatch(/Actions tab/);
});

test.each(PAGES)('every link within %s leads to a heading', (page) => {
  const anchors = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...read(page).matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor ?? '');
  expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
});
