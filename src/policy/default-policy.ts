import type { WantedPolicy } from '../model/policy.ts';

/**
 * The policy of the demo that this project grew from (FACTS.md), which the default rules assume: owners are
 * `admin` and may do everything, all others are `member` and may view private repositories.
 * @param tenants where the default rules give their roles.
 */
export function defaultPolicy(tenants: readonly string[]): WantedPolicy {
  return {
    resources: { membership: { actions: ['create-repo', 'view-private-repo', 'edit-repo', 'delete-repo'] } },
    roles: {
      admin: { permissions: ['membership:*'] },
      member: { permissions: ['membership:view-private-repo'] },
    },
    tenants: Object.fromEntries(tenants.map((tenant) => [tenant, {}])),
  };
}
