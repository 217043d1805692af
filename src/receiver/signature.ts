import { createHmac, timingSafeEqual } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { verify } from '@octokit/webhooks-methods';

/**
 * The secrets of the webhook, any of which may have signed: there are two during a rotation. `insecure` accepts
 * everything and has to be explicit: an empty list is a mistake.
 */
export type WebhookSecrets = readonly string[] | 'insecure';

const PLAUSIBLE = /^sha256=[0-9a-f]{64}$/;

/** Whether it has the form of a signature. Anything else is refused without its body. */
export const isPlausible = (signature: string | undefined): signature is string =>
  signature !== undefined && PLAUSIBLE.test(signature);

/**
 * Whether `X-Hub-Signature-256` is the HMAC-SHA-256 of these bytes with one of the secrets. Every secret is tried, so
 * that the timing does not reveal which one matched.
 * @param pieces of the body, in order.
 * @param text the body, decoded without loss; undefined if it is not UTF-8, or too large to decode before it is proved.
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
 * Larger bodies are verified piece by piece, so that other deliveries are answered in between, and are decoded only
 * once the signature is known to be valid.
 */
export const LARGE_BODY_BYTES = 1024 * 1024;

/**
 * For bodies that `verify` does not take: empty, not UTF-8, or large. A sender who knows the secret should get 400 for
 * them rather than 401.
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
