import { type Result, resultFinder } from '../model/change.ts';
import { forEachLimit, type LimitSettings } from '../model/limits.ts';
import { changesOf, type PersonPlan, type Plan } from '../model/plan.ts';
import type { PermitUser } from '../model/user.ts';
import { holdersAfter, judge, peopleCounted, type Spent } from '../plan/judge.ts';

/** A plan and how each change of it ended, in the plan's order. */
type PlanResults = { readonly plan: Plan; readonly results: readonly Result[] };

type ClaimPorts = {
  readonly bounds: LimitSettings;
  /** What runs that share a budget have taken; undefined if none do. */
  readonly spent: () => Promise<Spent | undefined>;
  /** Counts the losses against the budget. @returns whether there is room. */
  readonly reserve: (plan: Plan) => Promise<boolean>;
  readonly apply: (plan: Plan) => Promise<readonly Result[]>;
};

/**
 * Takes the grants of users whose move failed and whose former key now holds someone else's login, so that nobody
 * inherits anything because Permit refused a user. The losses count against the limits, on top of the run's others.
 * @param users what Permit held when the plan was made.
 */
export async function takeFromClaimedKeys(
  { plan, results }: PlanResults,
  users: readonly PermitUser[],
  { bounds, spent, reserve, apply }: ClaimPorts,
): Promise<PlanResults> {
  if (!plan.people.some(({ otherwise }) => otherwise)) return { plan, results };
  const applied = results.filter(({ outcome }) => outcome.kind === 'applied').map(({ change }) => change);
  const left = new Set(applied.flatMap(({ kind, user }) => (kind === 'deleteUser' ? [user] : [])));
  const stuck = plan.people.flatMap(({ move, otherwise }) =>
    otherwise && !(move && left.has(move.from)) ? [otherwise] : [],
  );
  if (stuck.length === 0) return { plan, results };
  const people = stuck.map(({ person }) => person);
  const { graph: _done, ...rest } = plan;
  const more: Plan = {
    ...rest,
    people,
    holders: holdersAfter(users, [...applied, ...people.flatMap(({ changes }) => changes)]),
  };
  const { limits, overrides } = bounds;
  const before = await spent();
  const verdict = judge(more, limits, overrides, {
    ...before,
    ...forEachLimit((name) => new Set([...(before?.[name] ?? []), ...peopleCounted(name, plan)])),
  });
  const mayTake = verdict.verdict === 'pass' && (await reserve(more));
  const taken = mayTake
    ? await apply(more)
    : changesOf(more).map(
        (change): Result => ({ change, outcome: { kind: 'skipped', why: 'a limit was crossed' } }),
      );
  return merged(
    { plan, results },
    { people, results: taken },
    stuck.map(({ skipped }) => skipped),
  );
}

function merged(
  { plan, results }: PlanResults,
  more: { readonly people: readonly PersonPlan[]; readonly results: readonly Result[] },
  skipped: Plan['skipped'],
): PlanResults {
  const whole: Plan = {
    ...plan,
    people: [...plan.people, ...more.people],
    skipped: [...plan.skipped, ...skipped],
    unsettled: [...new Set([...plan.unsettled, ...skipped.flatMap(({ id }) => id ?? [])])].sort(
      (a, b) => a - b,
    ),
  };
  const find = resultFinder([...results, ...more.results]);
  return { plan: whole, results: changesOf(whole).flatMap((change) => find(change) ?? []) };
}
