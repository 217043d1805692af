import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/config/document/check.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { ENOUGH, load, problems, refusal } from './support.ts';

describe('where the file comes from', () => {
  const files = {
    '/w/flag.yaml': 'owner: flag',
    '/w/sub/env.yaml': 'owner: env',
    '/abs/x.json': '{"owner":"abs"}',
  };

  test.each([
    { name: 'the usual place', given: { file: 'owner: usual' }, owner: 'usual', path: 'gh-permit-sync.yaml' },
    {
      name: 'the usual place with .yml',
      given: { files: { '/w/gh-permit-sync.yml': 'owner: yml' } },
      owner: 'yml',
      path: 'gh-permit-sync.yml',
    },
    {
      name: 'the usual place with .json',
      given: { files: { '/w/gh-permit-sync.json': '{\n\t"$schema": "x",\n\t"owner": "json"\n}' } },
      owner: 'json',
      path: 'gh-permit-sync.json',
    },
    {
      name: 'GH_PERMIT_SYNC_CONFIG over the usual place',
      given: { file: 'owner: usual', files, env: { GH_PERMIT_SYNC_CONFIG: 'sub/env.yaml' } },
      owner: 'env',
      path: 'sub/env.yaml',
    },
    {
      name: '--config over GH_PERMIT_SYNC_CONFIG',
      given: { files, env: { GH_PERMIT_SYNC_CONFIG: 'sub/env.yaml' }, flags: { config: 'flag.yaml' } },
      owner: 'flag',
      path: 'flag.yaml',
    },
    {
      name: 'an absolute path',
      given: { files, flags: { config: '/abs/x.json' } },
      owner: 'abs',
      path: '/abs/x.json',
    },
    {
      name: 'an empty variable',
      given: { env: { GH_PERMIT_SYNC_CONFIG: '' } },
      owner: 'default',
      path: undefined,
    },
  ])('$name', ({ given, owner, path }) => {
    const settings = load(given);
    expect([settings.owner, settings.configFile]).toEqual([owner, path]);
  });

  test.each([
    { name: '--config', given: { flags: { config: 'no.yaml' } } },
    { name: 'GH_PERMIT_SYNC_CONFIG', given: { env: { GH_PERMIT_SYNC_CONFIG: 'no.yaml' } } },
  ])('$name must name a file that is there', ({ name, given }) => {
    const error = refusal(given);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe(`${name}: file not found: no.yaml`);
    expect(error.hint).toMatch(/relative to \/w/);
  });

  test('two usual files are ambiguous', () => {
    const error = refusal({ file: '', files: { '/w/gh-permit-sync.json': '{}' } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe(
      'more than one config file in /w: gh-permit-sync.yaml and gh-permit-sync.json',
    );
    expect(error.hint).toMatch(/--config/);
  });
});

test.each(['', '\n', '# nothing yet\n', '---\n', 'null\n', '{}'])('%j is an empty config', (file) => {
  expect(load({ file }).owner).toBe('default');
});

test('a UTF-8 byte order mark is ignored', () => {
  expect(load({ file: '\uFEFFowner: bom\r\nmode: sync\r\n' }).owner).toBe('bom');
});

describe('a file that is not text', () => {
  test.each([
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x6f, 0]), /yaml:1:1: is UTF-16/, /UTF-8/],
    ['Latin-1', Buffer.from('mode: sync\nowner: f\xfc', 'latin1'), /yaml:2:9: is not UTF-8/, /UTF-8/],
    ['control characters', Buffer.from('mode: sync\n\nowner: \u0007'), /yaml:3:8: holds a control/, /remove/],
    ['over 1 MB', Buffer.alloc(1_000_001, 0x20), /yaml: is larger than 1 MB/, /right file/],
  ])('%s', (_, bytes, message, hint) => {
    const error = refusal({ files: { '/w/gh-permit-sync.yaml': bytes } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('syntax', () => {
  test.each([
    ['an open bracket', 'github: { orgs: [acme }\n', /^1:\d+: .*(bracket|quote)/],
    ['an open quote', 'mode: sync\nowner: "x\n', /^\d:\d+: a quote/],
    ['a tab', 'github:\n\torgs: [a]\n', /^2:1: tabs cannot indent; use spaces/],
    ['two colons', 'owner: a: b\n', /^1:8: a second colon on this line/],
    ['a key twice', 'github:\n  orgs: [a]\n  orgs: [b]\n', /^3:3: duplicate key; keep one/],
    ['a tag', 'owner: !secret x\n', /^1:8: a tag/],
    ['a known tag', 'owner: !!binary eA==\n', /^1:8: a tag/],
    ['an alias to nothing', 'mode: sync\nowner: *x\n', /^2:8: this alias/],
    ['a second document', 'mode: sync\n---\nmode: sync\n', /^2:1: a second document/],
    ['a list', '- mode: sync\n', /^1:1: is not a mapping/],
    ['a text', 'sync\n', /^1:1: is not a mapping/],
    ['a key that is a list', '[a]: 1\n', /^1:1: a key must be plain text/],
    ['__proto__', 'limits: { floors: { __proto__: 1 } }', /^1:21: __proto__ cannot be a key/],
    ['YAML 1.1', '%YAML 1.1\n---\nmode: sync\n', /^1:1: is YAML 1\.1/],
    ['a thousand brackets', `a: ${'['.repeat(100_000)}`, /^1:68: is nested too deeply/],
    ['a thousand dashes', `a:\n  ${'- '.repeat(100_000)}`, /^2:\d+: is nested too deeply/],
    ['a far indentation', `a:\n${' '.repeat(300)}b: 1`, /^2:1: is nested too deeply/],
  ])('%s', (_, file, expected) => {
    expect(problems(file)[0]).toMatch(expected);
  });

  test("aliases can't expand without limit", () => {
    const a = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join()}]`;
    const file = ['a: &a [1,1,1,1,1,1,1,1,1,1]', a('b', 'a'), a('c', 'b'), a('d', 'c')].join('\n');
    expect(problems(file)[0]).toMatch(/^1:1: its aliases .* expand to too much/);
    expect(problems(`a: &a 1\nb: [${Array(200).fill('*a').join()}]`)[0]).toMatch(/more than 100 aliases/);
  });

  test('an alias is read where it stands for something', () => {
    const file =
      'grants:\n  - { subject: &all "github:*:role:member", roles: [a] }\n  - { subject: *all, roles: [b] }';
    expect(load({ file }).rules.map(({ subject }) => subject.map(({ text }) => text))).toEqual([
      ['github:*:role:member'],
      ['github:*:role:member'],
    ]);
  });

  test("many keys don't take quadratic time, which would exceed the timeout of a test", () => {
    const floors = Array.from({ length: 30_000 }, (_, i) => `    role${i}: 1`).join('\n');
    expect(load({ file: `limits:\n  floors:\n${floors}\n` }).limits.floors.role7).toBe(1);
  });
});

describe('on the disk', () => {
  let cwd = '';
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'gh-permit-sync-config-'));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  test('a file is read', () => {
    writeFileSync(join(cwd, 'gh-permit-sync.yml'), 'owner: disk');
    expect(loadSettings({ flags: {}, env: ENOUGH, parse: parseConfigFile, cwd }).owner).toBe('disk');
  });

  test('a missing file is not an error', () => {
    expect(loadSettings({ flags: {}, env: ENOUGH, parse: parseConfigFile, cwd }).configFile).toBeUndefined();
  });

  test('a directory is refused', () => {
    mkdirSync(join(cwd, 'conf'));
    expect(() =>
      loadSettings({ flags: { config: 'conf' }, env: ENOUGH, parse: parseConfigFile, cwd }),
    ).toThrow(/^conf: is a directory/);
  });

  test('a large file is not read whole', () => {
    writeFileSync(join(cwd, 'big.yaml'), Buffer.alloc(3_000_000, 0x23));
    expect(() =>
      loadSettings({ flags: { config: 'big.yaml' }, env: ENOUGH, parse: parseConfigFile, cwd }),
    ).toThrow(/larger than 1 MB/);
  });
});

test('an unreadable file says why', () => {
  const readFile = () => {
    throw Object.assign(new Error('no'), { code: 'EACCES' });
  };
  expect(() => loadSettings({ flags: {}, env: ENOUGH, parse: parseConfigFile, cwd: '/w', readFile })).toThrow(
    /^gh-permit-sync\.yaml: cannot be read \(EACCES\)/,
  );
});
