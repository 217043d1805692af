const DAY_MS = 24 * 3_600_000;
const NOTICE_MS = 14 * DAY_MS;

/** @param variable which holds the token, such as GH_TOKEN. @param expiresMs since the epoch. */
export type TokenExpiry = { readonly variable: string; readonly expiresMs: number };

/** "the token in GH_TOKEN expires on 2026-12-01 10:00 UTC, in 5 days". */
export function describeTokenExpiry({ variable, expiresMs }: TokenExpiry, nowMs: number): string {
  const days = Math.max(0, Math.floor((expiresMs - nowMs) / DAY_MS));
  const when = days === 0 ? 'within a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  const date = new Date(expiresMs).toISOString().slice(0, 16).replace('T', ' ');
  return `the token in ${variable} expires on ${date} UTC, ${when}`;
}

/** @returns what to do about a token that expires within 14 days; undefined for one that lasts longer. */
export function renewalHint({ variable, expiresMs }: TokenExpiry, nowMs: number): string | undefined {
  if (expiresMs - nowMs > NOTICE_MS) return undefined;
  return (
    `create a new token with the same permissions and set ${variable} to it before then, or use a GitHub App, ` +
    'which needs no renewal'
  );
}
