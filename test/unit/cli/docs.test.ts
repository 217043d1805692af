import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from '../../support/program.ts';
import { load } from '../config/support.ts';

const PAGES = ['README.md', 'docs/RECIPES.md', 'docs/WEBHOOKS.md'];
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
    for (const page of PAGES) expect(calls.filter((one) => one.page === page).length).toBeGreaterThan(3);
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
