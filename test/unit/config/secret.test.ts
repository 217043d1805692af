import { describe, expect, test } from 'vitest';
import { looksSecret } from '../../../src/config/secret.ts';
import { type Given, load, problems, refusal } from './support.ts';

describe('a secret in the file is refused, with the place where it belongs', () => {
  test.each([
    [
      'permit: { apiKey: hush }',
      /^1:11: permit\.apiKey: is refused here; secrets come from the environment only: set PERMIT_API_KEY$/,
    ],
    ['permit:\n  token: hush', /^2:3: permit\.token: .*set PERMIT_API_KEY$/],
    [
      'permit: { api_key: permit_key_hush }',
      /^1:20: permit\.api_key: holds what looks like a secret; .*set PERMIT_API_KEY/,
    ],
    ['token: hush', /^1:1: token: .*set GH_TOKEN$/],
    ['github: { token: hush }', /^1:11: github\.token: .*set GH_TOKEN$/],
    ['github: { private-key: hush }', /^1:11: github\.private-key: .*set GITHUB_APP_PRIVATE_KEY$/],
    ['github: { webhookSecret: hush }', /^1:11: github\.webhookSecret: .*set GITHUB_WEBHOOK_SECRET$/],
    ['secret: hush', /^1:1: secret: .*set GITHUB_WEBHOOK_SECRET$/],
    ['password: hush', /^1:1: password: .*secrets come from the environment only/],
    ['redis: { url: "redis://host" }', /^1:10: redis\.url: .*set REDIS_URL$/],
    [
      'redis: { url: "redis://:hush@host" }',
      /^1:15: redis\.url: holds what looks like a secret; .*set REDIS_URL/,
    ],
    ['redis: { password: hush }', /^1:10: redis\.password: .*set REDIS_URL$/],
    ['owner: ghp_hush', /^1:8: owner: holds what looks like a secret; .*set GH_TOKEN/],
    ['github: { orgs: [github_pat_hush] }', /^1:18: github\.orgs\[0\]: holds .*set GH_TOKEN/],
    ['permit: { tenant: permit_key_hush }', /^1:19: permit\.tenant: holds .*set PERMIT_API_KEY/],
    [
      'owner: |\n  -----BEGIN RSA PRIVATE KEY-----\n  hush',
      /^1:8: owner: holds .*set GITHUB_APP_PRIVATE_KEY/,
    ],
    [
      'permit: { apiUrl: "https://u:hush@host" }',
      /^1:19: permit\.apiUrl: holds .*remove the credentials from the address$/,
    ],
    ['ghp_hush: 1', /^1:1: \*\*\*: holds .*set GH_TOKEN/],
    ['limits: { floors: { ghp_hush: 1 } }', /^1:21: limits\.floors\.\*\*\*: holds .*set GH_TOKEN/],
  ])('%j', (file, expected) => {
    expect(problems(file)).toEqual([expect.stringMatching(expected)]);
    expect(JSON.stringify([refusal({ file }).message, refusal({ file }).hint])).not.toContain('hush');
  });

  test('even under an unknown key', () => {
    const lines = problems('github:\n  app:\n    id: 5\n    privateKey: hush\n');
    expect(lines).toEqual([
      '2:3: github.app: unknown key; expected orgs, enterprise or apiUrl',
      '4:5: github.app.privateKey: is refused here; secrets come from the environment only: set GITHUB_APP_PRIVATE_KEY',
    ]);
  });

  test('but a resource may be called a secret', () => {
    const file = 'policy: { resources: { secret: { actions: [read-token] }, password: { actions: [] } } }';
    expect(Object.keys(load({ file }).policy?.resources ?? {})).toEqual(['secret', 'password']);
  });
});

test.each([
  ['--org', { flags: { org: ['acme', 'ghp_hush'] } }],
  ['--tenant', { flags: { tenant: 'permit_key_hush' } }],
  ['--mode', { flags: { mode: 'github_pat_hush' } }],
  ['--timeout', { flags: { timeout: 'ghs_hush' } }],
  ['--config', { flags: { config: '-----BEGIN RSA PRIVATE KEY-----\nhush' } }],
  ['--allow-floor', { flags: { allowFloor: ['default/ghp_hush=0'] } }],
  ['--allow-removals', { flags: { allowRemovals: 'ghp_hush' } }],
])('a secret in %s is refused', (flag, given: Given) => {
  const error = refusal(given);
  expect(error.code).toBe('USAGE');
  expect(error.message).toBe(`${flag}: holds what looks like a secret`);
  expect(error.hint).toMatch(/environment only/);
});

test.each([
  'GITHUB_ORG',
  'PERMIT_TENANT',
  'GITHUB_API_URL',
  'PERMIT_API_URL',
  'PERMIT_PDP_URL',
  'GH_PERMIT_SYNC_CONFIG',
])('a secret in %s is refused', (name) => {
  const error = refusal({ env: { [name]: 'ghp_hush' } });
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toBe(`${name}: holds what looks like a secret`);
});

test.each(['laughs_out', 'permit-key', 'acme', 'https://host:443/x', 'repository:payments-api'])(
  '%s looks harmless',
  (text) => {
    expect(looksSecret(text)).toBe(false);
  },
);

/** Secrets without any tell-tale form, to see that no path of a value into a message was forgotten. */
const TOKEN = 'Zq8vB1xW5tR3-token';
const KEY = 'Yp7uC2wV6sQ4-key';
const LONG = `Ul3sG6uR0oM8${'x'.repeat(150)}`;
const PEM_BODY = 'Xo6tD3vU7rP5XyZabcdEFGH0123456789';

describe('no message repeats a secret', () => {
  const secrets = {
    GH_TOKEN: TOKEN,
    PERMIT_API_KEY: KEY,
    GITHUB_WEBHOOK_SECRET: 'Wn5sE4uT8qO6-hook',
    GITHUB_TOKEN: LONG,
    REDIS_URL: 'redis://:Vm4rF5tS9pN7@host',
  };
  const values = [LONG, TOKEN, KEY, PEM_BODY, 'Wn5sE4uT8qO6-hook', 'Vm4rF5tS9pN7'];
  const pem = `-----BEGIN RSA PRIVATE KEY-----\n${PEM_BODY}\n-----END RSA PRIVATE KEY-----`;
  const app = { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: pem };
  const noApp = { GITHUB_APP_ID: '', GITHUB_APP_PRIVATE_KEY: '' };
  const bad: readonly Given[] = values.flatMap((value): Given[] => [
    { flags: { org: [value, `${value} `, 'a b'] } },
    { flags: { org: [`${value}_`] } },
    { flags: { tenant: `${value}!` } },
    { flags: { mode: value } },
    { flags: { timeout: value } },
    { flags: { config: value } },
    { flags: { allowFloor: [value] } },
    { flags: { allowRemovals: value } },
    { env: { GITHUB_ORG: `${value}.` } },
    { env: { GITHUB_API_URL: `https://${value}/?x` } },
    { env: { PERMIT_API_URL: `http://${value}.example` } },
    { env: { ...noApp, GH_TOKEN: `${value} ${value}` } },
    { env: { ...noApp, GH_TOKEN: `"${value}"` } },
    { env: { ...noApp, PERMIT_API_KEY: `x\n${value}` } },
    { env: { GITHUB_APP_PRIVATE_KEY: value } },
    { env: { GITHUB_APP_ID: value } },
    { env: { GITHUB_APP_INSTALLATION_ID: value } },
    { env: {} },
    { env: { ...noApp, GH_TOKEN: '', PERMIT_API_KEY: '' } },
    ...[
      `owner: "${value} "`,
      `mode: ${value}`,
      `${value}: ${value}`,
      `permit: { apiKey: ${value}, tenant: "${value} " }`,
      `github: { orgs: ["${value}."], token: ${value} }`,
      `grants: [{ subject: "${value}", roles: ["${value} "], ${value}: ${value}, effect: ${value} }]`,
      `users: { key: "${value}", onLeave: ${value}, protect: ["${value} "] }`,
      `limits: { removals: ${value}, floors: { "${value} ": ${value} } }`,
      `redis: { prefix: "${value} ", url: "redis://:${value}@h" }`,
      `x: !${value} y`,
      `x: *${value}`,
      `x: "${value}`,
      `x: [${value}`,
      `- ${value}`,
      value,
      `x: ${value}: ${value}`,
      `${value}: 1\n${value}: 2`,
    ].map((file) => ({ file })),
  ]);
  test.each(bad.map((given) => [JSON.stringify(given), given] as const))('%s', (_, given) => {
    const error = refusal({ ...given, env: { ...secrets, ...app, ...given.env } });
    const told = `${error.message}\n${error.hint}\n${error.stack}`;
    for (const value of values) expect(told).not.toContain(value.slice(0, 12));
  });
});
