import type { ChangeState } from '../model/change.ts';
import type { Label, LabelPart, PolicyChange } from '../model/policy.ts';
import type { PolicyReader } from '../model/policy-ports.ts';

const DONE: ChangeState = { kind: 'done' };
const OPEN: ChangeState = { kind: 'open' };

/** Reads the one resource, role or tenant again that the changes are about. @throws SyncError */
export async function readStateAgain(
  change: PolicyChange,
  reader: Omit<PolicyReader, 'readPolicy'>,
): Promise<(change: PolicyChange) => ChangeState> {
  if ('resource' in change) {
    const now = await reader.readResource(change.resource);
    return (one) => {
      if (one.kind === 'createAction') return now?.actions.includes(one.action) ? DONE : OPEN;
      if (one.kind === 'createResourceRole') return now?.roles.includes(one.role) ? DONE : OPEN;
      return stateOfLabel(one, now);
    };
  }
  if ('role' in change) {
    const now = await reader.readRole(change.role);
    return (one) => {
      if (one.kind === 'addPermission') return now?.permissions.includes(one.permission) ? DONE : OPEN;
      if (one.kind === 'removePermission') return now?.permissions.includes(one.permission) ? OPEN : DONE;
      return stateOfLabel(one, now);
    };
  }
  const now = await reader.readTenant(change.tenant);
  return (one) => stateOfLabel(one, now);
}

/** A created thing is in effect if it exists and has the name that we would have given it. */
function stateOfLabel(change: PolicyChange, now: Label | undefined): ChangeState {
  if ('label' in change) {
    if (!now) return OPEN;
    if (says(now, change.label)) return DONE;
    return {
      kind: 'failed',
      code: 'PERMIT_REFUSED',
      message: 'someone else created it during this run, under another name: run again',
    };
  }
  return 'to' in change && now && says(now, change.to) ? DONE : OPEN;
}

const says = (now: Label, { name, description }: LabelPart): boolean =>
  (name === undefined || name === now.name) && (description === undefined || description === now.description);
