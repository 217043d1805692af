import type { PolicyPlan, PolicyVerdict } from '../model/policy.ts';
import { enumerate } from '../model/text.ts';
import type { ErrorToShow } from './error-text.ts';
import type { Warning } from './run-report.ts';

/** Permissions that roles hold beyond the policy, and what is said where they stay or would be taken. */
type Held = { readonly role: string; readonly permission: string };

function byRole(held: readonly Held[]): readonly (readonly [role: string, permissions: readonly string[]])[] {
  const roles = [...new Set(held.map(({ role }) => role))];
  return roles.map((role) => [
    role,
    held.filter((one) => one.role === role).map(({ permission }) => permission),
  ]);
}

/** The limit that the plan crosses, with every permission that would be taken and the flag that allows just that. */
export function refusedRevocations(
  { changes }: PolicyPlan,
  { violations }: PolicyVerdict,
): ErrorToShow & { readonly code: 'GUARD_REFUSED' } {
  const taken = changes.filter((change) => change.kind === 'removePermission');
  return {
    code: 'GUARD_REFUSED',
    message: [
      'roles hold permissions that the policy does not give them, and nothing was written',
      ...byRole(taken).map(([role, permissions]) => `${role}: ${enumerate(permissions, permissions.length)}`),
    ].join('\n'),
    hint: [
      'add them to the policy, or, if they are to be taken away, allow just this much:',
      violations.map(({ override }) => override).join(' '),
    ].join('\n'),
  };
}

/** One warning for each role that keeps more than the policy gives it. */
export function keptPermissions({ kept }: PolicyPlan): readonly Warning[] {
  return byRole(kept).map(([role, permissions]) => ({
    code: 'KEPT_UPSERT_ONLY',
    message: `the role ${role} keeps ${enumerate(permissions)} beyond the policy, since mode upsert-only takes nothing away`,
  }));
}
