import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { load, refusal } from './support.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PKCS1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const PKCS8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ENCRYPTED = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const PUBLIC = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const base64 = (text: string) => Buffer.from(text).toString('base64');
const unpadded = (text: string) => base64(text).replace(/=+$/, '');

const NO_TOKEN = { GH_TOKEN: undefined };
const APP = { ...NO_TOKEN, GITHUB_APP_ID: '123', GITHUB_APP_PRIVATE_KEY: PKCS1 };

describe('a token', () => {
  test.each([
    [{ GH_TOKEN: ' ghp_a\n', GITHUB_TOKEN: 'ghp_b' }, 'ghp_a', 'GH_TOKEN'],
    [{ GH_TOKEN: '', GITHUB_TOKEN: 'ghp_b' }, 'ghp_b', 'GITHUB_TOKEN'],
    [{ ...NO_TOKEN, GITHUB_TOKEN: 'ghp_b' }, 'ghp_b', 'GITHUB_TOKEN'],
  ])('%j', (env, token, variable) => {
    expect(load({ env }).github.auth).toEqual({ kind: 'token', token, variable });
  });
});

describe('an App', () => {
  const wrapped = base64(PKCS1).replace(/(.{76})/g, '$1\n');
  test.each([
    ['PEM', PKCS1, PKCS1],
    ['PKCS#8', PKCS8, PKCS8],
    ['PEM with blanks around', `\n  ${PKCS1}\n\n`, PKCS1],
    ['PEM with \\r\\n', PKCS1.replaceAll('\n', '\r\n'), PKCS1],
    ['PEM with \\n written out', PKCS1.replaceAll('\n', '\\n'), PKCS1],
    ['base64', base64(PKCS1), PKCS1],
    ['base64 in lines', wrapped, PKCS1],
    ['base64 of PEM with \\n written out', base64(PKCS1.replaceAll('\n', '\\n')), PKCS1],
  ])('%s', (_, key, expected) => {
    const env = { ...APP, GITHUB_APP_PRIVATE_KEY: key, GITHUB_APP_INSTALLATION_ID: ' 42 ' };
    expect(load({ env }).github.auth).toEqual({
      kind: 'app',
      appId: '123',
      privateKey: expected,
      installationId: 42,
    });
  });

  test('beats a token; its installation is looked up where it is not given', () => {
    const env = {
      ...APP,
      GH_TOKEN: 'ghp_x',
      GITHUB_APP_ID: 'Iv23liabcdefghij',
      GITHUB_APP_INSTALLATION_ID: '',
    };
    expect(load({ env }).github.auth).toMatchObject({ kind: 'app', installationId: undefined });
  });

  test('that is set but empty leaves the token', () => {
    const env = { GITHUB_APP_ID: '', GITHUB_APP_PRIVATE_KEY: ' ', GITHUB_APP_INSTALLATION_ID: '' };
    expect(load({ env }).github.auth.kind).toBe('token');
  });
});

describe('refused by GITHUB_AUTH', () => {
  const cases: readonly { name: string; env: object; message: RegExp; hint: RegExp }[] = [
    {
      name: 'nothing',
      env: NO_TOKEN,
      message:
        /^no GitHub credential: one of GH_TOKEN, GITHUB_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY is needed$/,
      hint: /read:org.*gh auth token/,
    },
    {
      name: 'only blanks',
      env: { GH_TOKEN: ' \n', GITHUB_APP_PRIVATE_KEY: '' },
      message: /is needed \(GH_TOKEN and GITHUB_APP_PRIVATE_KEY are set but empty\)$/,
      hint: /read:org/,
    },
    {
      name: 'nothing in a workflow',
      env: { GH_TOKEN: '', GITHUB_ACTIONS: 'true' },
      message: /\(GH_TOKEN is set but empty\)$/,
      hint: /own GITHUB_TOKEN cannot read organization members.*GitHub App.*read:org/,
    },
    {
      name: 'a blank inside',
      env: { GH_TOKEN: 'ghp_a ghp_b' },
      message: /^GH_TOKEN: contains a space, a line break/,
      hint: /copy it again/,
    },
    {
      name: 'two lines',
      env: { ...NO_TOKEN, GITHUB_TOKEN: 'ghp_a\nx' },
      message: /^GITHUB_TOKEN: contains a space, a line break/,
      hint: /copy it again/,
    },
    {
      name: 'a zero-width space',
      env: { GH_TOKEN: 'ghp_\u200ba' },
      message: /^GH_TOKEN: /,
      hint: /copy it again/,
    },
    {
      name: 'quotes',
      env: { GH_TOKEN: '"ghp_a"' },
      message: /^GH_TOKEN: begins and ends with quotes/,
      hint: /remove the quotes/,
    },
    {
      name: 'a scheme',
      env: { GH_TOKEN: 'Bearer ghp_a' },
      message: /^GH_TOKEN: begins with/,
      hint: /only the credential/,
    },
    {
      name: "Permit's key",
      env: { GH_TOKEN: 'permit_key_abc' },
      message: /^GH_TOKEN: holds a Permit API key/,
      hint: /PERMIT_API_KEY/,
    },
    {
      name: 'an App without its key, in spite of a token',
      env: { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: '' },
      message:
        /^incomplete GitHub App credentials: GITHUB_APP_ID without GITHUB_APP_PRIVATE_KEY \(GITHUB_APP_PRIVATE_KEY is set but empty\)$/,
      hint: /set GITHUB_APP_PRIVATE_KEY as well, or unset GITHUB_APP_ID to use a token/,
    },
    {
      name: 'a key without its App',
      env: { GITHUB_APP_PRIVATE_KEY: PKCS1 },
      message: /^incomplete GitHub App credentials: GITHUB_APP_PRIVATE_KEY without GITHUB_APP_ID$/,
      hint: /set GITHUB_APP_ID/,
    },
    {
      name: 'an installation alone',
      env: { GITHUB_APP_INSTALLATION_ID: '1' },
      message:
        /^incomplete GitHub App credentials: GITHUB_APP_INSTALLATION_ID without GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY$/,
      hint: /unset GITHUB_APP_INSTALLATION_ID/,
    },
    {
      name: 'a name for an App id',
      env: { ...APP, GITHUB_APP_ID: 'my app' },
      message: /^GITHUB_APP_ID: /,
      hint: /number/,
    },
    ...['x', '0', '1.5', '-1'].map((id) => ({
      name: `installation ${id}`,
      env: { ...APP, GITHUB_APP_INSTALLATION_ID: id },
      message: /^GITHUB_APP_INSTALLATION_ID: is not a number/,
      hint: /looked up/,
    })),
    ...(
      [
        ['a path', '/home/me/app.pem', /is neither a private key in PEM form/],
        ['half of it', PKCS1.slice(0, 400), /is damaged/],
        ['one line', PKCS1.replaceAll('\n', ' '), /has lost its line breaks/],
        ['the public part', PUBLIC, /is not the private part/],
        ['a passphrase', ENCRYPTED, /is encrypted with a passphrase/],
        ['an elliptic curve', EC.toString(), /is not an RSA key/],
      ] as const
    ).map(([name, key, message]) => ({
      name: `a private key: ${name}`,
      env: { ...APP, GITHUB_APP_PRIVATE_KEY: key },
      message,
      hint: /\.pem|without a passphrase/,
    })),
  ];
  test.each(cases)('$name', ({ env, message, hint }) => {
    const error = refusal({ env: { ...env } });
    expect(error.code).toBe('GITHUB_AUTH');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

test.each([
  [undefined, /^no Permit API key: PERMIT_API_KEY is needed$/, /API Keys/],
  [' ', /\(PERMIT_API_KEY is set but empty\)$/, /API Keys/],
  ['permit_key_a b', /^PERMIT_API_KEY: contains a space/, /copy it again/],
  ["'permit_key_a'", /^PERMIT_API_KEY: begins and ends with quotes/, /remove/],
  ['github_pat_x', /^PERMIT_API_KEY: holds a GitHub token/, /GH_TOKEN/],
])('the Permit key %j is refused by PERMIT_AUTH', (key, message, hint) => {
  const error = refusal({ env: { PERMIT_API_KEY: key } });
  expect(error.code).toBe('PERMIT_AUTH');
  expect(error.message).toMatch(message);
  expect(error.hint).toMatch(hint);
});

describe('the list of secrets', () => {
  test('has each in every form, the longest first', () => {
    const written = PKCS1.trim().replaceAll('\n', '\\n');
    const given = base64(written);
    const { secrets } = load({
      env: {
        ...APP,
        GITHUB_APP_PRIVATE_KEY: given,
        GITHUB_TOKEN: ' ghp_unused ',
        GITHUB_WEBHOOK_SECRET: 'first-secret,second-secret',
        REDIS_URL: 'rediss://user:p%40ss@redis.example:6380/0',
      },
    });
    for (const secret of [
      given,
      PKCS1.trim(),
      written,
      PKCS1.split('\n')[3],
      'ghp_unused',
      ' ghp_unused ',
      'permit_key_working',
      'first-secret',
      'second-secret',
      'rediss://user:p%40ss@redis.example:6380/0',
      'p%40ss',
      'p@ss',
    ]) {
      expect(secrets).toContain(secret);
    }
    expect(secrets).not.toContain('-----BEGIN RSA PRIVATE KEY-----');
    expect(secrets.map(({ length }) => length)).toEqual(
      secrets.map(({ length }) => length).toSorted((a, b) => b - a),
    );
  });

  test('holds nothing harmless', () => {
    const { secrets } = load({ env: { REDIS_URL: 'redis://localhost:6379', GITHUB_TOKEN: '' } });
    const texts = ['permit_key_working', 'ghp_working'];
    expect(secrets).toEqual(expect.arrayContaining([...texts, ...texts.map(unpadded)]));
    expect(secrets.filter((secret) => /redis|localhost|6379/.test(secret))).toEqual([]);
  });

  test('holds them as others may write them', () => {
    const { secrets } = load({ env: { GITHUB_WEBHOOK_SECRET: 'a b"c/d' } });
    expect(secrets).toEqual(
      expect.arrayContaining(['a b"c/d', 'a%20b%22c%2Fd', 'a b\\"c/d', unpadded('a b"c/d')]),
    );
  });
});
