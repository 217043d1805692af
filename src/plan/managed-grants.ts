import { type Grant, grantId } from '../model/grant.ts';
import type { Statement } from '../model/statement.ts';
import { compileKeyPattern } from './locators.ts';
import { tenantFor } from './statements.ts';

/** The grants that the config governs. Every other grant is unmanaged: reported, never touched. */
export type ManagedGrants = {
  readonly has: (grant: Grant) => boolean;
  /**
   * Index of the earliest statement that can give the grant; grants known only by a `deny` or by `manages` come
   * last. A loss is weighed by it against a gain, to tell a promotion from a demotion.
   */
  readonly rankOf: (grant: Grant) => number;
  /** Where the grant is governed: the statement's subject, or the line of `manages`; for the reason of a loss. */
  readonly sourceOf: (grant: Grant) => string;
};

export type Governing = {
  readonly statements: readonly Statement[];
  /** Patterns `tenant/role` that are governed though no statement gives them. */
  readonly manages: readonly string[];
  /** The configured organizations, by which `{org}` in a tenant is replaced. */
  readonly orgs: readonly string[];
  /** The tenant of statements that name none. */
  readonly tenant: string;
};

/**
 * Managed are the grants that an `allow` can produce in a configured organization, those that a `deny` names
 * literally, and those that `manages` matches (CONTRACT §5).
 */
export function managedGrants({ statements, manages, orgs, tenant }: Governing): ManagedGrants {
  const known = new Map<string, { readonly rank: number; readonly source: string }>();
  const add = (statement: Statement, rank: number, tenants: string): void => {
    for (const org of orgs) {
      for (const role of statement.roles) {
        const named = tenantFor(tenants, org);
        if ([role, named, statement.resource ?? ''].some((text) => text.includes('*'))) continue;
        const grant = {
          tenant: named,
          role,
          ...(statement.resource === undefined ? {} : { resource: statement.resource }),
        };
        const id = grantId(grant);
        if (!known.has(id)) known.set(id, { rank, source: statement.subject.join(', ') });
      }
    }
  };
  const last = statements.length;
  for (const [rank, statement] of statements.entries()) {
    if (statement.effect === 'allow') add(statement, rank, statement.tenant);
  }
  for (const statement of statements) {
    // A deny that names no tenant holds in all of them; the one that it was surely written for is the default one.
    if (statement.effect === 'deny')
      add(statement, last, statement.tenant === '*' ? tenant : statement.tenant);
  }
  const patterns = manages.map((line) => ({ line, matches: compileLine(line) }));
  const lineOf = (grant: Grant): string | undefined => patterns.find(({ matches }) => matches(grant))?.line;
  return {
    has: (grant) => known.has(grantId(grant)) || lineOf(grant) !== undefined,
    rankOf: (grant) => known.get(grantId(grant))?.rank ?? last,
    sourceOf: (grant) => known.get(grantId(grant))?.source ?? `manages ${lineOf(grant) ?? ''}`,
  };
}

/** "tenant/role", either of which may hold `*`; grants on resource instances of the tenant are meant too. */
function compileLine(line: string): (grant: Grant) => boolean {
  const slash = line.indexOf('/');
  const matchesTenant = compileKeyPattern(line.slice(0, slash));
  const matchesRole = compileKeyPattern(line.slice(slash + 1));
  return ({ tenant, role }) => matchesTenant(tenant) && matchesRole(role);
}
