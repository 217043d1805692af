import type { PermitRateLimits, PermitSwitches } from './permit-ask.ts';
import type { Answer } from './server.ts';

/** What Permit publishes. */
export const PUBLISHED_LIMITS = {
  requestsPerMinute: 1000,
  writesPerMinute: 300,
  deletesPerMinute: 60,
  bulkPer10Minutes: 100,
  windowMs: 60_000,
} as const satisfies PermitRateLimits;

type Call = {
  readonly at: number;
  readonly isWrite: boolean;
  readonly isDelete: boolean;
  readonly isBulk: boolean;
};

/**
 * Keeps the limits over a sliding window, which is the strictest way to read them. What is refused does not count.
 * @returns the 429 for a request, or undefined after having counted it
 */
export function permitRateLimits(
  switches: PermitSwitches,
): (apiKey: string, method: string, path: string) => Answer | undefined {
  const callsByKey = new Map<string, Call[]>();
  return (apiKey, method, path) => {
    if (switches.rateLimits === 'off') return undefined;
    const limits = { ...PUBLISHED_LIMITS, ...(switches.rateLimits === 'on' ? {} : switches.rateLimits) };
    const now = switches.now();
    const bulkMs = 10 * limits.windowMs;
    const calls = (callsByKey.get(apiKey) ?? []).filter(({ at }) => at > now - bulkMs);
    callsByKey.set(apiKey, calls);
    const call: Call = {
      at: now,
      isWrite: method !== 'GET',
      isDelete: method === 'DELETE',
      isBulk: path.split('/').includes('bulk'),
    };
    const waits = [
      waitMs(calls, now, limits.windowMs, limits.requestsPerMinute),
      call.isWrite
        ? waitMs(
            calls.filter((one) => one.isWrite),
            now,
            limits.windowMs,
            limits.writesPerMinute,
          )
        : 0,
      call.isDelete
        ? waitMs(
            calls.filter((one) => one.isDelete),
            now,
            limits.windowMs,
            limits.deletesPerMinute,
          )
        : 0,
      call.isBulk
        ? waitMs(
            calls.filter((one) => one.isBulk),
            now,
            bulkMs,
            limits.bulkPer10Minutes,
          )
        : 0,
    ];
    const wait = Math.max(...waits);
    if (wait === 0) {
      calls.push(call);
      return undefined;
    }
    const seconds = String(Math.max(1, Math.ceil(wait / 1000)));
    const body = { detail: 'Rate limit exceeded' };
    return { status: 429, body, ...(switches.retryAfter ? { headers: { 'retry-after': seconds } } : {}) };
  };
}

/** How long until fewer than `most` of the calls are within the window; 0 when that is so already. */
function waitMs(calls: readonly Call[], now: number, windowMs: number, most: number): number {
  const within = calls.filter(({ at }) => at > now - windowMs);
  const oldest = within[within.length - most];
  if (within.length < most) return 0;
  return oldest === undefined ? windowMs : oldest.at + windowMs - now;
}
