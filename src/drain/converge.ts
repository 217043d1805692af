import type { PermitWriter, PersonLookup } from '../model/ports.ts';
import type { SharedState } from '../model/webhooks/queue.ts';
import { admitWhatFits } from '../sync/admission.ts';
import { bringInSync } from '../sync/engine.ts';
import { lastRunOf } from '../sync/last-run.ts';
import { observedOrgs } from '../sync/observation.ts';
import { openPreflight } from '../sync/preflight.ts';
import type { ReconcilePorts, ReconcileRequest, ReconcileResult } from '../sync/run.ts';
import { lookupsOf } from './contradictions.ts';
import type { Hints } from './hints.ts';
import { observe } from './observe.ts';
import { askOnce } from './read-users.ts';
import { openGraphConcerns } from './repository-scope.ts';
import { type Convergence, findOpenInstances, findUnconverged, seenAmong } from './settlement.ts';

/** What a drain needs to bring its people in sync. */
export type ConvergePorts = ReconcilePorts &
  Pick<SharedState, 'budget' | 'record'> & {
    readonly github: PersonLookup;
    readonly writer: PermitWriter;
  };

/**
 * Brings the people of the queue in sync with the engine of a full run. Only the observation is narrower, and the
 * limits let as many people through as fit. @throws SyncError before anything was written.
 */
export async function converge(
  hints: Hints,
  given: ReconcileRequest,
  ports: ConvergePorts,
): Promise<{ readonly convergence: Convergence; readonly reconciled: ReconcileResult }> {
  // Unmanaged grants are pruned by a full run only.
  const request: ReconcileRequest = { ...given, pruneUnmanaged: undefined };
  ports.announce('list');
  const reader = askOnce(ports.reader);
  const observed = await observe(hints, request, { ...ports, reader });
  const { observation, people, loginsOf, idsByLogin, contradictions, lacking } = observed;
  const { heldBack, ...reconciled } = await bringInSync(
    {
      observation,
      preflight: openPreflight(observation.users, ports.reader, observation.graph),
      loginsOf,
      admission: admitWhatFits(people, request, ports),
      oneAlone: true,
      onPlanned: async (plan) => {
        // A listing shows the sizes by which later drains choose between lookups and listings.
        if (observation.kind === 'lookedUp' || observation.incomplete.length > 0) return;
        await ports.record.write(lastRunOf(observation.listings, plan, [], ports.now()));
      },
    },
    request,
    { ...ports, reader: { ...ports.reader, countUsers: reader.countUsers } },
  );
  const { plan, results } = reconciled;
  return {
    reconciled,
    convergence: {
      idsByLogin,
      open: findUnconverged({ plan, results, heldBack }),
      concernOf: openGraphConcerns(hints, observedOrgs(observation), lacking),
      openInstances: findOpenInstances(reconciled, observedOrgs(observation)),
      isSeen: seenAmong(observedOrgs(observation), request.configuredOrgs),
      contradicted: lookupsOf(contradictions),
    },
  };
}
