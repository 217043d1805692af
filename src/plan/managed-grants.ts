import { type Grant, grantId } from '../model/grant.ts';
import type { Statement } from '../model/statement.ts';
import { tenantFor } from './statements.ts';

/** The grants that the config governs. Every other grant is unmanaged: reported, never touched. */
export type ManagedGrants = {
  readonly has: (grant: Grant) => boolean;
  /**
   * Index of the earliest statement that can give the grant; grants known only by a `deny` come last. A loss is
   * weighed by it against a gain, to tell a promotion from a demotion.
   */
  readonly rankOf: (grant: Grant) => number;
  /** The statement's subject, for the reason of a loss. */
  readonly sourceOf: (grant: Grant) => string;
};

/**
 * Managed are the grants that an `allow` can produce in a configured organization, and those that a `deny` names
 * literally (CONTRACT §5).
 * @param orgs the configured organizations, by which `{org}` in a tenant is replaced.
 */
export function managedGrants(statements: readonly Statement[], orgs: readonly string[]): ManagedGrants {
  const known = new Map<string, { readonly rank: number; readonly source: string }>();
  const add = (statement: Statement, rank: number): void => {
    for (const org of orgs) {
      for (const role of statement.roles) {
        const tenant = tenantFor(statement.tenant, org);
        if (role.includes('*') || tenant.includes('*')) continue;
        const grant = {
          tenant,
          role,
          ...(statement.resource === undefined ? {} : { resource: statement.resource }),
        };
        const id = grantId(grant);
        if (!known.has(id)) known.set(id, { rank, source: statement.subject.join(', ') });
      }
    }
  };
  statements.forEach((statement, index) => {
    if (statement.effect === 'allow') add(statement, index);
  });
  statements.forEach((statement) => {
    if (statement.effect === 'deny') add(statement, statements.length);
  });
  return {
    has: (grant) => known.has(grantId(grant)),
    rankOf: (grant) => known.get(grantId(grant))?.rank ?? statements.length,
    sourceOf: (grant) => known.get(grantId(grant))?.source ?? '',
  };
}
