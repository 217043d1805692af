import type { Refused } from '../server.ts';
import { refusal } from './answers.ts';
import type { Caller, GitHubSwitches } from './caller.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The published limits an hour (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
const PUBLISHED = { anonymous: 60, person: 5000, installation: 5000, actions: 1000, app: 5000 } as const;

type Window = { used: number; resetAt: number };

/** Counts requests by credential and says when one of GitHub's limits is crossed. */
type RateLimits = {
  /** @throws Refused when the primary limit is used up already */
  readonly check: (caller: Caller) => void;
  readonly count: (caller: Caller) => void;
  /** The headers of every answer. */
  readonly headers: (caller: Caller) => Readonly<Record<string, string>>;
  /** The answer of `GET /rate_limit`; `reset` in seconds since the epoch. */
  readonly core: (caller: Caller) => { limit: number; used: number; remaining: number; reset: number };
  /** The secondary limits. @returns the refusal of this request, if they are crossed */
  readonly secondary: (method: string, inFlight: number) => Refused | undefined;
};

export function rateLimits(switches: GitHubSwitches): RateLimits {
  const windows = new Map<string, Window>();
  let spent: { readonly at: number; readonly points: number }[] = [];

  const limitOf = (caller: Caller): number => switches.primaryLimit ?? PUBLISHED[caller.kind];

  function windowOf(caller: Caller): Window {
    const name = bucketOf(caller);
    let window = windows.get(name);
    // A limit that isn't enforced must not look used up, or a careful client would wait for an hour.
    const unkept = switches.primaryLimit === undefined && (window?.used ?? 0) >= limitOf(caller);
    if (window === undefined || window.resetAt <= switches.now() || unkept) {
      window = { used: 0, resetAt: switches.now() + HOUR_MS };
      windows.set(name, window);
    }
    return window;
  }

  function core(caller: Caller) {
    const { used, resetAt } = windowOf(caller);
    const limit = limitOf(caller);
    return { limit, used, remaining: Math.max(0, limit - used), reset: Math.ceil(resetAt / 1000) };
  }

  function headers(caller: Caller) {
    const { limit, used, remaining, reset } = core(caller);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    };
  }

  return {
    core,
    headers,
    check: (caller) => {
      if (switches.primaryLimit === undefined || core(caller).remaining > 0) return;
      throw refusal(switches.limitStatus, `API rate limit exceeded for ${bucketOf(caller)}.`);
    },
    count: (caller) => {
      windowOf(caller).used += 1;
    },
    secondary: (method, inFlight) => {
      const now = switches.now();
      let crossed = inFlight > switches.concurrentLimit;
      if (switches.pointsPerMinute !== undefined) {
        const points = method === 'GET' ? 1 : 5;
        spent = spent.filter(({ at }) => at > now - MINUTE_MS);
        const sum = spent.reduce((total, one) => total + one.points, points);
        if (sum > switches.pointsPerMinute) crossed = true;
        else if (!crossed) spent.push({ at: now, points });
      }
      if (!crossed) return undefined;
      const message =
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
      return refusal(switches.limitStatus, message, { 'retry-after': String(switches.retryAfterSeconds) });
    },
  };
}

function bucketOf(caller: Caller): string {
  switch (caller.kind) {
    case 'anonymous':
      return '127.0.0.1';
    case 'person':
      return `user ID ${caller.account.id}`;
    case 'installation':
      return `installation of ${caller.installation.orgId}`;
    case 'actions':
      return 'the workflow';
    case 'app':
      return `app ID ${caller.app.id}`;
  }
}
