import type { GitHubId } from '../model/identity.ts';
import type { Limit, LimitName, Limits, Overrides, Verdict, Violation } from '../model/limits.ts';
import type { PersonPlan, Plan } from '../model/plan.ts';
import type { Spending } from '../model/queue.ts';

/** Whom a limit counts. A login that was renamed moves a person without anybody here having decided it. */
const COUNTS = {
  removals: ({ movement }) => movement === 'leaving',
  demotions: ({ movement }) => movement === 'demoted',
  moves: ({ move }) => move !== undefined && move.cause !== 'rename',
} as const satisfies Record<LimitName, (person: PersonPlan) => boolean>;

/** Who counted within the last 24 hours already, by all runs that share a budget. */
export type Spent = { readonly [name in LimitName]: ReadonlySet<GitHubId> };

const NOTHING_SPENT: Spent = { removals: new Set(), demotions: new Set(), moves: new Set() };

/**
 * Decides whether a plan may be applied; judges the very value that is applied.
 * @param spent counts along with the plan's own people, each person once.
 * @returns every limit crossed, not only the first, each with the override that would allow just this plan.
 */
export function judge(
  plan: Plan,
  limits: Limits,
  overrides: Overrides,
  spent: Spent = NOTHING_SPENT,
): Verdict {
  const names = Object.keys(COUNTS) as LimitName[];
  const violations = [
    ...names.flatMap((name) => judgeCount(name, plan, allowedPeople(name, plan, limits, overrides), spent)),
    ...judgeFloors(plan, limits, overrides),
    ...judgePruning(plan),
    ...judgeDuplicates(plan, overrides),
  ];
  return { verdict: violations.length === 0 ? 'pass' : 'refused', violations };
}

function judgeCount(name: LimitName, plan: Plan, allowed: number, spent: Spent): readonly Violation[] {
  const before = spent[name];
  const people = plan.people.filter(COUNTS[name]);
  // Nobody who is tried again counts twice; but a plan is never larger than its limit, whoever was in an earlier one.
  const fresh = people.filter(({ id }) => id === undefined || !before.has(id)).length;
  const planned = fresh + before.size;
  if (people.length <= allowed && (fresh === 0 || planned <= allowed)) return [];
  const earlier = before.size > 0 ? { earlier: before.size } : {};
  return [{ limit: name, allowed, planned, ...earlier, override: `--allow-${name} ${planned}` }];
}

/** How many people a limit lets through, the override counted in. */
export function allowedPeople(
  name: LimitName,
  { managedBefore }: Pick<Plan, 'managedBefore'>,
  limits: Limits,
  overrides: Overrides,
): number {
  const limit = Math.min(...limits[name].map((one) => allowedBy(one, managedBefore)));
  return Math.max(limit, overrides[name] ?? 0);
}

/** The people of a plan who count against a limit. */
export const peopleCounted = (name: LimitName, plan: Pick<Plan, 'people'>): readonly GitHubId[] =>
  plan.people.filter(COUNTS[name]).flatMap(({ id }) => (id === undefined ? [] : [id]));

/** Whom a plan counts against the budget that runs share; undefined where nobody counts. */
export function spendingOf(plan: Pick<Plan, 'people'>): Spending | undefined {
  const spending = forEachLimit((name) => peopleCounted(name, plan));
  return Object.values(spending).every((people) => people.length === 0) ? undefined : spending;
}

/** How many people may count within 24 hours, over all runs that share a budget. */
export const budgetFor = (
  plan: Pick<Plan, 'managedBefore'>,
  limits: Limits,
  overrides: Overrides,
): { readonly [name in LimitName]: number } =>
  forEachLimit((name) => allowedPeople(name, plan, limits, overrides));

const forEachLimit = <T>(of: (name: LimitName) => T): { readonly [name in LimitName]: T } => ({
  removals: of('removals'),
  demotions: of('demotions'),
  moves: of('moves'),
});

/** A ratio allows at least one person, so that a small organization is not stuck, unless it is 0. */
function allowedBy(limit: Limit, managedBefore: number): number {
  switch (limit.kind) {
    case 'count':
      return limit.people;
    case 'ratio':
      // Rounded first, since 0.29 of 100 is 28.999999999999996 in binary.
      return limit.ratio === 0
        ? 0
        : Math.max(1, Math.floor(Number((limit.ratio * managedBefore).toFixed(6))));
    default:
      return limit satisfies never;
  }
}

/** Pruning has no limit of its own but the number that asked for it. */
function judgePruning({ pruning }: Plan): readonly Violation[] {
  if (!pruning || pruning.users <= pruning.allowed) return [];
  const { allowed, users: planned } = pruning;
  return [{ limit: 'unmanaged', allowed, planned, override: `--prune-unmanaged ${planned}` }];
}

/** Whoever places the first mark has to decide about all users that exist, however the run is narrowed. */
function judgeDuplicates({ people, existing }: Plan, overrides: Overrides): readonly Violation[] {
  const allowed = overrides.duplicates ?? 0;
  if (people.length === 0 || existing === undefined || existing.people <= allowed) return [];
  const planned = existing.people;
  return [{ limit: 'duplicates', allowed, planned, override: `--allow-duplicates ${planned}` }];
}

/** The floors that these holders fall through. */
export function judgeFloors(
  { holders }: Pick<Plan, 'holders'>,
  { floors }: Limits,
  overrides: Overrides,
): readonly Violation[] {
  return holders.flatMap(({ tenant, role, before, after }): readonly Violation[] => {
    // A role may be called `constructor`.
    const floor = Object.hasOwn(floors, role) ? floors[role] : undefined;
    if (floor === undefined) return [];
    // Where there were fewer holders than the floor before, the plan is not to blame for it.
    const wanted = Math.min(floor, before);
    const allowed = Math.min(wanted, overrides.floors?.[`${tenant}/${role}`] ?? wanted);
    if (after >= allowed) return [];
    return [
      { limit: 'floors', allowed, planned: after, override: `--allow-floor ${tenant}/${role}=${after}` },
    ];
  });
}
