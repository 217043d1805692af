import type { SharedState } from '../model/queue.ts';
import type { PermitPlace } from '../sync/config-digest.ts';
import { type Drained, type DrainPorts, type DrainRequest, drain, NOTHING_DRAINED } from './drain.ts';

/** The clients of one round. They are opened only when something waits. */
export type RoundClients = Pick<DrainPorts, 'github' | 'reader' | 'writer' | 'pause' | 'schedule'> &
  Pick<DrainPorts, 'onJudged' | 'onApplied'> & { readonly environment: () => Promise<PermitPlace> };

export type RoundPorts = Pick<DrainPorts, 'signal' | 'announce'> & {
  readonly shared: SharedState;
  readonly queue: DrainPorts['queue'] & { readonly status: () => Promise<{ readonly pending: number }> };
  readonly openClients: () => RoundClients;
};

export type Round = {
  readonly drained: Drained;
  /** Entries that are still in the queue. */
  readonly pending: number;
};

/**
 * Processes what waits in the queue, once. An empty queue costs no request to GitHub or Permit.
 * @throws SyncError when nothing could be done.
 */
export async function drainRound(
  request: DrainRequest,
  { shared, queue, openClients, signal, announce }: RoundPorts,
): Promise<Round> {
  if ((await queue.status()).pending === 0) return { drained: NOTHING_DRAINED, pending: 0 };
  const { environment, ...clients } = openClients();
  const place = await environment();
  await shared.bind(`${place.project}/${place.environment}`, 'record');
  const { lock, budget, listingBudget, record } = shared;
  const drained = await drain(request, {
    ...clients,
    ...{ queue, lock, budget, listingBudget, record },
    ...{ announce, signal },
    sleep: (ms) => sleepUntilAborted(ms, signal),
    now: () => new Date(),
  });
  const { pending } = await queue.status().catch(() => ({ pending: drained.released.length }));
  return { drained, pending };
}

/** @throws the signal's reason. */
async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises');
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
