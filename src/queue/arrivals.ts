import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../model/errors.ts';
import { keysOf } from './keys.ts';
import { openRedis } from './redis.ts';

/** Less than a call to Redis may take. */
const LISTEN_MS = 4_000;
/** After a failure. Those who drain ask Redis themselves, and report an outage. */
const PAUSE_MS = 5_000;

/**
 * Calls `onArrival` as soon as Redis has a new entry, until `ended`. Waiting needs a separate connection.
 * @returns once it has ended. An entry that arrives between two waits goes unnoticed.
 */
export async function hearArrivals(
  { url, prefix }: { readonly url: string; readonly prefix: string },
  onArrival: () => void,
  ended: AbortSignal,
): Promise<void> {
  const redis = await openRedis({ url });
  ended.addEventListener('abort', redis.close, { once: true });
  const { stream } = keysOf(prefix);
  while (!ended.aborted) {
    try {
      if (await redis.hasNewEntry(stream, LISTEN_MS)) onArrival();
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      await sleep(PAUSE_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }
}
