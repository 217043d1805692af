import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { load } from '../config/support.ts';

const recipes = readFileSync(new URL('../../../docs/RECIPES.md', import.meta.url), 'utf8');

/** The YAML blocks, each with the heading it stands under; those in a list without the list's indent. */
const blocks: readonly (readonly [string, string])[] = recipes
  .split(/^(?=#{1,3} )/m)
  .flatMap((section) =>
    [...section.matchAll(/^( *)```yaml\n(.*?)^\1```$/gms)].map(
      ([, indent = '', text = '']): [string, string] => [
        section.split('\n')[0] ?? '',
        text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      ],
    ),
  );

test('the blocks are found', () => {
  expect(blocks.length).toBe(recipes.match(/```yaml$/gm)?.length);
  expect(blocks.length).toBeGreaterThan(15);
});

describe('every block is a config that loads', () => {
  test.each(blocks)('%s', (_, file) => {
    const named = /^github:/m.test(file);
    expect(() => load({ file, env: { GITHUB_ORG: named ? undefined : 'acme' } })).not.toThrow();
  });
});

test('every link within the page leads to a heading', () => {
  const anchors = [...recipes.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...recipes.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter((anchor) => !anchors.includes(anchor ?? ''))).toEqual([]);
});
