import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText, parsePayload, payloadForm } from '../../../src/receiver/delivery.ts';
import { isPlausible, isSigned } from '../../../src/receiver/signature.ts';
import { SECRET, sign } from './support.ts';

const check = (bytes: Uint8Array, signature: string, secrets: readonly string[] = [SECRET]) =>
  isSigned([bytes], decodeText(bytes), signature, secrets);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a signature', () => {
  // GitHub's own example ("Validating webhook deliveries").
  test("from GitHub's documentation is valid", async () => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(await check(bytesOf('Hello, World!'), signature, ["It's a Secret to Everybody"])).toBe(true);
  });

  test('may be made with any of the secrets', async () => {
    const bytes = bytesOf('{}');
    for (const secret of ['old', 'middle', 'new']) {
      expect(await check(bytes, sign(bytes, secret), ['old', 'middle', 'new'])).toBe(true);
    }
    expect(await check(bytes, sign(bytes, 'other'), ['old', 'middle', 'new'])).toBe(false);
    expect(await check(bytes, sign(bytes, 'old'), [])).toBe(false);
  });

  test('is of these bytes and no others, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        async (one, other) => {
          expect(await check(one, sign(one))).toBe(true);
          expect(await check(other, sign(one))).toBe(Buffer.from(one).equals(Buffer.from(other)));
        },
      ),
    );
  });

  test('of a text is not valid for bytes that only decode to it, nor vice versa', async () => {
    const broken = Uint8Array.of(0x22, 0xff, 0x22);
    const replaced = bytesOf('"\ufffd"');
    expect(await check(broken, sign(replaced))).toBe(false);
    expect(await check(replaced, sign(broken))).toBe(false);
    expect(await check(bytesOf('{}'), sign(bytesOf('\ufeff{}')))).toBe(false);
    expect(await check(bytesOf('\ufeff{}'), sign(bytesOf('\ufeff{}')))).toBe(true);
  });

  test.each([
    [undefined, false],
    ['', false],
    ['sha256=', false],
    [`sha1=${'a'.repeat(40)}`, false],
    [`sha256=${'a'.repeat(63)}`, false],
    [`sha256=${'A'.repeat(64)}`, false],
    [`sha256=${'a'.repeat(64)}, sha256=${'b'.repeat(64)}`, false],
    [`sha256=${'a'.repeat(64)}\n`, false],
    [`sha256=${'a'.repeat(64)}`, true],
  ])('%j could be one: %s', (signature, could) => {
    expect(isPlausible(signature)).toBe(could);
  });
});

test.each([
  ['application/json', 'json'],
  ['Application/JSON; charset=utf-8', 'json'],
  ['application/x-www-form-urlencoded', 'form'],
  ['application/x-www-form-urlencoded ;charset=UTF-8', 'form'],
  ['application/jsonp', undefined],
  ['text/plain', undefined],
  ['multipart/form-data; boundary=x', undefined],
  ['', undefined],
  [undefined, undefined],
])('the content type %j is %s', (type, form) => {
  expect(payloadForm(type)).toBe(form);
});

describe('a payload', () => {
  const parsed = (value: unknown) => ({ kind: 'parsed', value });
  test('is JSON, or the field of a form', () => {
    expect(parsePayload('{"a":1}', 'json')).toEqual(parsed({ a: 1 }));
    expect(parsePayload(`payload=${encodeURIComponent('{"a":"ü&="}')}`, 'form')).toEqual(
      parsed({ a: 'ü&=' }),
    );
    expect(parsePayload('payload=%7B%22a%22%3A1%7D&other=2', 'form')).toEqual(parsed({ a: 1 }));
  });

  test.each([
    ['', 'json'],
    ['{', 'json'],
    ['{"a":1}x', 'json'],
    ['payload=%7B%7D', 'json'],
    ['\ufeff{}', 'json'],
    [undefined, 'json'],
    ['', 'form'],
    ['{"a":1}', 'form'],
    ['payload=', 'form'],
    ['payload=%7B', 'form'],
    ['Payload=%7B%7D', 'form'],
    [undefined, 'form'],
  ] as const)('%j as %s is unreadable', (text, form) => {
    expect(parsePayload(text, form).kind).toBe('unreadable');
  });

  test('endlessly nested is parsed or unreadable, and crashes nothing', () => {
    expect(['parsed', 'unreadable']).toContain(parsePayload('['.repeat(5_000_000), 'json').kind);
  });

  test('why it is unreadable quotes nothing of it', () => {
    expect(JSON.stringify(parsePayload('{"token": hunter2}', 'json'))).not.toContain('hunter2');
  });
});
