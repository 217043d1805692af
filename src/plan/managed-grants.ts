import { type Grant, grantId } from '../model/grant.ts';
import { grantsOf, orgsOfRule, type Rule } from '../model/rule.ts';
import { getOrMake } from '../model/text/record.ts';
import { compileKeyPattern } from './locators.ts';
import type { PlanInput } from './plan-input.ts';
import type { Mirror } from './repositories/mirror.ts';

/** The managed grants of a config. Every other grant is unmanaged: reported, never touched. */
export type ManagedGrants = {
  readonly has: (grant: Grant) => boolean;
  /**
   * Index of the earliest rule that can give the grant. Grants known only from a `deny` or from `manages` come last.
   * Compares a gain with a loss, to distinguish a promotion from a demotion.
   */
  readonly rankOf: (grant: Grant) => number;
  /** The reason of a loss: what made the grant managed, a rule's subject or a line of `manages`, no longer gives it. */
  readonly whyLost: (grant: Grant) => string;
  /** Whether it mirrors access to repositories. Such a grant does not affect a person's rank. */
  readonly isMirrored: (grant: Grant) => boolean;
  /** Whether it mirrors access to repositories, in this run or an earlier one: such grants are never reported as unmanaged. */
  readonly isAside: (grant: Grant) => boolean;
};

/**
 * Managed are the grants that an `allow` can produce in a configured organization, those that a `deny` names
 * literally, and those that `manages` matches (CONTRACT §5). Beside them, those that mirror access to repositories.
 */
export function managedGrants(
  {
    rules,
    manages,
    configuredOrgs,
    tenant,
  }: Pick<PlanInput, 'rules' | 'manages' | 'configuredOrgs' | 'tenant'>,
  mirror?: Mirror,
): ManagedGrants {
  const known = new Map<string, { readonly rank: number; readonly source: string }>();
  const add = (rule: Rule, rank: number, tenants: string): void => {
    const source = rule.subject.map(({ text }) => text).join(', ');
    for (const grant of configuredOrgs.flatMap((org) => grantsOf({ ...rule, tenant: tenants }, org))) {
      const id = grantId(grant);
      if (!id.includes('*') && !known.has(id)) known.set(id, { rank, source });
    }
  };
  const last = rules.length;
  for (const [rank, rule] of rules.entries()) {
    if (rule.effect === 'allow') add(rule, rank, rule.tenant);
  }
  for (const rule of rules) {
    // A deny without a tenant applies in every tenant. Only in the default one does it make the grant managed.
    if (rule.effect === 'deny') add(rule, last, rule.tenant === '*' ? tenant : rule.tenant);
  }
  const patterns = manages.map((line) => ({ line, matches: compileLine(line) }));
  const lineOf = (grant: Grant): string | undefined => patterns.find(({ matches }) => matches(grant))?.line;
  const isMirrored = (grant: Grant): boolean =>
    mirror?.governs(grant) === true && !known.has(grantId(grant)) && lineOf(grant) === undefined;
  const isManaged = (grant: Grant): boolean =>
    known.has(grantId(grant)) || lineOf(grant) !== undefined || mirror?.governs(grant) === true;
  // Thousands of people hold the same few grants.
  const decided = new WeakMap<Grant, boolean>();
  return {
    has: (grant) => getOrMake(decided, grant, () => isManaged(grant)),
    rankOf: (grant) => known.get(grantId(grant))?.rank ?? last,
    whyLost: (grant) => {
      if (mirror && isMirrored(grant)) return mirror.whyLost(grant);
      const source = known.get(grantId(grant))?.source ?? `manages ${lineOf(grant) ?? ''}`;
      return `${source} no longer holds`;
    },
    isMirrored,
    isAside: (grant) => mirror?.isOurs(grant) === true,
  };
}

/** "tenant/role", either of which may hold `*`. Also matches grants on resource instances of the tenant. */
function compileLine(line: string): (grant: Grant) => boolean {
  const slash = line.indexOf('/');
  const matchesTenant = compileKeyPattern(line.slice(0, slash));
  const matchesRole = compileKeyPattern(line.slice(slash + 1));
  return ({ tenant, role }) => matchesTenant(tenant) && matchesRole(role);
}

/**
 * Every grant that the rules can give in these organizations, each once, in the order of the rules. `{org}` is replaced
 * by each organization that the subject can match.
 */
export function assignableGrants(rules: readonly Rule[], orgs: readonly string[]): readonly Grant[] {
  const grants = new Map<string, Grant>();
  for (const rule of rules) {
    if (rule.effect !== 'allow') continue;
    for (const grant of orgsOfRule(rule, orgs).flatMap((org) => grantsOf(rule, org))) {
      grants.set(grantId(grant), grant);
    }
  }
  return [...grants.values()];
}
