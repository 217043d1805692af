import type { Service } from '../http/http-failure.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import type { Log } from './log.ts';
import type { Progress } from './progress.ts';

export type RequestCounter = Required<RequestObserver> & {
  /** When the GitHub token expires, in milliseconds since the epoch; undefined until GitHub says it. */
  readonly tokenExpiresMs: () => number | undefined;
  /** What GitHub's rate limit allowed after its last answer; undefined until GitHub says it. */
  readonly gitHubRequestsLeft: () => number | undefined;
  /** Requests sent, repeated ones included. */
  readonly requests: { github: number; permit: number };
  /**
   * Writes to Permit and GitHub, repeated ones included. `refused`: answered by a 4xx other than 408, so that
   * nothing was written.
   */
  readonly writes: { readonly begun: number; readonly underWay: number; readonly refused: number };
};

/** Whether anything may have been written: a write without an answer counts, a refused one does not. */
export const mayHaveWritten = ({ writes }: Pick<RequestCounter, 'writes'>): boolean =>
  writes.begun > writes.refused;

/** Counts requests, logs how each ended, and shows waits on `progress`. */
export function countRequests(
  log: Pick<Log, 'debug'>,
  progress: Pick<Progress, 'waits' | 'answered'>,
  onCredential: (secret: string) => void,
): RequestCounter {
  return counterPassingOn({
    onStart: () => undefined,
    onTokenExpiry: () => undefined,
    onRateLimit: () => undefined,
    onCredential,
    onWait: (limit, ms) => {
      log.debug(`waiting for ${limit} (${Math.ceil(ms / 1000)} s)`);
      return progress.waits(limit, ms);
    },
    onEnd: (service, request, status, durationMs) => {
      progress.answered();
      log.debug(`${service} ${request} ${status ?? 'no answer'} (${Math.round(durationMs)} ms)`, {
        service: keyOf(service),
        request,
        status,
        durationMs: Math.round(durationMs),
      });
    },
  });
}

/** Counts a part of what `total` counts. */
export const countWithin = (total: RequestCounter): RequestCounter => counterPassingOn(total);

function counterPassingOn(next: Required<RequestObserver>): RequestCounter {
  const writes = { begun: 0, underWay: 0, refused: 0 };
  const requests = { github: 0, permit: 0 };
  let tokenExpiresMs: number | undefined;
  let gitHubRequestsLeft: number | undefined;
  return {
    requests,
    writes,
    onStart: (service, isWrite = false) => {
      requests[keyOf(service)]++;
      if (isWrite) {
        writes.begun++;
        writes.underWay++;
      }
      next.onStart(service, isWrite);
    },
    tokenExpiresMs: () => tokenExpiresMs,
    onTokenExpiry: (expiresMs) => {
      tokenExpiresMs = expiresMs;
      next.onTokenExpiry(expiresMs);
    },
    gitHubRequestsLeft: () => gitHubRequestsLeft,
    onRateLimit: (remaining) => {
      gitHubRequestsLeft = remaining;
      next.onRateLimit(remaining);
    },
    onCredential: next.onCredential,
    onWait: next.onWait,
    onEnd: (service, request, status, durationMs, isWrite = false) => {
      if (isWrite) {
        writes.underWay--;
        if (isRefusal(status)) writes.refused++;
      }
      next.onEnd(service, request, status, durationMs, isWrite);
    },
  };
}

const keyOf = (service: Service): 'github' | 'permit' => (service === 'GitHub' ? 'github' : 'permit');

const isRefusal = (status: number | undefined): boolean =>
  status !== undefined && status >= 400 && status < 500 && status !== 408;
