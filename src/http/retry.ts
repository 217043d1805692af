import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { HttpFailure } from './http-failure.ts';
import type { RequestObserver } from './request-observer.ts';
import type { Stop } from './stop.ts';

export type RetryPolicy = {
  /** Retries after the first attempt. Waiting for a rate limit does not count: it may take as long as the run. */
  readonly retries: number;
  /** Upper bound of the first wait, in milliseconds; it doubles each time. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
};

export const DEFAULT_RETRY: RetryPolicy = { retries: 5, firstWaitMs: 500, longestWaitMs: 30_000 };

/**
 * Retries a request that failed for a transient reason: exponential backoff with full jitter, or as long as the service
 * says. Never waits past the end of the run.
 * @param repeatable whether sending the request twice does no harm, and may help after this failure. If false, only
 *   requests that were certainly not processed are retried: rate limits, and connections that were never made.
 * @throws the last HttpFailure, or the stop's own error if the run ends during a wait.
 */
export function withRetry<T>(
  attempt: () => Promise<T>,
  {
    stop,
    repeatable,
    policy = DEFAULT_RETRY,
    onWait,
  }: { stop: Stop; repeatable: Repeatable; policy?: RetryPolicy; onWait?: RequestObserver['onWait'] },
): Promise<T> {
  return pRetry(attempt, {
    // Counted below: p-retry would also stop at a rate limit once no retry is left.
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    maxTimeout: 0,
    shouldConsumeRetry: ({ error }) => !(error instanceof HttpFailure && error.throttled),
    shouldRetry: async ({ error, attemptNumber, retriesConsumed }) => {
      if (!(error instanceof HttpFailure) || stop.signal.aborted || !mayPass(error, repeatable)) return false;
      if (!error.throttled && retriesConsumed >= policy.retries) return false;
      const jitterMs = jittered(policy, attemptNumber);
      // Clients that got the same time from the service must not all return at once.
      const waitMs = error.retryAfterMs ? error.retryAfterMs + Math.min(jitterMs, 1000) : jitterMs;
      if (waitMs >= stop.remainingMs()) return false;
      const over = onWait?.(error.throttled ? `${error.service}'s rate limit` : error.service, waitMs);
      await sleep(waitMs, undefined, { signal: stop.signal })
        .catch(() => stop.signal.throwIfAborted())
        .finally(over);
      return true;
    },
  });
}

export type Repeatable = boolean | ((failure: HttpFailure) => boolean);

function mayPass(failure: HttpFailure, repeatable: Repeatable): boolean {
  if (failure.trouble === 'oversized' || failure.trouble === 'proxy-refused') return false;
  if (failure.throttled || !failure.sent) return true;
  const mayRepeat = typeof repeatable === 'function' ? repeatable(failure) : repeatable;
  return mayRepeat && failure.ambiguous;
}

const jittered = ({ firstWaitMs, longestWaitMs }: RetryPolicy, attemptNumber: number): number =>
  Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attemptNumber - 1, 20));
