import type { ChangeState } from '../model/change.ts';
import type { Derivation, Label, LabelPart, PolicyChange, ResourceRole } from '../model/policy.ts';
import type { PolicyReader } from '../model/policy-ports.ts';

const DONE: ChangeState = { kind: 'done' };
const OPEN: ChangeState = { kind: 'open' };

/** Re-reads the resource, role or tenant that the changes are about. @throws SyncError */
export async function readStateAgain(
  change: PolicyChange,
  reader: Omit<PolicyReader, 'readPolicy'>,
): Promise<(change: PolicyChange) => ChangeState> {
  if ('resource' in change) {
    const now = await reader.readResource(change.resource);
    return (one) => {
      if (one.kind === 'createAction') return now?.actions.includes(one.action) ? DONE : OPEN;
      if (one.kind === 'createRelation')
        return stateOfRelation(one.subject, now?.relations.get(one.relation));
      if (one.kind === 'createResourceRole' || one.kind === 'extendResourceRole')
        return includes(now?.roles.get(one.role), one) ? DONE : OPEN;
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

/** Permit can't change the subject of a relation. */
function stateOfRelation(wanted: string, now: string | undefined): ChangeState {
  if (now === undefined || now === wanted) return now === undefined ? OPEN : DONE;
  return { kind: 'failed', code: 'PERMIT_REFUSED', message: `it exists with another subject, ${now}` };
}

/** Whether a role has all of this. */
export const includes = (
  now: ResourceRole | undefined,
  { permissions, derivations }: ResourceRole,
): boolean =>
  now !== undefined &&
  permissions.every((one) => now.permissions.includes(one)) &&
  derivations.every((one) => now.derivations.some((held) => isSameDerivation(held, one)));

export const isSameDerivation = (a: Derivation, b: Derivation): boolean =>
  a.role === b.role && a.resource === b.resource && a.relation === b.relation;

/** A creation has taken effect if the thing exists under the name that we would have given it. */
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
