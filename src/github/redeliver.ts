import { HttpFailure } from '../http/http-failure.ts';
import { openPace, type PaceTiming } from '../http/pace.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import type { Stop } from '../http/stop.ts';
import type { ErrorCode } from '../model/errors.ts';
import { SyncError } from '../model/errors.ts';
import { byLimit } from '../model/pace.ts';
import type { Problem } from '../model/problem.ts';
import type { HookRef, Redeliver, RedeliveryAnswer } from '../model/webhooks/redelivery.ts';
import { deliveriesOf } from './deliveries.ts';
import type { AppAccess } from './delivery-source.ts';
import type { CredentialKind } from './explain-failure.ts';
import { explainDeliveryFailure, said } from './explain-hook-failure.ts';
import type { WritingGitHubClient } from './github-client.ts';

/** GitHub's secondary limit is 900 points a minute, and a write costs 5. This leaves 100 points for reads. */
const POSTS_PER_MINUTE = 160;
const LIMIT = "GitHub's limit of 900 points a minute";

type RedeliverOptions = {
  /** Undefined if a token is used. */
  readonly app?: AppAccess<WritingGitHubClient> | undefined;
  readonly stop: Stop;
  readonly observer: RequestObserver;
  readonly timing?: Partial<PaceTiming>;
};

/**
 * `POST …/deliveries/{attempt}/attempts`, at a pace that GitHub allows. GitHub answers 202 and makes the attempt
 * later: whether it succeeds is seen by the next run.
 * @param open what `createWritingGitHubClients` returns, wrapped in `once`.
 */
export function createRedeliver(
  open: (org: string) => Promise<WritingGitHubClient>,
  credentials: CredentialKind,
  { app, stop, observer, timing }: RedeliverOptions,
): Redeliver {
  const limits = { ...byLimit(() => Number.POSITIVE_INFINITY), writesPerMinute: POSTS_PER_MINUTE };
  const pace = openPace(
    limits,
    stop.signal,
    (_, ms) => observer.onWait?.(LIMIT, ms) ?? (() => undefined),
    timing,
  );
  return async (hook, attempt) => {
    try {
      await pace.turn('write');
      const client = await ('app' in hook ? app?.open() : open(hook.org));
      if (client === undefined) throw new TypeError('a webhook of a GitHub App without its credentials');
      const { route, parameters } = deliveriesOf(hook);
      await client.post(`${route}/{attempt}/attempts`, { ...parameters, attempt });
      return { kind: 'requested' };
    } catch (error) {
      return answerOf(error, hook, credentials);
    }
  };
}

function answerOf(error: unknown, hook: HookRef, credentials: CredentialKind): RedeliveryAnswer {
  const explain = (failure: HttpFailure): Problem<ErrorCode> =>
    explainDeliveryFailure(failure, hook, credentials);
  if (error instanceof SyncError) return barredFromEverything(error);
  if (!(error instanceof HttpFailure)) throw error;
  if (error.throttled || error.status === 401) {
    try {
      return barredFromEverything(explain(error));
    } catch (refusal) {
      if (refusal instanceof SyncError) return barredFromEverything(refusal);
      throw refusal;
    }
  }
  // What fails before the request itself is the App's installation or its token.
  if (error.status === 403 || !error.request.endsWith('/attempts')) {
    return { kind: 'barred', from: 'owner', ...explain(error) };
  }
  if (error.status === 404 || error.status === 410) {
    const message = `GitHub no longer keeps it (3 days, 7 on an Enterprise Server), or the webhook is gone (${said(error)})`;
    return { kind: 'failed', code: 'GITHUB_NOT_FOUND', message };
  }
  const message = error.ambiguous
    ? `no clear answer, it may have been delivered again; the next run sees it (${said(error)})`
    : `GitHub will not deliver it again (${said(error)})`;
  return { kind: 'failed', code: 'GITHUB_UNAVAILABLE', message };
}

const barredFromEverything = ({ code, message, hint }: Problem<ErrorCode>): RedeliveryAnswer => ({
  kind: 'barred',
  from: 'everything',
  code,
  message,
  hint,
});
