import { createHmac, timingSafeEqual } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
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
 * @param pieces of the body, in their order. @param text the body, decoded without loss; undefined where they are not
 * UTF-8, or too many to decode unproven.
 */
export async function isSigned(
  pieces: readonly Uint8Array[],
  text: string | undefined,
  signature: string,
  secrets: readonly string[],
): Promise<boolean> {
  const found = await Promise.all(
    secrets.map((secret) =>
      text === undefined || text === ''
        ? isSignedBytes(pieces, signature, secret)
        : verify(secret, text, signature),
    ),
  );
  return found.includes(true);
}

/**
 * Larger bodies are verified piece by piece, so that other deliveries are answered in between, and are not decoded
 * before they are known to be signed.
 */
export const LARGE_BODY_BYTES = 1024 * 1024;

/**
 * `verify` takes only text that is not empty. What it can't take is never a delivery, but a sender who knows the secret
 * should read 400 rather than 401, and bytes that are not UTF-8 must not be verified as something they are not.
 */
async function isSignedBytes(
  pieces: readonly Uint8Array[],
  signature: string,
  secret: string,
): Promise<boolean> {
  const hmac = createHmac('sha256', secret);
  let unbroken = 0;
  for (const piece of pieces) {
    hmac.update(piece);
    unbroken += piece.length;
    if (unbroken < LARGE_BODY_BYTES) continue;
    unbroken = 0;
    await setImmediate();
  }
  const expected = Buffer.from(`sha256=${hmac.digest('hex')}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
