import type { WantedPolicy } from '../model/policy.ts';
import { namesOrganization, orgsOf, type Rule, tenantFor } from '../model/rule.ts';

/**
 * The policy, with every role and tenant that rules can give and it does not name: those are created, and what such a
 * role may do is left to whoever looks after it.
 * @param orgs by which `{org}` in a tenant is replaced; without any, such tenants are left out.
 */
export function withGranted(
  policy: WantedPolicy,
  { rules, orgs }: { readonly rules: readonly Rule[]; readonly orgs: readonly string[] },
): WantedPolicy {
  const allows = rules.filter(({ effect }) => effect === 'allow');
  // The roles of a resource are the resource's own.
  const roles = allows.filter(({ resource }) => resource === undefined).flatMap((allow) => allow.roles);
  const tenants = allows.flatMap((allow) => {
    const { tenant } = allow;
    if (!namesOrganization(tenant)) return [tenant];
    return orgsOf(allow, orgs).map((org) => tenantFor(tenant, org));
  });
  return {
    ...policy,
    roles: { ...Object.fromEntries(roles.map((role) => [role, {}])), ...policy.roles },
    tenants: { ...Object.fromEntries(tenants.map((tenant) => [tenant, {}])), ...policy.tenants },
  };
}
