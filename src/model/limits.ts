import { recordOf } from './text/record.ts';

/** `upsert-only` never takes anything away: no user deleted, no grant unassigned, no mark removed. */
export const MODES = ['sync', 'upsert-only'] as const;
export type Mode = (typeof MODES)[number];

/** A limit on how many people one plan may touch: a count, or a ratio (0 to 1) of the users with our mark. */
export type Limit =
  | { readonly kind: 'count'; readonly people: number }
  | { readonly kind: 'ratio'; readonly ratio: number };

/** The limits on people. */
export const LIMIT_NAMES = ['removals', 'demotions', 'moves'] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

export const forEachLimit = <T>(of: (name: LimitName) => T): { readonly [name in LimitName]: T } =>
  recordOf(LIMIT_NAMES, of);

/**
 * The limits on Permit's graph of repositories: repositories that are removed, and links (tuples, and roles on
 * instances) that are taken away. Their ratios are of what is there before the run.
 */
export const GRAPH_LIMIT_NAMES = ['repositories', 'links'] as const;
export type GraphLimitName = (typeof GRAPH_LIMIT_NAMES)[number];
export type GraphCounts = { readonly [name in GraphLimitName]: number };

/** The limits that count over 24 hours, over all runs that share a queue. */
export const BUDGET_NAMES = [...LIMIT_NAMES, ...GRAPH_LIMIT_NAMES] as const;
export type BudgetName = (typeof BUDGET_NAMES)[number];

/** Something for each of them; what counts repositories and links may be missing where none are mirrored. */
export type PerBudget<T> = { readonly [name in LimitName]: T } & { readonly [name in GraphLimitName]?: T };

export const forEachBudget = <T>(of: (name: BudgetName) => T): PerBudget<T> => recordOf(BUDGET_NAMES, of);

/** The smallest limit of each list applies. `floors`: for each role, the least number of holders in each tenant. */
export type Limits = {
  readonly [name in LimitName | GraphLimitName]: readonly Limit[];
} & { readonly floors: { readonly [role: string]: number } };

const QUARTER_OR_HUNDRED: readonly Limit[] = [
  { kind: 'ratio', ratio: 0.25 },
  { kind: 'count', people: 100 },
];

export const DEFAULT_LIMITS: Limits = {
  ...forEachLimit(() => QUARTER_OR_HUNDRED),
  repositories: QUARTER_OR_HUNDRED,
  // A team of 50 people with 80 repositories is one decision on GitHub.
  links: [
    { kind: 'ratio', ratio: 0.25 },
    { kind: 'count', people: 1000 },
  ],
  floors: { admin: 1 },
};

/** What an operator allowed for this run alone. An override raises a limit, it never lowers one. */
export type Overrides = {
  readonly [name in LimitName | GraphLimitName]?: number;
} & {
  /** How many people a first run may give a second user. */
  readonly duplicates?: number;
  /** By `tenant/role`: the number of holders down to which this run may go. */
  readonly floors?: { readonly [tenantRole: string]: number };
};

export type LimitSettings = { readonly limits: Limits; readonly overrides: Overrides };

/** One limit that a plan crosses. `override` is the exact flag that would allow this plan and no larger one. */
export type Violation = {
  readonly limit: LimitName | GraphLimitName | 'floors' | 'unmanaged' | 'duplicates' | 'revocations';
  readonly allowed: number;
  readonly planned: number;
  /** How many of them already counted in runs of the last 24 hours. */
  readonly earlier?: number;
  readonly override: string;
};

export type Verdict = { readonly verdict: 'pass' | 'refused'; readonly violations: readonly Violation[] };
