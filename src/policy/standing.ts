import type { Label, LabelPart, PolicyChange } from '../model/policy.ts';
import type { PolicyReader } from '../model/policy-ports.ts';

/** Whether a change stands already, going by what Permit holds now. */
export type ChangeState =
  | { readonly kind: 'done' }
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly message: string };

const DONE: ChangeState = { kind: 'done' };
const OPEN: ChangeState = { kind: 'open' };

/** Reads again the one resource, role or tenant that the changes are about. @throws SyncError */
export async function lookAgain(
  change: PolicyChange,
  reader: Omit<PolicyReader, 'readPolicy'>,
): Promise<(change: PolicyChange) => ChangeState> {
  if ('resource' in change) {
    const now = await reader.readResource(change.resource);
    return (one) => {
      if (one.kind === 'createAction') return now?.actions.includes(one.action) ? DONE : OPEN;
      return labelStanding(one, now);
    };
  }
  if ('role' in change) {
    const now = await reader.readRole(change.role);
    return (one) => {
      if (one.kind === 'addPermission') return now?.permissions.includes(one.permission) ? DONE : OPEN;
      if (one.kind === 'removePermission') return now?.permissions.includes(one.permission) ? OPEN : DONE;
      return labelStanding(one, now);
    };
  }
  const now = await reader.readTenant(change.tenant);
  return (one) => labelStanding(one, now);
}

/** A thing that was to be made stands when there is one, and it is called what we would have called it. */
function labelStanding(change: PolicyChange, now: Label | undefined): ChangeState {
  if ('label' in change) {
    if (!now) return OPEN;
    if (says(now, change.label)) return DONE;
    return {
      kind: 'failed',
      message: 'somebody else made it during this run, under another name: run again',
    };
  }
  return 'to' in change && now && says(now, change.to) ? DONE : OPEN;
}

const says = (now: Label, { name, description }: LabelPart): boolean =>
  (name === undefined || name === now.name) && (description === undefined || description === now.description);
