import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** ARCHITECTURE.md's table: which folders a folder may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  plan: ['model'],
  http: ['model'],
  github: ['model', 'http'],
  permit: ['model', 'http'],
  sync: ['model', 'plan'],
  queue: ['model'],
  receiver: ['model'],
  drain: ['model', 'plan', 'sync'],
  report: ['model'],
  config: ['model'],
  policy: ['model'],
  verify: ['model'],
  doctor: ['model'],
  redeliver: ['model'],
  init: ['model', 'config'],
  demo: ['model'],
  cli: [
    ...[
      'model',
      'plan',
      'http',
      'github',
      'permit',
      'sync',
      'report',
      'config',
      'policy',
      'verify',
      'doctor',
      'redeliver',
      'init',
      'queue',
      'receiver',
      'drain',
      'run',
    ],
    ...['demo', 'version.ts'],
  ],
  run: ['model', 'config', 'http', 'github', 'permit', 'queue', 'sync', 'drain', 'report', 'version.ts'],
  'index.ts': ['config', 'http', 'model', 'report', 'run'],
  'main.ts': ['cli'],
  'version.ts': [],
};

/** Packages, and the only places that may import them. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  permitio: ['permit/permit-sdk.ts'],
  axios: ['permit/permit-sdk.ts'],
  '@octokit/core': ['github/github-client.ts'],
  '@octokit/auth-app': ['github/github-client.ts'],
  'p-retry': ['http/retry.ts'],
  'p-limit': ['http/pace.ts', 'github/github-client.ts', 'permit/permit-reader.ts', 'sync'],
  chalk: ['report', 'cli'],
  commander: ['cli'],
  'yocto-spinner': ['cli/progress.ts'],
  zod: ['config'],
  yaml: ['config'],
  leven: ['config', 'github/needs/list-teams.ts'],
  ioredis: ['doctor/redis.ts', 'queue/redis.ts'],
  '@octokit/webhooks-methods': ['receiver/signature.ts'],
  'prom-client': ['receiver/metrics.ts'],
  ms: ['config'],
};

type Import = { readonly from: string; readonly to: string };

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** Every import, static or dynamic, of types too: `to` is a file below src, or a package's specifier. */
const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(SRC, from), 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)].map(
    ([, one]) => one ?? '',
  );
  return specifiers.map((to) => ({
    from,
    to: to.startsWith('.') ? relative(SRC, join(SRC, dirname(from), to)) : to,
  }));
});

const isOurs = ({ to }: Import): boolean => to.endsWith('.ts');
const room = (file: string): string => file.split('/')[0] ?? file;
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

test('every file of src is seen, and imports are found in it', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(imports.filter(isOurs).length).toBeGreaterThan(100);
});

test('dependencies point one way, as ARCHITECTURE.md says', () => {
  const wrong = imports
    .filter(isOurs)
    .filter(({ from, to }) => room(from) !== room(to) && !MAY_IMPORT[room(from)]?.includes(room(to)));
  expect(wrong).toEqual([]);
});

test('every folder of src is in the table', () => {
  expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(files.map(room))]));
});

test('no file is longer than 350 lines, and no folder holds more than 25 files', () => {
  const long = files.filter((file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 351);
  const full = [...new Set(files.map(dirname))].filter(
    (folder) => files.filter((file) => dirname(file) === folder).length > 25,
  );
  expect({ long, full }).toEqual({ long: [], full: [] });
});

describe('no circles', () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports.filter(isOurs)) next.set(from, [...(next.get(from) ?? []), to]);

  function circleFrom(start: string): readonly string[] | undefined {
    const stack = [{ file: start, path: [start] }];
    const seen = new Set<string>();
    for (let at = stack.pop(); at; at = stack.pop()) {
      for (const file of next.get(at.file) ?? []) {
        if (file === start) return [...at.path, start];
        if (seen.has(file)) continue;
        seen.add(file);
        stack.push({ file, path: [...at.path, file] });
      }
    }
    return undefined;
  }

  test('no file imports itself, directly or indirectly', () => {
    expect(files.map(circleFrom).filter((circle) => circle !== undefined)).toEqual([]);
  });
});

test('the pure core imports neither Node nor a package', () => {
  const outside = imports.filter((one) => !isOurs(one) && ['plan', 'model'].includes(room(one.from)));
  expect(outside).toEqual([]);
});

test('a package is imported only by its owner', () => {
  const strays = imports
    .filter((one) => !isOurs(one) && !one.to.startsWith('node:'))
    .filter(
      ({ from, to }) => !OWNERS[packageOf(to)]?.some((owner) => from === owner || room(from) === owner),
    );
  expect(strays).toEqual([]);
});

test('the emulators use only Node', () => {
  const outside = imports.filter(
    ({ from, to }) =>
      ['demo/github', 'demo/permit'].includes(dirname(from)) &&
      !to.startsWith('node:') &&
      room(to) !== 'demo',
  );
  expect(outside).toEqual([]);
});

test('the environment is read only in config and cli', () => {
  const readers = files.filter((file) => readFileSync(join(SRC, file), 'utf8').includes('process.env'));
  expect(readers.filter((file) => !['config', 'cli'].includes(room(file)))).toEqual([
    'index.ts',
    'permit/permit-sdk.ts',
  ]);
});
