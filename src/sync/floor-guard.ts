import type { Change } from '../model/change.ts';
import { grantId } from '../model/grant.ts';
import type { Ledger } from '../model/ledger.ts';
import type { LimitSettings } from '../model/limits.ts';
import { changesOf, type Plan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import { countHolders, judgeFloors } from '../plan/judge.ts';

/**
 * An admitted plan keeps every floor, but not if Permit refuses a part of it: if a person does not get a role, the
 * floor may depend on another person who would lose it.
 * @returns a function to call once the new grants were tried. It returns the grants that must not be taken in this run,
 *   by `grantId`. Leavers are not affected.
 */
export function openFloorGuard(
  plan: Plan,
  users: readonly PermitUser[],
  { limits, overrides }: LimitSettings,
  ledger: Ledger<Change>,
): () => ReadonlySet<string> {
  const changes = changesOf(plan);
  const coming = changes.flatMap((change) =>
    change.kind === 'assignRole' &&
    change.grant.resource === undefined &&
    Object.hasOwn(limits.floors, change.grant.role)
      ? [change]
      : [],
  );
  return () => {
    const missing = coming.filter((change) => !ledger.isApplied(change)).map(({ grant }) => grantId(grant));
    if (missing.length === 0) return new Set();
    const holders = countHolders(users, changes);
    return new Set(
      missing.filter((id) => {
        const planned = holders.get(id);
        if (planned === undefined) return false;
        const after = planned.after - missing.filter((one) => one === id).length;
        return judgeFloors({ holders: [{ ...planned, after }] }, limits, overrides).length > 0;
      }),
    );
  };
}
