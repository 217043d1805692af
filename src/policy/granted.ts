import { typeOf } from '../model/grant.ts';
import type { ResourceRole, WantedPolicy } from '../model/policy.ts';
import { namesOrganization, orgsOfRule, type Rule, tenantFor } from '../model/rule.ts';

/**
 * The policy, plus every role, resource role and tenant that rules can give and that it does not name. They are
 * created; what such a role may do is set in Permit.
 * @param orgs replace `{org}` in a tenant; without any, such tenants are left out.
 */
export function withGranted(
  policy: WantedPolicy,
  { rules, orgs }: { readonly rules: readonly Rule[]; readonly orgs: readonly string[] },
): WantedPolicy {
  const allows = rules.filter(({ effect }) => effect === 'allow');
  const roles = allows.filter(({ resource }) => resource === undefined).flatMap((allow) => allow.roles);
  const tenants = allows.flatMap((allow) => {
    const { tenant } = allow;
    if (!namesOrganization(tenant)) return [tenant];
    return orgsOfRule(allow, orgs).map((org) => tenantFor(tenant, org));
  });
  const resourceRoles: Record<string, Record<string, ResourceRole>> = {};
  for (const { resource, roles: own } of allows) {
    if (resource === undefined) continue;
    const type = typeOf(resource);
    const bare = Object.fromEntries(own.map((role) => [role, { permissions: [], derivations: [] }]));
    resourceRoles[type] = { ...bare, ...resourceRoles[type] };
  }
  for (const [type, own] of Object.entries(policy.resourceRoles ?? {})) {
    resourceRoles[type] = { ...resourceRoles[type], ...own };
  }
  return {
    ...policy,
    resourceRoles,
    roles: { ...Object.fromEntries(roles.map((role) => [role, {}])), ...policy.roles },
    tenants: { ...Object.fromEntries(tenants.map((tenant) => [tenant, {}])), ...policy.tenants },
  };
}
