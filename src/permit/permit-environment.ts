import { HttpFailure } from '../http/http-failure.ts';
import { type RetryPolicy, withRetry } from '../http/retry.ts';
import type { Stop } from '../http/stop.ts';
import type { PermitSdk } from './permit-sdk.ts';
import { explainPermitFailure } from './requests.ts';

/**
 * The ids of the project and the environment that the API key is for.
 * @throws SyncError PERMIT_AUTH: a key that is refused, or not of one environment; PERMIT_UNAVAILABLE.
 */
export async function readEnvironment({
  sdk,
  stop,
  retry,
}: {
  readonly sdk: PermitSdk;
  readonly stop: Stop;
  readonly retry: RetryPolicy;
}): Promise<{ readonly project: string; readonly environment: string }> {
  try {
    return await withRetry(sdk.environment, { stop, repeatable: true, policy: retry });
  } catch (error) {
    throw error instanceof HttpFailure ? explainPermitFailure(error) : error;
  }
}
