import { SyncError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { RepositorySettings } from '../model/repositories/facts.ts';
import { hasEnded, tenantFor } from '../model/rule.ts';
import { enumerate } from '../model/text/text.ts';
import { findNamed } from '../plan/keys/rivals.ts';
import { unknownLogins } from '../plan/make-plan.ts';
import { assignableGrants } from '../plan/managed-grants.ts';
import { knownLogins } from '../plan/ownership.ts';
import { anyoneHoldsMirroredRole } from '../plan/repositories/owned-instance.ts';
import { admitAll } from './admission.ts';
import { bringInSync } from './engine.ts';
import { type ListedObservation, listOrgs } from './observation.ts';
import { describeMissing, openPreflight, type Preflight, requireSomethingToDo } from './preflight.ts';
import type { ReconcilePorts, ReconcileRequest, ReconcileResult } from './run.ts';

/** A full run: list, plan, confirm, admit all or nothing, apply. @throws SyncError before anything was written. */
export async function reconcile(request: ReconcileRequest, ports: ReconcilePorts): Promise<ReconcileResult> {
  const { observation, preflight } = await listEverything(request, ports);
  refuseUnknownLogins(observation, request);
  const scope = {
    observation,
    preflight,
    loginsOf: knownLogins(observation.users, request.owner),
    admission: admitAll(request, ports),
    checkDraft: (draft: Plan) =>
      requireSomethingToDo(draft, describeMissing(preflight.missing(), draft, request.policyCommand)),
  };
  return bringInSync(scope, request, ports);
}

/**
 * Reads GitHub and Permit in parallel, and asks Permit for the roles and tenants that the rules can give.
 * @throws SyncError when no organization could be read completely.
 */
export async function listEverything(
  request: ReconcileRequest,
  ports: Pick<ReconcilePorts, 'github' | 'reader' | 'announce' | 'now'>,
): Promise<{ readonly observation: ListedObservation; readonly preflight: Preflight }> {
  const { github, reader } = ports;
  const now = ports.now();
  ports.announce('list');
  const { listedOrgs, rules, repositories, logins, owner } = request;
  if (repositories && !reader.readGraph) throw withoutGraph();
  const readPermit = async () => {
    const [users, early] = await Promise.all([reader.readUsers(), repositories && reader.readGraph?.()]);
    const graph = early ?? (anyoneHoldsMirroredRole(users) ? await reader.readGraph?.() : undefined);
    const preflight = openPreflight(users, reader, graph);
    const inForce = rules.filter((rule) => !hasEnded(rule, now));
    await preflight.lookFor(assignableGrants(inForce, listedOrgs));
    if (repositories && graph) await preflight.lookForTenants(tenantsOf(repositories));
    return { users, graph, preflight };
  };
  const { observation, permit } = await listOrgs(
    request,
    { github, now },
    readPermit,
    logins ? (orgs, users) => findNamed(logins, orgs, { users, owner }) : 'everyone',
  );
  return { observation, preflight: permit.preflight };
}

const withoutGraph = (): SyncError =>
  new SyncError(
    'USAGE',
    'the config mirrors repositories, and this target cannot read them from Permit',
    'give the target readGraph, or leave repositories out of the config',
  );

const tenantsOf = ({ orgs, tenant }: RepositorySettings): readonly string[] => [
  ...new Set(orgs.map((org) => tenantFor(tenant, org))),
];

function refuseUnknownLogins(
  { now, listings, users, incomplete }: ListedObservation,
  request: ReconcileRequest,
): void {
  const unknown = unknownLogins({ ...request, now, listings, users });
  if (unknown.length === 0 || incomplete.length > 0) return;
  throw new SyncError(
    'USAGE',
    `nobody is called ${enumerate(unknown)}, neither a member of ${enumerate(listings.map(({ org }) => org))} nor a user managed here`,
    'check the login after --user: it is the name after the @ on GitHub',
  );
}
