import type { PolicyPlan, PolicyVerdict } from '../model/policy.ts';

/**
 * Decides whether a plan may be applied; judges the very value that `applyPolicy` receives.
 * @param allowed how many permissions this run may take from roles.
 */
export function judgePolicy({ changes }: PolicyPlan, allowed: number): PolicyVerdict {
  const planned = changes.filter(({ kind }) => kind === 'removePermission').length;
  if (planned <= allowed) return { verdict: 'pass', violations: [] };
  return {
    verdict: 'refused',
    violations: [{ limit: 'revocations', allowed, planned, override: `--allow-revoke ${planned}` }],
  };
}
