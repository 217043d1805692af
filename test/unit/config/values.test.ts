import { describe, expect, test } from 'vitest';
import { addressProblem, normalizeAddress, plainHttpProblem } from '../../../src/config/address.ts';
import { parseDuration } from '../../../src/config/duration.ts';
import { tenantProblem, userKeyProblem } from '../../../src/config/keys.ts';
import { organizationProblem, repeatedOrganization } from '../../../src/config/organization.ts';
import { closest, suggestion } from '../../../src/config/problem.ts';
import { globMatches } from '../../../src/model/text/glob.ts';

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['3d', 259_200_000],
  ['24d', 2_073_600_000],
])('%s is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(['0', '0s', '0ms', '0.0h'])('%s means no wait, where zero is allowed', (text) => {
  expect(parseDuration(text, 0)).toBe(0);
  expect(parseDuration(text)).toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  ['90', /no unit/, /90s/],
  ['0', /too short/, /1ms/],
  ['0s', /too short/, /1ms/],
  ['0.1ms', /too short/, /1ms/],
  ['', /not a duration/, /30m/],
  ['-5m', /not a duration/, /30m/],
  ['5 m', /not a duration/, /30m/],
  ['5min', /not a duration/, /30m/],
  ['5M', /not a duration/, /30m/],
  ['1e3s', /not a duration/, /30m/],
  ['25d', /too long/, /24d/],
  ['9999999999d', /too long/, /24d/],
])('%j is refused', (text, what, hint) => {
  expect(parseDuration(text)).toMatchObject({
    message: expect.stringMatching(what),
    hint: expect.stringMatching(hint),
  });
});

describe('an address', () => {
  test.each([
    ['https://api.github.com', 'https://api.github.com'],
    ['https://api.github.com/', 'https://api.github.com'],
    ['https://ghe.example/api/v3//', 'https://ghe.example/api/v3'],
    ['HTTPS://Api.GitHub.com:443', 'https://api.github.com'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://127.8.9.10', 'http://127.8.9.10'],
    ['http://localhost:1', 'http://localhost:1'],
    ['http://[::1]:1', 'http://[::1]:1'],
  ])('%s is used as %s', (text, expected) => {
    expect(addressProblem(text)).toBeUndefined();
    expect(plainHttpProblem(text)).toBeUndefined();
    expect(normalizeAddress(text)).toBe(expected);
  });

  test.each([
    ['', /empty/],
    ['api.github.com', /not an absolute/],
    ['/api', /not an absolute/],
    ['ftp://api.github.com', /not an absolute/],
    ['https:api.github.com', /not an absolute/],
    ['https://', /not an absolute/],
    ['https://a b', /not an absolute/],
    ['https:\\\\api', /not an absolute/],
    ['https://host:99999', /not an absolute/],
    ['https://user@host', /credentials/],
    ['https://user:pass@host', /credentials/],
    ['https://@host', /credentials/],
    ['https://host/?x=1', /query/],
    ['https://host/?', /query/],
    ['https://host#', /fragment/],
    ['https://github.com', /website/],
    ['https://www.github.com/acme', /website/],
    ['https://app.permit.io', /website/],
  ])('%j is refused', (text, what) => {
    const problem = addressProblem(text);
    expect(problem?.message).toMatch(what);
    expect(problem?.hint).not.toBe('');
    expect(JSON.stringify(problem)).not.toContain('pass@');
  });

  test.each([
    'http://api.github.com',
    'http://localhost.example',
    'http://127.0.0.1.example',
    'http://[::2]',
    'http://10.0.0.1',
  ])('credentials do not go to %s', (text) => {
    expect(plainHttpProblem(text)?.message).toContain('is not https');
    expect(plainHttpProblem(text)?.hint).toContain('--allow-http');
  });
});

test.each(['a', 'acme', 'Acme-Labs', 'a-b-c', '0x', 'emu_acme', 'a'.repeat(39)])(
  '%s is an organization',
  (name) => {
    expect(organizationProblem(name)).toBeUndefined();
  },
);

test.each([
  ['', 'give the name'],
  ['-a', 'letters'],
  ['a.b', 'letters'],
  ['ä', 'letters'],
  ['a/b', 'letters'],
  ['a'.repeat(40), '39'],
  ['@acme', 'did you mean "acme"?'],
  ['github.com/acme', 'did you mean "acme"?'],
  ['https://github.com/orgs/acme', 'did you mean "acme"?'],
])('%j is no organization', (name, hint) => {
  expect(organizationProblem(name)?.hint).toContain(hint);
});

test('organizations that differ only in case are one', () => {
  expect(repeatedOrganization(['acme', 'labs'])).toBeUndefined();
  expect(repeatedOrganization(['acme', 'labs', 'Acme'])).toMatchObject({
    index: 2,
    message: '"Acme" and "acme" are the same organization',
  });
});

test.each(['default', '{org}', 'gh-{org}_x', '{org}{org}'])('%s is a tenant', (text) => {
  expect(tenantProblem(text)).toBeUndefined();
});

test.each(['', ' ', 'a b', 'a.b', '{login}', '{org', '*', '{or{org}g}'])('%j is no tenant', (text) => {
  expect(tenantProblem(text)?.hint).toMatch(/\{org\}/);
});

test.each(['{login}', '{id}', 'github|{id}', '{login}@github', '{login}.{id}'])(
  '%s makes user keys',
  (template) => {
    expect(userKeyProblem(template)).toBeUndefined();
  },
);

test.each([
  ['', /same key/, /\{login\}/],
  ['login', /same key/, /\{login\}/],
  ['{logn}', /unknown placeholder "\{logn\}"/, /did you mean "\{login\}"/],
  ['{login}-{org}', /unknown placeholder "\{org\}"/, /\{login\}, \{id\}/],
  ['{login} x', /Permit does not accept/, /letters, digits/],
  ['{login}/{id}', /Permit does not accept/, /letters, digits/],
])('%j makes none', (template, what, hint) => {
  expect(userKeyProblem(template)?.message).toMatch(what);
  expect(userKeyProblem(template)?.hint).toMatch(hint);
});

test.each([
  ['*', '', true],
  ['*', 'anything', true],
  ['a*c', 'abbbc', true],
  ['a*c', 'ac', true],
  ['a*c', 'acd', false],
  ['*-bot', 'ci-bot', true],
  ['*-bot', 'bot', false],
  ['ACME', 'acme', true],
  ['a*b*c', 'axbxbxc', true],
  ['', 'a', false],
  ['', '', true],
])('glob %j against %j: %s', (pattern, text, expected) => {
  expect(globMatches(pattern, text)).toBe(expected);
});

test('a hostile pattern ends', () => {
  expect(globMatches('*a'.repeat(150), `${'a'.repeat(5000)}b`)).toBe(false);
});

test('a suggestion is close, or there is none', () => {
  expect(closest('tennant', ['owner', 'tenant'])).toBe('tenant');
  expect(closest('APIURL', ['apiUrl'])).toBe('apiUrl');
  expect(closest('x', ['owner'])).toBeUndefined();
  expect(closest('a'.repeat(100_000), ['owner'])).toBeUndefined();
  expect(suggestion('zzz', ['sync', 'upsert-only'])).toBe('expected sync or upsert-only');
  expect(suggestion('zzz', [])).toBe('');
});
