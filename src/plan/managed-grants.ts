import { type Grant, grantId } from '../model/grant.ts';
import { type Rule, tenantFor } from '../model/rule.ts';
import { compileKeyPattern } from './locators.ts';

/** The grants that the config governs. Every other grant is unmanaged: reported, never touched. */
export type ManagedGrants = {
  readonly has: (grant: Grant) => boolean;
  /**
   * Index of the earliest rule that can give the grant; grants known only by a `deny` or by `manages` come
   * last. A loss is weighed by it against a gain, to tell a promotion from a demotion.
   */
  readonly rankOf: (grant: Grant) => number;
  /** Where the grant is governed: the rule's subject, or the line of `manages`; for the reason of a loss. */
  readonly sourceOf: (grant: Grant) => string;
};

export type Governing = {
  readonly rules: readonly Rule[];
  /** Patterns `tenant/role` that are governed though no rule gives them. */
  readonly manages: readonly string[];
  /** The configured organizations, by which `{org}` in a tenant is replaced. */
  readonly orgs: readonly string[];
  /** The tenant of rules that name none. */
  readonly tenant: string;
};

/**
 * Managed are the grants that an `allow` can produce in a configured organization, those that a `deny` names
 * literally, and those that `manages` matches (CONTRACT §5).
 */
export function managedGrants({ rules, manages, orgs, tenant }: Governing): ManagedGrants {
  const known = new Map<string, { readonly rank: number; readonly source: string }>();
  const add = (rule: Rule, rank: number, tenants: string): void => {
    for (const org of orgs) {
      for (const role of rule.roles) {
        const named = tenantFor(tenants, org);
        if ([role, named, rule.resource ?? ''].some((text) => text.includes('*'))) continue;
        const grant = {
          tenant: named,
          role,
          ...(rule.resource === undefined ? {} : { resource: rule.resource }),
        };
        const id = grantId(grant);
        if (!known.has(id)) known.set(id, { rank, source: rule.subject.map(({ text }) => text).join(', ') });
      }
    }
  };
  const last = rules.length;
  for (const [rank, rule] of rules.entries()) {
    if (rule.effect === 'allow') add(rule, rank, rule.tenant);
  }
  for (const rule of rules) {
    // A deny that names no tenant holds in all of them; the one that it was surely written for is the default one.
    if (rule.effect === 'deny') add(rule, last, rule.tenant === '*' ? tenant : rule.tenant);
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
