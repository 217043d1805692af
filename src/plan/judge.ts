import type { Limit, LimitName, Limits, Overrides, Verdict, Violation } from '../model/limits.ts';
import type { PersonPlan, Plan } from '../model/plan.ts';

/** Whom a limit counts. A login that was renamed moves a person without anybody here having decided it. */
const COUNTS = {
  removals: ({ movement }) => movement === 'leaving',
  demotions: ({ movement }) => movement === 'demoted',
  moves: ({ move }) => move !== undefined && move.cause !== 'rename',
} as const satisfies Record<LimitName, (person: PersonPlan) => boolean>;

/**
 * Decides whether a plan may be applied; judges the very value that is applied.
 * @returns every limit crossed, not only the first, each with the override that would allow just this plan.
 */
export function judge(plan: Plan, limits: Limits, overrides: Overrides): Verdict {
  const names = Object.keys(COUNTS) as LimitName[];
  const violations = [
    ...names.flatMap((name) => judgeCount(name, plan, limits[name], overrides[name])),
    ...judgeFloors(plan, limits, overrides),
    ...judgePruning(plan),
  ];
  return { verdict: violations.length === 0 ? 'pass' : 'refused', violations };
}

function judgeCount(
  name: LimitName,
  plan: Plan,
  limits: readonly Limit[],
  override: number | undefined,
): readonly Violation[] {
  const planned = plan.people.filter(COUNTS[name]).length;
  const limit = Math.min(...limits.map((one) => allowedBy(one, plan.managedBefore)));
  const allowed = Math.max(limit, override ?? 0);
  return planned > allowed ? [{ limit: name, allowed, planned, override: `--allow-${name} ${planned}` }] : [];
}

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

function judgeFloors(plan: Plan, { floors }: Limits, overrides: Overrides): readonly Violation[] {
  return plan.holders.flatMap(({ tenant, role, before, after }): readonly Violation[] => {
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
