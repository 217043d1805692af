// octokit/app.js#40: a private key that was pasted with quotes, or with its line breaks written out.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodePrivateKey, privateKeyProblem } from '../../../src/config/credentials.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString().trim();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const FORMS = {
  plain: PEM,
  'with \\n': PEM.replaceAll('\n', '\\n'),
  'with \\r\\n': PEM.replaceAll('\n', '\\r\\n'),
  'with CRLF': PEM.replaceAll('\n', '\r\n'),
  base64: base64(PEM),
  'base64 in lines': base64(PEM).replace(/.{76}/g, '$&\n'),
};
const WRAPPED: Readonly<Record<string, (text: string) => string>> = {
  bare: (text) => text,
  'in double quotes': (text) => `"${text}"`,
  'in single quotes': (text) => `'${text}'`,
  'in quotes with a line break behind': (text) => `"${text}\n"\n`,
  'in quotes, all of it in base64': (text) => base64(`"${text}"`),
};

describe.each(Object.entries(WRAPPED))('%s', (_, wrap) => {
  test.each(
    Object.entries(FORMS).filter(([name]) => !name.startsWith('base64') || wrap('') !== base64('""')),
  )('a key %s is read', (__, form) => {
    expect(decodePrivateKey(wrap(form))).toBe(PEM);
    expect(privateKeyProblem(decodePrivateKey(wrap(form)))).toBeUndefined();
  });
});
