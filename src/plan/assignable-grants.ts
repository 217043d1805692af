import { type Grant, grantId } from '../model/grant.ts';
import { type Rule, tenantFor } from '../model/rule.ts';

/**
 * Every grant that the rules can give in these organizations, each once, in the order of the rules. `{org}`
 * is replaced by the organizations that the subject can speak of.
 */
export function assignableGrants(rules: readonly Rule[], orgs: readonly string[]): readonly Grant[] {
  const grants = new Map<string, Grant>();
  for (const rule of rules) {
    if (rule.effect !== 'allow') continue;
    const spokenOf = orgs.filter((org) => rule.subject.some((pattern) => pattern.canMatchOrganization(org)));
    for (const org of spokenOf) {
      for (const role of rule.roles) {
        const { resource } = rule;
        const tenant = tenantFor(rule.tenant, org);
        const grant = { tenant, role, ...(resource === undefined ? {} : { resource }) };
        grants.set(grantId(grant), grant);
      }
    }
  }
  return [...grants.values()];
}
