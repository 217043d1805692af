import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedState } from '../model/webhooks/queue.ts';
import type { PermitPlace } from '../sync/config-digest.ts';
import { type Drained, type DrainPorts, type DrainRequest, drain, NOTHING_DRAINED } from './drain.ts';

/** The clients of one round. They are opened only when something waits. */
type RoundClients = Pick<DrainPorts, 'github' | 'reader' | 'writer' | 'pause' | 'schedule' | 'now'> &
  Pick<DrainPorts, 'onJudged' | 'onApplied'> & { readonly environment: () => Promise<PermitPlace> };

type RoundPorts = Pick<DrainPorts, 'signal' | 'announce'> & {
  readonly shared: SharedState;
  readonly queue: DrainPorts['queue'] & { readonly status: () => Promise<{ readonly pending: number }> };
  readonly openClients: () => RoundClients;
};

/**
 * Processes what waits in the queue, once. An empty queue costs no request to GitHub or Permit.
 * @returns `pending`: entries that are still in the queue. @throws SyncError when nothing could be done.
 */
export async function drainRound(
  request: DrainRequest,
  { shared, queue, openClients, signal, announce }: RoundPorts,
): Promise<{ readonly drained: Drained; readonly pending: number }> {
  if ((await queue.status()).pending === 0) return { drained: NOTHING_DRAINED, pending: 0 };
  const { environment, ...clients } = openClients();
  const place = await environment();
  await shared.bind(`${place.project}/${place.environment}`, 'record');
  const { lock, budget, listingBudget, record } = shared;
  const drained = await drain(request, {
    ...clients,
    ...{ queue, lock, budget, listingBudget, record },
    ...{ announce, signal },
    sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
  });
  const { pending } = await queue.status().catch(() => ({ pending: drained.released.length }));
  return { drained, pending };
}
