import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Flaw } from './flaw.ts';

/**
 * The PEM text of a key that was given as PEM with line breaks, as PEM with `\n` written out (which is what many
 * secret stores make of it), or as base64 of either; in quotes or without.
 * @returns the text as it is where it is none of these; {@link privateKeyFlaw} then has the objection.
 */
export function decodePrivateKey(text: string): string {
  const plain = unquoted(text);
  const pem = plain.includes('-----BEGIN') ? plain : unquoted(fromBase64(plain));
  return pem.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r', '').trim();
}

/** What a dotenv file or a shell script puts around a value. */
const unquoted = (text: string): string => /^\s*(["'])([\s\S]*)\1\s*$/.exec(text)?.[2] ?? text;

function fromBase64(text: string): string {
  const decoded = Buffer.from(text.replace(/\s+/g, ''), 'base64').toString('latin1');
  return decoded.includes('-----BEGIN') ? decoded : text;
}

/** What keeps `pem` from signing for a GitHub App. Node's own error is not passed on: it belongs to a secret. */
export function privateKeyFlaw(pem: string): Flaw | undefined {
  const mend = 'give the .pem file that GitHub made for the App: its text, or base64 of it';
  if (!pem.includes('-----BEGIN'))
    return { what: 'is no private key in PEM form and no base64 of one', mend };
  if (/-----BEGIN (PUBLIC KEY|CERTIFICATE)/.test(pem))
    return { what: 'is not the private part of the key', mend };
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(pem)) {
      return { what: 'is encrypted with a passphrase', mend: 'give the key without a passphrase' };
    }
    const what = pem.includes('\n')
      ? 'is damaged: it can not be read as a private key'
      : 'has lost its line breaks: it can not be read as a private key';
    return { what, mend };
  }
  if (key.asymmetricKeyType === 'rsa') return undefined;
  return { what: 'is no RSA key, and GitHub Apps have RSA keys', mend };
}
