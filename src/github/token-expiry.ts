/** GitHub sends it with every answer to a personal access token that expires. */
export const TOKEN_EXPIRY_HEADER = 'github-authentication-token-expiration';

/**
 * @param text such as `2026-12-01 10:00:00 UTC` or `2026-12-01 10:00:00 +0200`.
 * @returns milliseconds since the epoch; undefined for anything else.
 */
export function parseTokenExpiry(text: string | undefined): number | undefined {
  const [, date, time, zone = ''] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (UTC|[+-]\d{4})$/.exec(text ?? '') ?? [];
  const offset = zone === 'UTC' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const ms = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The token of an App's installation lives for an hour: a new one is created for each run. */
export const isRenewedForEachRun = (token: string): boolean => token.startsWith('ghs_');
