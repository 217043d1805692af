import { type Grant, grantId } from '../model/grant.ts';
import { canMatchOrganization } from '../model/locator.ts';
import type { Statement } from '../model/statement.ts';
import { tenantFor } from './statements.ts';

/**
 * Every grant that the statements can give in these organizations, each once, in the order of the statements. `{org}`
 * is replaced by the organizations that the subject can speak of.
 */
export function assignableGrants(
  statements: readonly Statement[],
  orgs: readonly string[],
): readonly Grant[] {
  const grants = new Map<string, Grant>();
  for (const statement of statements) {
    if (statement.effect !== 'allow') continue;
    const spokenOf = orgs.filter((org) =>
      statement.subject.some((pattern) => canMatchOrganization(pattern, org)),
    );
    for (const org of spokenOf) {
      for (const role of statement.roles) {
        const { resource } = statement;
        const tenant = tenantFor(statement.tenant, org);
        const grant = { tenant, role, ...(resource === undefined ? {} : { resource }) };
        grants.set(grantId(grant), grant);
      }
    }
  }
  return [...grants.values()];
}
