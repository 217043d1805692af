import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/config/document/check.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { loadQueueSettings, loadReceiverSettings } from '../../../src/config/queue-settings.ts';
import { secretsOf } from '../../../src/config/secret.ts';
import type { Environment, SettingFlags } from '../../../src/config/settings.ts';
import { SyncError } from '../../../src/model/errors.ts';
import { ENOUGH } from './support.ts';

const input = (env: Environment, file?: string, flags: SettingFlags = {}) => ({
  env,
  flags,
  cwd: '/w',
  readFile: (path: string) => {
    if (file === undefined || path !== '/w/gh-permit-sync.yaml') {
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    }
    return new TextEncoder().encode(file);
  },
  parse: parseConfigFile,
});

function refusal(load: () => unknown): SyncError {
  try {
    load();
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const REDIS_URL = 'redis://localhost:6379';

describe('the settings of queue', () => {
  test('need only Redis', () => {
    expect(loadQueueSettings(input({ REDIS_URL: ` ${REDIS_URL} ` }))).toEqual({
      owner: 'default',
      redis: { url: REDIS_URL, prefix: 'gh-permit-sync:default' },
      configFile: undefined,
      timeoutMs: 1_800_000,
      secrets: [],
    });
  });

  test('take owner and prefix from the config file', () => {
    const given = (file: string) => loadQueueSettings(input({ REDIS_URL }, file));
    expect(given('owner: acme').redis.prefix).toBe('gh-permit-sync:acme');
    expect(given('{ owner: acme, redis: { prefix: mine } }')).toMatchObject({
      owner: 'acme',
      redis: { prefix: 'mine' },
      configFile: 'gh-permit-sync.yaml',
    });
  });

  test.each(['a{b', 'a}b', 'a\\u0000b', 'a b', '', ':a', 'x'.repeat(201)])(
    'refuse the prefix %j',
    (prefix) => {
      const error = refusal(() => loadQueueSettings(input({ REDIS_URL }, `redis: { prefix: "${prefix}" }`)));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toContain('redis.prefix');
    },
  );

  test.each([
    [undefined, 'REDIS_URL is not set, and the queue is kept in Redis'],
    [' ', 'REDIS_URL is empty, and the queue is kept in Redis'],
    ['localhost:6379', 'REDIS_URL is not a Redis address'],
    ['http://:hush@localhost', 'REDIS_URL is not a Redis address'],
    ['redis://:hu/sh@localhost', 'REDIS_URL is not a Redis address'],
  ])('refuse REDIS_URL=%j', (url, message) => {
    const error = refusal(() => loadQueueSettings(input({ REDIS_URL: url })));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message });
    expect(error.hint).toContain('redis://');
    expect(error.hint).not.toContain('hush');
  });
});

describe('the settings of reconcile and drain', () => {
  test('have the address of Redis where there is one', () => {
    expect(loadSettings(input({ ...ENOUGH, REDIS_URL })).redis.url).toBe(REDIS_URL);
    for (const unset of [undefined, '', ' ']) {
      expect(loadSettings(input({ ...ENOUGH, REDIS_URL: unset })).redis).toEqual({
        prefix: 'gh-permit-sync:default',
        url: undefined,
      });
    }
  });

  test('refuse an invalid one', () => {
    const error = refusal(() => loadSettings(input({ ...ENOUGH, REDIS_URL: 'nonsense' })));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: 'REDIS_URL is not a Redis address' });
  });
});

describe('the settings of receive', () => {
  const SECRET = 'hush-webhook';
  const env = { REDIS_URL, GITHUB_ORG: 'acme', GITHUB_WEBHOOK_SECRET: SECRET };
  const load = (over: Environment = {}, insecure = false, file?: string, flags?: SettingFlags) =>
    loadReceiverSettings({ ...input({ ...env, ...over }, file, flags), insecure });

  test('need neither GitHub’s nor Permit’s credentials', () => {
    expect(load()).toEqual({
      owner: 'default',
      orgs: ['acme'],
      isInstalled: false,
      redis: { url: REDIS_URL, prefix: 'gh-permit-sync:default' },
      webhookSecrets: [SECRET],
      configFile: undefined,
      rules: undefined,
      secrets: expect.arrayContaining([Buffer.from(SECRET).toString('base64').replace(/=+$/, ''), SECRET]),
    });
  });

  test('take every organization that is named anywhere, each once', () => {
    const file = 'github: { orgs: [ACME, acme-labs] }';
    expect(load({}, false, file).orgs).toEqual(['acme', 'acme-labs']);
    expect(load({}, false, file, { org: ['third'] }).orgs).toEqual(['third', 'acme', 'acme-labs']);
    expect(refusal(() => load({ GITHUB_ORG: '' })).message).toMatch(/no organization/);
  });

  test('know several secrets, and conceal each', () => {
    const { webhookSecrets, secrets } = load({ GITHUB_WEBHOOK_SECRET: ' new-one , old-one,new-one' });
    expect(webhookSecrets).toEqual(['new-one', 'old-one']);
    expect(secrets).toEqual(expect.arrayContaining(['new-one', 'old-one']));
  });

  test.each(['a,', ',a', 'a,,b', ','])('refuse an empty secret among them: %j', (text) => {
    for (const insecure of [false, true]) {
      const error = refusal(() => load({ GITHUB_WEBHOOK_SECRET: text }, insecure));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toBe('GITHUB_WEBHOOK_SECRET: one of the secrets between the commas is empty');
    }
  });

  test.each([undefined, '', '  '])('refuse none at all (%j), unless --insecure is given', (text) => {
    const error = refusal(() => load({ GITHUB_WEBHOOK_SECRET: text }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.hint).toContain('--insecure');
    expect(load({ GITHUB_WEBHOOK_SECRET: text }, true).webhookSecrets).toEqual([]);
  });
});

test.each([
  ['redis://:hush-one@host', ['hush-one']],
  ['redis://user:hush%2Done@host', ['hush%2Done', 'hush-one']],
  ['redis://:hush-one@a,redis://:hush-two@b', ['hush-one', 'hush-two']],
  ['redis://a, rediss://u:hush-two@b', ['hush-two']],
  ['redis+sentinel://:hush-one@h/m?sentinelPassword=hush-two', ['hush-one', 'hush-two']],
  ['redis://hush-without-colon@host', ['hush-without-colon']],
  ['redis://:hush/slash@host', ['hush/slash']],
  ['redis://:hush@at@host', ['hush@at']],
  ['redis://:hush,comma@host', ['hush,comma']],
])('every part of %s that could leak is a secret', (url, expected) => {
  const secrets = secretsOf({ REDIS_URL: url });
  expect(secrets).toEqual(expect.arrayContaining([url, ...expected]));
});
