import { SyncError } from '../model/errors.ts';
import { type Ledger, openLedger } from '../model/ledger.ts';
import type {
  PolicyChange,
  PolicyChangeKind,
  PolicyChangeOf,
  PolicyPlan,
  PolicyResult,
  ResourceRole,
} from '../model/policy.ts';
import type { NewResource, NewThing, PolicyReader, PolicyWriter } from '../model/policy-ports.ts';
import { WriteError } from '../model/ports.ts';
import { groupBy } from '../model/text/record.ts';
import { readStateAgain } from './change-state.ts';
import { type Prerequisite, prerequisitesOf } from './needs.ts';

export type PolicyApplyPorts = {
  readonly writer: PolicyWriter;
  readonly reader: Omit<PolicyReader, 'readPolicy'>;
  /** Waits before Permit is read again after a write that failed or ended in doubt. */
  readonly pause: (attempt: number) => Promise<void>;
};

/** How often a write that ends in doubt or in a conflict is sent before the run gives up on it. */
const ATTEMPTS = 3;

type Run = PolicyApplyPorts & {
  readonly ledger: Ledger<PolicyChange>;
  readonly needs: (change: PolicyChange) => readonly Prerequisite[];
};

/**
 * Applies a plan that was judged: resources with their actions, relations and roles, then roles, permissions and
 * tenants. A refused change blocks only the changes that need it.
 * @returns how each change ended, in the plan's order; never throws because of an answer from Permit.
 */
export async function applyPolicy(
  plan: PolicyPlan,
  ports: PolicyApplyPorts,
): Promise<readonly PolicyResult[]> {
  const run: Run = { ...ports, ledger: openLedger(), needs: prerequisitesOf(plan) };
  const of = <K extends PolicyChangeKind>(kind: K): readonly PolicyChangeOf<K>[] =>
    plan.changes.filter((change): change is PolicyChangeOf<K> => change.kind === kind);
  const parts = [...of('createAction'), ...of('createRelation'), ...of('createResourceRole')];

  for (const resource of of('createResource')) {
    await write([resource, ...parts.filter((part) => part.resource === resource.resource)], run);
  }
  await writeOneByOne(of('updateResource'), run);
  await writeOneByOne(parts, run);
  await writeOneByOne(of('extendResourceRole'), run);
  await writeOneByOne(of('createRole'), run);
  await writeOneByOne(of('updateRole'), run);
  for (const gains of groupBy(of('addPermission'), roleOf).values()) await write(gains, run);
  for (const losses of groupBy(of('removePermission'), roleOf).values()) await write(losses, run);
  await writeOneByOne(of('createTenant'), run);
  await writeOneByOne(of('updateTenant'), run);

  return run.ledger.results(plan.changes);
}

const roleOf = ({ role }: { readonly role: string }): string => role;

async function writeOneByOne(changes: readonly PolicyChange[], run: Run): Promise<void> {
  for (const change of changes) await write([change], run);
}

/**
 * Writes changes about one thing that fit in one request. If that request is refused or ends in doubt, writes them
 * one by one.
 */
async function write(changes: readonly PolicyChange[], run: Run): Promise<void> {
  let open = unblocked(changes, run);
  for (let attempt = 1; open.length > 0; attempt++) {
    const failure = await send(open, run);
    if (!failure) {
      run.ledger.applied(open);
      return;
    }
    if (failure.kind === 'stopped' || failure.kind === 'unavailable') {
      giveUp(open, failure, run);
      return;
    }
    if (failure.kind !== 'refused') open = unblocked(await stillOpen(open, attempt, run), run);
    if (open.length > 1) {
      await writeOneByOne(open, run);
      return;
    }
    if (failure.kind === 'refused' || attempt === ATTEMPTS) {
      const code = failure.kind === 'ambiguous' ? 'PERMIT_UNAVAILABLE' : 'PERMIT_REFUSED';
      run.ledger.failed(open, code, failure.message);
      return;
    }
  }
}

/** The unsettled changes whose prerequisites have not failed; the others are recorded as skipped. */
function unblocked(changes: readonly PolicyChange[], { ledger, needs }: Run): readonly PolicyChange[] {
  const halted = ledger.halted();
  return changes.filter((change) => {
    if (ledger.hasEnded(change)) return false;
    const isLost = (one: PolicyChange): boolean => ledger.hasEnded(one) && !ledger.isApplied(one);
    const why = halted ?? needs(change).find((need) => isLost(need.change))?.why;
    if (why !== undefined) ledger.skipped([change], why);
    return why === undefined;
  });
}

function giveUp(open: readonly PolicyChange[], failure: WriteError, { ledger }: Run): void {
  if (failure.kind === 'stopped') ledger.skipped(open, failure.message);
  else ledger.failed(open, 'PERMIT_UNAVAILABLE', failure.message);
  ledger.halt(failure.message);
}

/** Reads Permit again, and settles the changes that it shows. */
async function stillOpen(
  changes: readonly PolicyChange[],
  attempt: number,
  { ledger, reader, pause }: Run,
): Promise<readonly PolicyChange[]> {
  const [first] = changes;
  if (!first) return [];
  try {
    await pause(attempt);
    const stateOf = await readStateAgain(first, reader);
    return changes.filter((change) => {
      const now = stateOf(change);
      if (now.kind === 'done') ledger.applied([change]);
      if (now.kind === 'failed') ledger.failed([change], now.code, now.message);
      return now.kind === 'open';
    });
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const message = `in doubt: it may have been applied, but Permit could not be read again: ${error.message}`;
    ledger.failed(changes, 'PERMIT_UNAVAILABLE', message);
    ledger.halt(error.message);
    return [];
  }
}

/** @returns undefined when the write went through. */
async function send(changes: readonly PolicyChange[], { writer }: Run): Promise<WriteError | undefined> {
  const [first, ...more] = changes;
  if (!first) return undefined;
  try {
    await sendAll(first, more, writer);
    return undefined;
  } catch (error) {
    if (error instanceof WriteError) return error;
    throw error;
  }
}

/** One request. Only a new resource, or the permissions of one role, take more than one change. */
function sendAll(first: PolicyChange, more: readonly PolicyChange[], writer: PolicyWriter): Promise<void> {
  switch (first.kind) {
    case 'createResource':
      return writer.createResource({ key: first.resource, label: first.label, ...partsIn(more) });
    case 'updateResource':
      return writer.updateResource(first.resource, first.to);
    case 'createAction':
      return writer.createAction(first.resource, first.action);
    case 'createRelation':
      return writer.createRelation(first.resource, first.relation, first.subject);
    case 'createResourceRole':
      return writer.createResourceRole(first.resource, first.role, first);
    case 'extendResourceRole':
      return writer.replaceResourceRole(first.resource, first.role, {
        permissions: [...first.from.permissions, ...first.permissions],
        derivations: [...first.from.derivations, ...first.derivations],
      });
    case 'createRole':
      return writer.createRole({ key: first.role, label: first.label });
    case 'updateRole':
      return writer.updateRole(first.role, first.to);
    case 'addPermission':
      return writer.addPermissions(first.role, permissionsIn([first, ...more]));
    case 'removePermission':
      return writer.removePermissions(first.role, permissionsIn([first, ...more]));
    case 'createTenant':
      return writer.createTenant({ key: first.tenant, label: first.label });
    case 'updateTenant':
      return writer.updateTenant(first.tenant, first.to);
  }
}

/** What a new resource is created with. */
function partsIn(changes: readonly PolicyChange[]): Omit<NewResource, keyof NewThing> {
  const actions: string[] = [];
  const relations: Record<string, string> = {};
  const roles: Record<string, ResourceRole> = {};
  for (const change of changes) {
    if (change.kind === 'createAction') actions.push(change.action);
    else if (change.kind === 'createRelation') relations[change.relation] = change.subject;
    else if (change.kind === 'createResourceRole') roles[change.role] = change;
  }
  return { actions, relations, roles };
}

const permissionsIn = (changes: readonly PolicyChange[]): readonly string[] =>
  changes.flatMap((change) => ('permission' in change ? [change.permission] : []));
