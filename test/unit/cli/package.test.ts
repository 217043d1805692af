import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');
const manifest = JSON.parse(read('package.json'));

describe('the licences of others', () => {
  test('every package that is in the bundle is named, with its version and a text', async () => {
    const { bundleOptions } = await import(at('scripts/bundle-options.js'));
    const { metafile } = await build({
      ...bundleOptions(manifest.version),
      absWorkingDir: at(''),
      write: false,
      logLevel: 'silent',
      metafile: true,
    });
    const bytes = new Map<string, number>();
    for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1];
        if (name !== undefined) bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
      }
    }
    // A stub in place of a package is ours, and shorter than any package.
    const names = [...bytes.keys()].filter((name) => (bytes.get(name) ?? 0) > 200);
    expect(names.length).toBeGreaterThan(30);
    const chapters = read('dist/THIRD-PARTY-LICENSES.txt').split(`\n${'-'.repeat(80)}\n\n`);
    const missing = names.filter(
      (name) =>
        !chapters.some((text) => new RegExp(`(?:^|\n)${name.replaceAll('.', '\\.')} \\d+\\.\\d+`).test(text)),
    );
    expect(missing).toEqual([]);
    // An MIT licence is a thousand characters; nothing shorter gives any right.
    expect(chapters.filter((text) => text.length < 400)).toEqual([]);
  });
});

describe('what is published', () => {
  test('everything that the README links to is in the package', () => {
    const links = [...read('README.md').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
      ([, to]) => to ?? '',
    );
    expect(links).toContain('docs/RECIPES.md');
    for (const link of links) expect(existsSync(at(link)), link).toBe(true);
    const inPackage = (link: string): boolean =>
      manifest.files.some((one: string) => link === one || link.startsWith(`${one}/`));
    expect(links.filter((link) => !inPackage(link))).toEqual([]);
  });

  test('npm shows where it comes from', () => {
    expect(manifest.repository.url).toMatch(/^git\+https:/);
    expect(manifest.homepage).toMatch(/^https:/);
    expect(manifest.bugs).toMatch(/^https:/);
  });
});
