import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { secretsOf } from '../../../src/config/secret.ts';
import { concealer } from '../../../src/model/text/conceal.ts';

const TOKEN = 'ghp_q7ZxW2kLm9RtY4uPa8SdF6gHj3';
const conceal = concealer(secretsOf({ GH_TOKEN: TOKEN }));

/** Whether 12 characters in a row of the secret can still be read. */
function legible(text: string, secret = TOKEN): boolean {
  const seen = stripVTControlCharacters(text)
    .replace(/\[[\d;]*[a-z]/gi, '')
    .replace(/\p{Default_Ignorable_Code_Point}|[\p{Cf}\p{Cc}]/gu, '')
    .toLowerCase();
  for (let at = 0; at + 12 <= secret.length; at += 1)
    if (seen.includes(secret.slice(at, at + 12).toLowerCase())) return true;
  return false;
}

describe('a fragment of a secret is concealed', () => {
  test.each([
    ['whole', TOKEN],
    ['twelve from its beginning', TOKEN.slice(0, 12)],
    ['twelve from its middle', TOKEN.slice(9, 21)],
    ['twelve from its end', TOKEN.slice(-12)],
    ['all but a character', TOKEN.slice(0, -1)],
    ['in capitals', TOKEN.toUpperCase()],
    ['in small letters', TOKEN.slice(4).toLowerCase()],
    ['split by a color', `${TOKEN.slice(0, 8)}\u001b[31m${TOKEN.slice(8)}`],
    ['split by a color in each place', [...TOKEN].join('\u001b[0m')],
    ['split by a color without its escape', `${TOKEN.slice(0, 10)}[1;31m${TOKEN.slice(10, 20)}`],
    ['split by a C1 control sequence', `${TOKEN.slice(0, 8)}\u009b31m${TOKEN.slice(8)}`],
    ['split by a link', `${TOKEN.slice(0, 8)}\u001b]8;;http://x\u0007${TOKEN.slice(8)}`],
    ['split by zero-width spaces', [...TOKEN].join('\u200b')],
    ['split by a variation selector', [...TOKEN].join('\ufe0f')],
    ['split by joiners', `${TOKEN.slice(0, 9)}\u200d\u2060\ufeff\u00ad${TOKEN.slice(9)}`],
    ['split by a color in JSON', JSON.stringify(`${TOKEN.slice(0, 9)}\u001b[31m${TOKEN.slice(9)}`)],
  ])('%s', (_, text) => {
    expect(legible(text)).toBe(true);
    const plain = conceal(`before ${text} after`);
    expect(plain).toMatch(/^before .*\*\*\*.* after$/s);
    expect(legible(plain)).toBe(false);
  });

  test.each([
    ['base64', Buffer.from(TOKEN).toString('base64')],
    ['base64 behind a name', Buffer.from(`x:${TOKEN}`).toString('base64')],
    ['base64 behind another name', Buffer.from(`xy:${TOKEN}`).toString('base64')],
    ['hexadecimal digits', Buffer.from(TOKEN).toString('hex')],
    ['percent escapes', [...TOKEN].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')],
    ['JSON escapes', [...TOKEN].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')],
    ['percent escapes and zero-width spaces', [...TOKEN].join('%E2%80%8B')],
    ['JSON escapes of zero-width spaces', [...TOKEN].join('\\u200b')],
    ['JSON escapes of tag characters', [...TOKEN].join('\\udb40\\udc41')],
  ])('as %s', (_, text) => {
    const middle = text.slice(Math.floor(text.length / 3), Math.floor((2 * text.length) / 3));
    expect(conceal(text)).not.toContain(middle);
    expect(conceal(text)).toContain('***');
  });
});

test('text that is not a secret is unchanged', () => {
  const report = `+ ${TOKEN.slice(0, 11)} \u001b[32mgithub|1\u001b[0m 100% {"a":"\\u00e9"} gh-permit-sync\n\n[1m]`;
  expect(conceal(report)).toBe(report);
});

test('a secret made of public words does not conceal these', () => {
  const careless = concealer(['gh-permit-sync', 'my-gh-permit-sync-hook']);
  expect(careless('gh-permit-sync reconcile')).toBe('gh-permit-sync reconcile');
  expect(careless('my-gh-permit-sync-hook')).toBe('***');
});

test('the host of an address with a password stays legible, and its password does not', () => {
  const plain = concealer(
    secretsOf({ REDIS_URL: 'redis://user:pa55-of-redis-x@redis.internal.example:6379/0' }),
  );
  expect(plain('Redis at redis.internal.example:6379 answers')).toBe(
    'Redis at redis.internal.example:6379 answers',
  );
  expect(plain('PA55-of-redis')).toBe('***');
  expect(plain('redis://user:pa55-of-redis-x@redis.internal.example:6379/0')).toBe('***');
});

test('JSON stays JSON where a fragment ends inside an escape', () => {
  const plain = concealer(secretsOf({ GITHUB_WEBHOOK_SECRET: 'hook"Secret\\SECRET"abc' }));
  for (const value of ['hook"Secret\\SEC', 'k"Secret\\SEC', 'ret\\SECRET"ab', 'Secret\\SECRET"x'])
    expect(JSON.parse(plain(JSON.stringify({ value }))).value).toContain('***');
});

test('a secret with pipes is concealed in a table too', () => {
  const secret = 'ab|cd|ef|gh|ij|kl|mn|op';
  expect(concealer([secret])(secret.replaceAll('|', '\\|'))).toBe('***');
});

test('an empty or short secret conceals nothing but itself', () => {
  expect(concealer(['', 'ab'])('cab ABBA')).toBe('c*** ABBA');
});

test('a line of a private key, cut anywhere, is concealed', () => {
  const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEow8Zx1QwErTyUiOpAsDf7gHjKlZxCvBnM\n'.repeat(1)}-----END RSA PRIVATE KEY-----\n`;
  const plain = concealer(secretsOf({ GITHUB_APP_PRIVATE_KEY: pem }));
  expect(plain('error: ErTyUiOpAsDf7g is bad')).toBe('error: *** is bad');
});
