import { type Grant, grantOf } from './grant.ts';
import { LocatorPattern } from './locator.ts';

export const EFFECTS = ['allow', 'deny'] as const;

/**
 * One entry of `grants:` (CONTRACT §4). It applies to a person when any pattern of `subject` matches one of the
 * person's locators, every pattern of `also` does too, and none of `unless` does.
 * Rules are ordered from the strongest to the weakest. The order decides what counts as a promotion, never who gets
 * what.
 */
export type Rule = {
  /** `deny` wins in any position. In its `roles`, `tenant` and `resource`, `*` matches any run of characters. */
  readonly effect: (typeof EFFECTS)[number];
  readonly subject: readonly LocatorPattern[];
  readonly also: readonly LocatorPattern[];
  readonly unless: readonly LocatorPattern[];
  readonly roles: readonly string[];
  /** A tenant key; see {@link tenantFor}. */
  readonly tenant: string;
  /** "type:key" of a resource instance. */
  readonly resource?: string;
  /** The last day on which the rule applies, `YYYY-MM-DD`: it ends at the end of that day, UTC. */
  readonly until?: string;
};

/** Whether a rule is over, so that it applies to nobody. */
export const hasEnded = ({ until }: Rule, now: Date): boolean =>
  until !== undefined && now.toISOString().slice(0, 10) > until;

/** Every pattern of a rule, from all its lists. */
export const patternsOf = ({ subject, also, unless }: Rule): readonly LocatorPattern[] => [
  ...subject,
  ...also,
  ...unless,
];

/** Without rules in the config: owners are `admin`, everyone else is `member`. */
export function defaultRules(tenant: string): readonly Rule[] {
  return ['admin', 'member'].map((role) => ({
    subject: [new LocatorPattern(`github:*:role:${role}`)],
    also: [],
    unless: [],
    effect: 'allow',
    roles: [role],
    tenant,
  }));
}

/** In a tenant: replaced by the organization that the matching locator names. */
export const ORG_PLACEHOLDER = '{org}';

export const namesOrganization = (tenant: string): boolean => tenant.includes(ORG_PLACEHOLDER);

/** The tenant of a rule for one organization: `{org}` is replaced by its name. */
export const tenantFor = (tenant: string, org: string): string => tenant.replaceAll(ORG_PLACEHOLDER, org);

/** What a rule names for one organization, each of its roles once. */
export const grantsOf = ({ roles, tenant, resource }: Rule, org: string): readonly Grant[] =>
  roles.map((role) => grantOf(tenantFor(tenant, org), role, resource));

/** Those of the organizations that the subject of a rule can match. */
export const orgsOfRule = ({ subject }: Rule, orgs: readonly string[]): readonly string[] =>
  orgs.filter((org) => subject.some((pattern) => pattern.canMatchOrganization(org)));
