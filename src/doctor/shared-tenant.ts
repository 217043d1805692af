import type { Finding } from '../model/finding.ts';
import { globMatches } from '../model/glob.ts';
import type { LocatorPattern } from '../model/locator.ts';
import { namesOrganization, type Rule } from '../model/rule.ts';
import { enumerate } from '../model/text.ts';

/**
 * Rules by which the owners of any one of several organizations get a role over all of them, since all share a
 * tenant. A pattern that names its organization was meant so; one with `*` most often was not.
 * @returns a warning for each such pattern; nothing where there is none.
 */
export function findSharedTenants(rules: readonly Rule[], orgs: readonly string[]): readonly Finding[] {
  return rules.flatMap((rule, index) => {
    const { effect, subject, also, tenant, roles } = rule;
    if (effect !== 'allow' || also.length > 0 || namesOrganization(tenant)) return [];
    return subject.filter(isOfOwners).flatMap((pattern): readonly Finding[] => {
      const owned = orgs.filter((org) => pattern.canMatchOrganization(org));
      if (owned.length < 2) return [];
      return [
        {
          id: `mapping.shared:grants[${index}].subject:${pattern.text}`,
          area: 'mapping',
          status: 'warning',
          message:
            `grants[${index}].subject: whoever owns any of ${enumerate(owned)} is given ${enumerate(roles)} in the ` +
            `tenant ${tenant}, which they share: owning one of them is enough for all`,
          mend: 'put {org} into the tenant, or write a rule for each organization whose owners may have this',
        },
      ];
    });
  });
}

/** Matches owners as owners: not everybody, as `github:acme:role:*` does. */
function isOfOwners({ forms }: LocatorPattern): boolean {
  const role = forms.find(({ kind }) => kind === 'role')?.names[0];
  return role !== undefined && globMatches(role, 'admin') && !globMatches(role, 'member');
}
