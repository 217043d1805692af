import { createHmac, timingSafeEqual } from 'node:crypto';
import { verify } from '@octokit/webhooks-methods';

/**
 * The secrets of the webhook, any of which may have signed: two of them while one is changed for another.
 * `insecure` takes whatever comes, and has to be said in so many words: an empty list is a mistake, not a wish.
 */
export type WebhookSecrets = readonly string[] | 'insecure';

const PLAUSIBLE = /^sha256=[0-9a-f]{64}$/;

/** Whether it could be a signature at all. What could not be needs no body to be refused. */
export const isPlausible = (signature: string | undefined): signature is string =>
  signature !== undefined && PLAUSIBLE.test(signature);

/**
 * Whether `X-Hub-Signature-256` is the HMAC-SHA-256 of these very bytes with one of the secrets. Every secret is
 * tried, so that the time says nothing about which one it was.
 * @param text the bytes, decoded without loss; undefined where they are no UTF-8.
 */
export async function isSigned(
  bytes: Uint8Array,
  text: string | undefined,
  signature: string,
  secrets: readonly string[],
): Promise<boolean> {
  const found = await Promise.all(
    secrets.map((secret) =>
      text === undefined || text === ''
        ? isSignedBytes(bytes, signature, secret)
        : verify(secret, text, signature),
    ),
  );
  return found.includes(true);
}

/**
 * `verify` takes only a text, and none that is empty. What it can't take is never a delivery, but who signed it shall
 * read 400 and not 401: bytes that are no UTF-8 must not be verified as something that they are not.
 */
function isSignedBytes(bytes: Uint8Array, signature: string, secret: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
