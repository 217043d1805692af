import { verify } from 'node:crypto';
import { badCredentials, refusal } from './answers.ts';
import type { GitHubApp, GitHubWorld } from './world.ts';

/** GitHub accepts no App token that lives longer, counted from now. */
const MAX_LIFETIME_SECONDS = 600;

/** Three parts divided by points; no other kind of token holds a point. */
export const looksLikeAppToken = (token: string): boolean => token.split('.').length === 3;

/**
 * Proves a GitHub App by its JSON web token: RS256 under the App's public key, `iss` the App's id, `iat` past and
 * `exp` at most ten minutes ahead. The messages are GitHub's own; @octokit/auth-app matches on three of them.
 * @param nowMs milliseconds since the epoch
 * @throws Refused with 401, or with 404 for an App that does not exist
 */
export function verifyAppToken(world: GitHubWorld, token: string, nowMs: number): GitHubApp {
  const [head = '', claims = '', signature = ''] = token.split('.');
  const header = readPart(head);
  const { iss, iat, exp } = readPart(claims);
  const app = world.apps.get(Number(iss));
  if (app === undefined) throw refusal(404, 'Integration not found');
  const signed = Buffer.from(`${head}.${claims}`);
  if (header.alg !== 'RS256') throw undecodable();
  if (!verify('RSA-SHA256', signed, app.publicKey, Buffer.from(signature, 'base64url'))) throw undecodable();
  const now = Math.floor(nowMs / 1000);
  if (typeof exp !== 'number' || exp <= now) {
    throw refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + MAX_LIFETIME_SECONDS) {
    throw refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  if (!Number.isInteger(iat) || (iat as number) > now) {
    throw refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  return app;
}

const undecodable = () => refusal(401, 'A JSON web token could not be decoded');

function readPart(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    throw badCredentials();
  }
}
