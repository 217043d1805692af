import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/config/document/check.ts';
import { loadSettings } from '../../../src/config/load.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { PUBLISHED_PACE } from '../../../src/model/pace.ts';
import { defaultRules } from '../../../src/model/rule.ts';
import { type Given, load, refusal } from './support.ts';

test('anything not set has its default', () => {
  expect(load()).toEqual({
    owner: 'default',
    mode: 'sync',
    orgs: ['acme'],
    configuredOrgs: ['acme'],
    retiredOrgs: [],
    pruneUnmanaged: undefined,
    github: {
      apiUrl: 'https://api.github.com',
      proxies: { http: undefined, https: undefined, noProxy: '' },
      auth: { kind: 'token', token: 'ghp_working', variable: 'GH_TOKEN' },
    },
    permit: {
      apiUrl: 'https://api.permit.io',
      pdpUrl: 'https://cloudpdp.api.permit.io',
      proxies: { http: undefined, https: undefined, noProxy: '' },
      apiKey: 'permit_key_working',
      tenant: 'default',
      pace: PUBLISHED_PACE,
    },
    users: { key: 'github|{id}', onLeave: 'delete', adopt: 'none', protect: [] },
    userKeyChosen: false,
    rules: defaultRules('default'),
    manages: [],
    limits: DEFAULT_LIMITS,
    overrides: {},
    policy: undefined,
    orgPins: undefined,
    acceptedTeams: [],
    redis: { prefix: 'gh-permit-sync:default', url: undefined },
    warnings: [],
    isInstalled: false,
    suspendedOrgs: [],
    hasRules: false,
    timeoutMs: 1_800_000,
    lockWaitMs: 300_000,
    configFile: undefined,
    repeatedFlags: [],
    planFlags: [],
    secrets: expect.arrayContaining([
      'cGVybWl0X2tleV93b3JraW5n',
      'permit_key_working',
      'Z2hwX3dvcmtpbmc',
      'ghp_working',
    ]),
  } satisfies Settings);
});

const FILE = `
owner: acme-identity
mode: upsert-only
github: { orgs: [file-org], apiUrl: "https://github.file/api/v3/" }
permit: { tenant: file-tenant, apiUrl: "https://permit.file", pdpUrl: "https://pdp.file" }
`;
const ENV = {
  GITHUB_ORG: 'env-org',
  GITHUB_API_URL: 'https://github.env/',
  PERMIT_TENANT: 'env-tenant',
  PERMIT_API_URL: 'https://permit.env',
  PERMIT_PDP_URL: 'https://pdp.env',
};
const EMPTY = {
  GITHUB_ORG: '',
  GITHUB_API_URL: '',
  PERMIT_TENANT: ' ',
  PERMIT_API_URL: '',
  PERMIT_PDP_URL: '',
};

describe('the user key', () => {
  const FILE_KEY = 'users: { key: "{login}" }\n';
  test.each<[string, Given, string, boolean]>([
    ['by default', {}, 'github|{id}', false],
    ['by default beside a file that says nothing of it', { file: 'mode: sync\n' }, 'github|{id}', false],
    ['of a blank variable', { env: { PERMIT_USER_KEY: ' ' } }, 'github|{id}', false],
    ['of the file', { file: FILE_KEY }, '{login}', true],
    ['of the environment', { file: FILE_KEY, env: { PERMIT_USER_KEY: '{id}' } }, '{id}', true],
    [
      'of the flag',
      { env: { PERMIT_USER_KEY: '{id}' }, flags: { userKey: 'github|{id}' } },
      'github|{id}',
      true,
    ],
  ])('%s', (_, given, key, chosen) => {
    const { users, userKeyChosen } = load(given);
    expect({ key: users.key, chosen: userKeyChosen }).toEqual({ key, chosen });
  });

  test.each<[Given, string, RegExp]>([
    [{ flags: { userKey: 'staff' } }, 'USAGE', /^--user-key: gives every person the same key/],
    [
      { env: { PERMIT_USER_KEY: '{mail}' } },
      'CONFIG_INVALID',
      /^PERMIT_USER_KEY: unknown placeholder "\{mail\}"/,
    ],
  ])('%j is refused', (given, code, says) => {
    expect(refusal(given)).toMatchObject({ code, message: expect.stringMatching(says) });
  });
});

describe('a flag beats the environment, which beats the file, which beats the default', () => {
  const told = ({ orgs, mode, owner, github, permit, rules }: Settings) => [
    orgs.join(),
    mode,
    owner,
    github.apiUrl,
    permit.tenant,
    rules[0]?.tenant,
    permit.apiUrl,
    permit.pdpUrl,
  ];
  const fromFile = ['upsert-only', 'acme-identity'];
  const cases: readonly { name: string; given: Given; expected: readonly string[] }[] = [
    {
      name: 'the file alone',
      given: { file: FILE, env: EMPTY },
      expected: [
        'file-org',
        ...fromFile,
        'https://github.file/api/v3',
        'file-tenant',
        'file-tenant',
        'https://permit.file',
        'https://pdp.file',
      ],
    },
    {
      name: 'environment over file',
      given: { file: FILE, env: ENV },
      expected: [
        'env-org',
        ...fromFile,
        'https://github.env',
        'env-tenant',
        'env-tenant',
        'https://permit.env',
        'https://pdp.env',
      ],
    },
    {
      name: 'flags over environment and file',
      given: { file: FILE, env: ENV, flags: { org: ['flag-org'], tenant: 'flag-tenant', mode: 'sync' } },
      expected: [
        'flag-org',
        'sync',
        'acme-identity',
        'https://github.env',
        'flag-tenant',
        'flag-tenant',
        'https://permit.env',
        'https://pdp.env',
      ],
    },
  ];
  test.each(cases)('$name', ({ given, expected }) => {
    expect(told(load(given))).toEqual(expected);
  });
});

test.each([
  { name: 'repeated', org: ['acme', 'acme-labs'] },
  { name: 'separated by commas', org: ['acme,acme-labs'] },
  { name: 'with blanks and empty entries', org: [' acme , ,', 'acme-labs,'] },
])('--org $name', ({ org }) => {
  expect(load({ flags: { org, tenant: '{org}' } }).orgs).toEqual(['acme', 'acme-labs']);
});

test('GITHUB_ORG takes several organizations, and {org} stays in the tenant', () => {
  const settings = load({ env: { GITHUB_ORG: 'acme, acme-labs', PERMIT_TENANT: 'gh-{org}' } });
  expect(settings.orgs).toEqual(['acme', 'acme-labs']);
  expect(settings.rules.map(({ tenant }) => tenant)).toEqual(['gh-{org}', 'gh-{org}']);
});

test("an absent --org doesn't count", () => {
  expect(load({ flags: { org: [] } }).orgs).toEqual(['acme']);
});

test('overrides and timeout come from flags', () => {
  const flags = {
    allowRemovals: '40',
    allowDemotions: 0,
    allowFloor: ['default/admin=0', 'production/owner=2'],
    timeout: '1h30m',
  };
  const { overrides, timeoutMs } = load({ flags });
  expect(overrides).toEqual({
    removals: 40,
    demotions: 0,
    floors: { 'default/admin': 0, 'production/owner': 2 },
  });
  expect(timeoutMs).toBe(5_400_000);
});

describe('refused', () => {
  const cases: readonly { name: string; given: Given; code: string; message: RegExp; hint: RegExp }[] = [
    {
      name: 'no organization',
      given: { env: { GITHUB_ORG: ' ' } },
      code: 'CONFIG_INVALID',
      message: /--org.*GITHUB_ORG.*github\.orgs/,
      hint: /--org ORG.*GITHUB_ORG=ORG.*gh-permit-sync\.yaml/,
    },
    {
      name: 'no organization, with a file',
      given: { env: { GITHUB_ORG: '' }, flags: { config: 'x.yml' }, files: { '/w/x.yml': 'mode: sync' } },
      code: 'CONFIG_INVALID',
      message: /no organization/,
      hint: /into x\.yml/,
    },
    {
      name: 'an empty --org',
      given: { flags: { org: [''] } },
      code: 'USAGE',
      message: /^--org: is empty/,
      hint: /--org/,
    },
    {
      name: 'an --org of commas',
      given: { flags: { org: [' ,, '] } },
      code: 'USAGE',
      message: /^--org: names no organization/,
      hint: /at least one/,
    },
    {
      name: 'an --org that is no name',
      given: { flags: { org: ['acme', 'a b'] } },
      code: 'USAGE',
      message: /^--org: "a b" is not an organization name/,
      hint: /letters, digits and hyphens/,
    },
    {
      name: 'an address in place of a name',
      given: { env: { GITHUB_ORG: 'https://github.com/acme' } },
      code: 'CONFIG_INVALID',
      message: /^GITHUB_ORG: /,
      hint: /did you mean "acme"/,
    },
    {
      name: 'an organization twice',
      given: { env: { GITHUB_ORG: 'acme,ACME' } },
      code: 'CONFIG_INVALID',
      message: /^GITHUB_ORG: "ACME" and "acme" are the same organization/,
      hint: /once/,
    },
    {
      name: 'several organizations in one tenant',
      given: { flags: { org: ['acme', 'acme-labs'] } },
      code: 'CONFIG_INVALID',
      message: /2 organizations would share the tenant "default"/,
      hint: /\{org\}/,
    },
    {
      name: 'several organizations in the tenant of the file',
      given: { env: { GITHUB_ORG: '' }, file: 'github: { orgs: [a, b] }\npermit: { tenant: t }' },
      code: 'CONFIG_INVALID',
      message: /^gh-permit-sync\.yaml:2:19: permit\.tenant: 2 organizations would share the tenant "t"/,
      hint: /\{org\}/,
    },
    {
      name: 'a --tenant that is no key',
      given: { flags: { tenant: 'a b' } },
      code: 'USAGE',
      message: /^--tenant: "a b" is not a valid tenant key/,
      hint: /letters, digits/,
    },
    {
      name: 'an unknown placeholder',
      given: { env: { PERMIT_TENANT: '{orgs}' } },
      code: 'CONFIG_INVALID',
      message: /^PERMIT_TENANT: unknown placeholder "\{orgs\}"/,
      hint: /\{org\}/,
    },
    {
      name: 'an empty --tenant',
      given: { flags: { tenant: '' } },
      code: 'USAGE',
      message: /^--tenant: is empty/,
      hint: /--tenant/,
    },
    {
      name: 'an unknown --mode',
      given: { flags: { mode: 'upsert-olny' } },
      code: 'USAGE',
      message: /^--mode: unknown mode "upsert-olny"/,
      hint: /did you mean "upsert-only"/,
    },
    {
      name: 'a --timeout without unit',
      given: { flags: { timeout: '90' } },
      code: 'USAGE',
      message: /^--timeout: "90" has no unit/,
      hint: /did you mean "90s"/,
    },
    {
      name: 'a --timeout of nothing',
      given: { flags: { timeout: '0s' } },
      code: 'USAGE',
      message: /^--timeout: "0s" is too short/,
      hint: /1ms/,
    },
    {
      name: 'a negative --allow-removals',
      given: { flags: { allowRemovals: -1 } },
      code: 'USAGE',
      message: /^--allow-removals: "-1" is not a whole number/,
      hint: /--allow-removals 40/,
    },
    {
      name: 'a broken --allow-demotions',
      given: { flags: { allowDemotions: '25%' } },
      code: 'USAGE',
      message: /^--allow-demotions: "25%" is not a whole number/,
      hint: /--allow-demotions 40/,
    },
    ...['admin=0', 'default/admin', 'default/admin=', 'default/admin=x', 'a/b/c=1', 'd*/admin=1'].map(
      (floor) => ({
        name: `--allow-floor ${floor}`,
        given: { flags: { allowFloor: [floor] } },
        code: 'USAGE',
        message: /^--allow-floor: ".*" is not TENANT\/ROLE=N/,
        hint: /default\/admin=0/,
      }),
    ),
    {
      name: 'a floor twice',
      given: { flags: { allowFloor: ['a/b=1', 'a/b=2'] } },
      code: 'USAGE',
      message: /^--allow-floor: "a\/b" is given twice/,
      hint: /once/,
    },
    {
      name: 'a remote http address',
      given: { env: { PERMIT_API_URL: 'http://permit.example/x' } },
      code: 'CONFIG_INVALID',
      message: /^PERMIT_API_URL: "http:\/\/permit\.example" is not https/,
      hint: /--allow-http/,
    },
    {
      name: 'a remote http address in the file',
      given: { file: 'permit:\n  pdpUrl: http://pdp.example' },
      code: 'CONFIG_INVALID',
      message: /^gh-permit-sync\.yaml:2:11: permit\.pdpUrl: "http:\/\/pdp\.example" is not https/,
      hint: /--allow-http/,
    },
    {
      name: 'the website in place of the API',
      given: { env: { GITHUB_API_URL: 'https://github.com' } },
      code: 'CONFIG_INVALID',
      message: /^GITHUB_API_URL: "github\.com" is the website/,
      hint: /https:\/\/api\.github\.com/,
    },
  ];
  test.each(cases)('$name', ({ given, code, message, hint }) => {
    const error = refusal(given);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

test('--allow-http and custom rules allow what is refused by default', () => {
  const settings = load({
    env: { GITHUB_ORG: 'a,b', PERMIT_API_URL: 'http://permit.example/' },
    flags: { allowHttp: true },
    file: 'grants: [{ subject: "github:a:role:admin", roles: [admin] }]',
  });
  expect(settings.permit.apiUrl).toBe('http://permit.example');
  expect(settings.rules).toHaveLength(1);
});

test('the flags that a suggested command has to repeat are quoted for a shell', () => {
  const flags = { tenant: 'org-{org}', org: ['acme', 'labs'], config: "it's.yaml", allowHttp: true };
  const { repeatedFlags } = loadSettings({
    flags,
    env: { GH_TOKEN: 'ghp_x', PERMIT_API_KEY: 'permit_key_x' },
    cwd: '/',
    parse: parseConfigFile,
    readFile: () => Buffer.from('{}'),
  });
  expect(repeatedFlags.join(' ')).toBe(
    `--config 'it'\\''s.yaml' --org acme labs --tenant 'org-{org}' --allow-http`,
  );
});

describe('repositories', () => {
  const ORGS = 'github: { orgs: [acme, Labs] }\npermit: { tenant: "{org}" }\n';
  const FILE_ONLY = { GITHUB_ORG: '' };
  test.each([
    ['nothing is mirrored without the key', '', {}, undefined],
    [
      'all of the run in the default tenant',
      'repositories: {}',
      {},
      { orgs: ['acme', 'Labs'], match: ['*'], tenant: '{org}' },
    ],
    [
      'what the file names',
      'repositories: { orgs: [labs], match: [api-*], tenant: code }',
      {},
      { orgs: ['Labs'], match: ['api-*'], tenant: 'code' },
    ],
    ['--org narrows all', 'repositories: {}', { org: ['acme'] }, { orgs: ['acme'] }],
    ['--org narrows those of the file', 'repositories: { orgs: [labs] }', { org: ['acme'] }, { orgs: [] }],
    ['--tenant is the default', 'repositories: {}', { tenant: 'x-{org}' }, { tenant: 'x-{org}' }],
  ] as const)('%s', (_, file, flags, expected) => {
    const { repositories } = load({ file: ORGS + file, env: FILE_ONLY, flags });
    if (expected === undefined) expect(repositories).toBeUndefined();
    else expect(repositories).toMatchObject(expected);
  });

  test('limits and their overrides', () => {
    const { limits, overrides } = load({
      file: 'limits: { repositories: 3, links: [10%, 50] }',
      flags: { allowRepositories: '7', allowLinks: 9 },
    });
    expect(limits).toMatchObject({
      repositories: [{ kind: 'count', people: 3 }],
      links: [
        { kind: 'ratio', ratio: 0.1 },
        { kind: 'count', people: 50 },
      ],
    });
    expect(overrides).toEqual({ repositories: 7, links: 9 });
    expect(refusal({ flags: { allowLinks: 'many' } })).toMatchObject({
      code: 'USAGE',
      message: '--allow-links: "many" is not a whole number',
    });
  });
});
