import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DEMO_ORG, DEMO_TOKEN, demoWorlds } from '../../../src/demo/demo-worlds.ts';
import { startGitHubEmulator } from '../../../src/demo/github/github.ts';
import { ENVIRONMENT_KEY, startPermitEmulator } from '../../../src/demo/permit/permit.ts';
import { renderWorkflowFile } from '../../../src/init/workflow-file.ts';
import {
  blocksOf,
  callsIn,
  declares,
  filesIn,
  helpOf,
  inlineCodeOf,
  PAGES,
  read,
  unknownIn,
} from '../../support/documents.ts';
import { runInThisProcess } from '../../support/in-process.ts';
import { load } from '../config/support.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('every command in the documentation exists, with its flags', () => {
  const calls = PAGES.flatMap((page) =>
    [...blocksOf(page, 'sh'), ...blocksOf(page, 'yaml'), ...inlineCodeOf(page)].flatMap(callsIn),
  );

  test('in code blocks and in sentences', async () => {
    expect(calls.length).toBeGreaterThan(50);
    const unknown = await Promise.all(
      calls.map(async (call) => ({ call: call.join(' '), unknown: await unknownIn(call) })),
    );
    expect(unknown.filter((one) => one.unknown.length > 0)).toEqual([]);
  });

  test('a flag on its own belongs to some command', async () => {
    const commands = [...(await programHelp()).matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
    expect(commands).toContain('reconcile');
    const helps = await Promise.all(
      [
        [],
        ...commands.map((name) => [name]),
        ['queue', 'list'],
        ['queue', 'retry'],
        ['queue', 'discard'],
      ].map(helpOf),
    );
    // Flags of other programs are only named in the pages for contributors.
    const pages = PAGES.filter((page) => page === 'README.md' || page.startsWith('docs/'));
    const flags = pages.flatMap(inlineCodeOf).flatMap((code) => /^--[a-z-]+[a-z]/.exec(code) ?? []);
    expect(flags.length).toBeGreaterThan(20);
    expect(flags.filter((flag) => !helps.some((help) => help && declares(help, flag)))).toEqual([]);
  });

  const programHelp = async (): Promise<string> => (await helpOf([])) ?? '';
});

const asApp = () => ({
  GH_TOKEN: undefined,
  GITHUB_APP_ID: '77',
  GITHUB_APP_PRIVATE_KEY: generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey,
});

describe('every config in the documentation loads', () => {
  const configs = PAGES.flatMap((page) => blocksOf(page, 'yaml').map((file) => ({ page, file }))).filter(
    ({ file }) => !/^(?:jobs|on|steps|services):/m.test(file),
  );
  test('they are found', () => expect(configs.length).toBeGreaterThan(20));
  test.each(configs)('$page: $file', ({ file }) => {
    const env = {
      GITHUB_ORG: /^github:[\s\S]*\borgs:/m.test(file) ? undefined : 'acme',
      ...(/orgs: installed/.test(file) ? asApp() : {}),
    };
    const files = { '/w/people.csv': 'github,key\noctocat,octo@example.com\n' };
    expect(() => load({ file, files, env })).not.toThrow();
  });
});

test('the README shows what the demo really prints', async () => {
  const worlds = demoWorlds();
  const [github, permit] = await Promise.all([
    startGitHubEmulator(worlds.github),
    startPermitEmulator(worlds.permit),
  ]);
  try {
    const env = {
      GITHUB_API_URL: github.url,
      GH_TOKEN: DEMO_TOKEN,
      PERMIT_API_URL: permit.url,
      PERMIT_API_KEY: ENVIRONMENT_KEY,
    };
    const { stdout } = await runInThisProcess(['reconcile', '--org', DEMO_ORG, '--dry-run'], { env });
    const [, block = ''] = /^```\n(\$ gh-permit-sync reconcile .*?)^```$/ms.exec(read('README.md')) ?? [];
    // How long it took differs from run to run.
    const linesOf = (text: string) => text.replaceAll(/\b[\d.]+ m?s\./g, '…').split('\n');
    const shown = linesOf(block).filter((line) => !/^(?:\$ .*|\s*…?)$/.test(line));
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter((line) => !linesOf(stdout).includes(line))).toEqual([]);
  } finally {
    await Promise.all([github.close(), permit.close()]);
  }
});

test('the README fits on a few screens', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(200);
});

test('docs/CODES.md explains every code that a report can carry, and no code twice', () => {
  const declared = [...read('src/model/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)];
  const reported = filesIn('src', /^(?!src\/demo).*\.ts$/).flatMap((file) => [
    ...read(file).matchAll(/\bcode: '([A-Z]+(?:_[A-Z]+)+)'/g),
  ]);
  const codes = [...declared, ...reported].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(25);
  const rows = [...read('docs/CODES.md').matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)].flatMap(
    ([, cell = '']) => [...cell.matchAll(/[A-Z_]+/g)].map(([code]) => code),
  );
  // One person's error, and a whole run's.
  const twice = ['PERMIT_UNAVAILABLE', 'NO_IDENTITY'];
  expect(codes.filter((code) => !rows.includes(code))).toEqual([]);
  expect(rows.filter((code, at) => rows.indexOf(code) !== at && !twice.includes(code))).toEqual([]);
});

test.each([
  ['the workflow that init writes', () => renderWorkflowFile(['acme'], { kind: 'npm' }, '0.1.0')],
  ['README.md', () => read('README.md')],
  ['docs/WEBHOOKS.md', () => read('docs/WEBHOOKS.md')],
  ['docs/OPERATING.md', () => read('docs/OPERATING.md')],
])('registry-ui#259: %s says when GitHub disables the schedule, and what to do', (_, text) => {
  const words = text()
    .replaceAll(/\s+(?:# )?/g, ' ')
    .replaceAll('*', '');
  expect(words).toMatch(/60 days without activity in a public repository/);
  expect(words).toMatch(/last person who changed (?:its|the) `?cron`? line leaves the organization/);
  expect(words).toMatch(/Actions tab/);
});

describe('every link leads somewhere', () => {
  const anchorsOf = (page: string): readonly string[] =>
    [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  const OURS = 'https://github.com/gh-permit-sync/gh-permit-sync/';

  test.each(PAGES)('in %s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to ?? '');
    const broken = links.filter((link) => {
      const local = link.startsWith(OURS) ? /(?:blob|tree)\/main\/(.*)/.exec(link)?.[1] : undefined;
      if (/^https?:/.test(link)) return local !== undefined && !existsSync(join(root, local));
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('every file that %s names exists', (page) => {
  const files = inlineCodeOf(page).filter((code) => /^[\w./-]+\.(?:ts|md|yml|json)$/.test(code));
  expect(
    files.filter((file) => !['', 'src/', 'test/'].some((at) => existsSync(join(root, at, file)))),
  ).toEqual([]);
});
