import type { Answer } from '../server.ts';
import type { PermitRateLimits, PermitSwitches } from './ask.ts';

/** What Permit publishes. */
const PUBLISHED_LIMITS = {
  requestsPerMinute: 1000,
  writesPerMinute: 300,
  deletesPerMinute: 60,
  bulkPer10Minutes: 100,
  schemaPostsPerMinute: 40,
  windowMs: 60_000,
} as const satisfies PermitRateLimits;

type Call = { readonly at: number; readonly limits: ReadonlySet<LimitName> };
type LimitName = Exclude<keyof PermitRateLimits, 'windowMs'>;

/** The limits that a request counts against. */
function limitsOf(method: string, path: string): ReadonlySet<LimitName> {
  const limits = new Set<LimitName>(['requestsPerMinute']);
  if (method === 'GET') return limits;
  limits.add('writesPerMinute');
  if (method === 'DELETE') limits.add('deletesPerMinute');
  if (path.split('/').includes('bulk')) limits.add('bulkPer10Minutes');
  if (method === 'POST' && path.startsWith('/v2/schema/')) limits.add('schemaPostsPerMinute');
  return limits;
}

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
    const most = { ...PUBLISHED_LIMITS, ...(switches.rateLimits === 'on' ? {} : switches.rateLimits) };
    const now = switches.now();
    const windowMs = (name: LimitName): number => (name === 'bulkPer10Minutes' ? 10 : 1) * most.windowMs;
    const calls = (callsByKey.get(apiKey) ?? []).filter(({ at }) => at > now - 10 * most.windowMs);
    callsByKey.set(apiKey, calls);
    const call: Call = { at: now, limits: limitsOf(method, path) };
    const waits = [...call.limits].map((name) => {
      const counted = calls.filter((one) => one.limits.has(name));
      return waitMs(counted, now, windowMs(name), most[name]);
    });
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
