import type { Change } from '../model/change.ts';
import { type Grant, grantId, typeOf } from '../model/grant.ts';
import { compareText, type GitHubId } from '../model/identity.ts';
import {
  BUDGET_NAMES,
  type BudgetName,
  forEachBudget,
  forEachLimit,
  type GraphLimitName,
  type Limit,
  type LimitName,
  type Limits,
  type Overrides,
  type PerBudget,
  type Verdict,
  type Violation,
} from '../model/limits.ts';
import { readMark } from '../model/mark.ts';
import type { Holders, PersonPlan, Plan } from '../model/plan.ts';
import { modelTypeOf, parseInstanceName, REPOSITORY_TYPE } from '../model/repositories/access-model.ts';
import { tupleId } from '../model/repositories/graph.ts';
import { fnv1a } from '../model/text/hash.ts';
import type { PermitUser } from '../model/user.ts';
import type { Spending } from '../model/webhooks/queue.ts';
import { isTemporaryKey } from './keys/user-key.ts';

/** The people that a limit counts. A move after a rename on GitHub is not counted, nor what ends with a rule. */
const COUNTS = {
  removals: ({ movement, isExpected }) => movement === 'leaving' && !isExpected,
  demotions: ({ movement, isExpected }) => movement === 'demoted' && !isExpected,
  moves: ({ move }) => move !== undefined && move.cause !== 'rename',
} as const satisfies Record<LimitName, (person: PersonPlan) => boolean>;

/** What was already counted within the last 24 hours, over all runs that share a budget, by id. */
export type Spent = PerBudget<ReadonlySet<number>>;

const NOTHING: ReadonlySet<number> = new Set();
const NOTHING_SPENT: Spent = forEachBudget(() => NOTHING);

/**
 * Decides whether a plan may be applied. It judges the value that is then applied.
 * @param spent people who count in addition to the plan's own, each person once.
 * @returns every crossed limit, each with the override that would allow just this plan.
 */
export function judge(
  plan: Plan,
  limits: Limits,
  overrides: Overrides,
  spent: Spent = NOTHING_SPENT,
): Verdict {
  const { repositories, links } = graphLosses(plan);
  const counted = {
    ...forEachLimit((name) => plan.people.filter(COUNTS[name]).map(({ id }) => id)),
    repositories,
    links,
  };
  const violations = [
    ...BUDGET_NAMES.flatMap((name) =>
      judgeCount(name, counted[name], allowedFor(name, plan, limits, overrides), spent[name]),
    ),
    ...judgeFloors(plan, limits, overrides),
    ...judgePruning(plan),
    ...judgeDuplicates(plan, overrides),
  ];
  return { verdict: violations.length === 0 ? 'pass' : 'refused', violations };
}

/** @param ids what the plan takes; undefined for a user without a known GitHub id. */
function judgeCount(
  limit: BudgetName,
  ids: readonly (number | undefined)[],
  allowed: number,
  before = NOTHING,
): readonly Violation[] {
  // A retry counts once. But no single plan exceeds its limit, however much of it was already counted.
  const fresh = ids.filter((id) => id === undefined || !before.has(id)).length;
  const planned = fresh + before.size;
  if (ids.length <= allowed && (fresh === 0 || planned <= allowed)) return [];
  const earlier = before.size > 0 ? { earlier: before.size } : {};
  return [{ limit, allowed, planned, ...earlier, override: `--allow-${limit} ${planned}` }];
}

/** How many people, repositories or links a limit allows, including the override. */
export function allowedFor(
  name: BudgetName,
  { managedBefore, graph }: Pick<Plan, 'managedBefore' | 'graph'>,
  limits: Limits,
  overrides: Overrides,
): number {
  const before = name === 'repositories' || name === 'links' ? (graph?.before[name] ?? 0) : managedBefore;
  const limit = Math.min(...limits[name].map((one) => allowedBy(one, before)));
  return Math.max(limit, overrides[name] ?? 0);
}

/** The people of a plan who count against a limit. */
export const peopleCounted = (name: LimitName, plan: Pick<Plan, 'people'>): readonly GitHubId[] =>
  plan.people.filter(COUNTS[name]).flatMap(({ id }) => id ?? []);

/** The part of a plan that counts against the shared budget; undefined if there is none. */
export function spendingOf(plan: Pick<Plan, 'people' | 'graph'>): Spending | undefined {
  const spending = { ...forEachLimit((name) => peopleCounted(name, plan)), ...graphLosses(plan) };
  return Object.values(spending).every((ids) => ids.length === 0) ? undefined : spending;
}

/** The maximum within 24 hours, over all runs that share a budget. */
export const budgetFor = (
  plan: Pick<Plan, 'managedBefore' | 'graph'>,
  limits: Limits,
  overrides: Overrides,
): PerBudget<number> => forEachBudget((name) => allowedFor(name, plan, limits, overrides));

/** A ratio allows at least one person, so that a small organization is not stuck, unless it is 0. */
function allowedBy(limit: Limit, before: number): number {
  switch (limit.kind) {
    case 'count':
      return limit.people;
    case 'ratio':
      // Rounded first, since 0.29 of 100 is 28.999999999999996 in binary.
      return limit.ratio === 0 ? 0 : Math.max(1, Math.floor(Number((limit.ratio * before).toFixed(6))));
    default:
      return limit satisfies never;
  }
}

/**
 * Repositories that are removed, and links that end although their repository stays: to teams and organizations, and
 * the roles that people lose. A link that another one replaces is not lost, nor what leavers hold: they are counted as
 * people.
 */
function graphLosses({ graph, people }: Pick<Plan, 'graph' | 'people'>): {
  readonly [name in GraphLimitName]: readonly number[];
} {
  if (graph === undefined) return { repositories: [], links: [] };
  const removed = new Set(graph.changes.flatMap((one) => (one.kind === 'deleteInstance' ? [one.name] : [])));
  const links = graph.changes.flatMap((one) =>
    one.kind === 'deleteTuple' && !one.isReplaced && !removed.has(one.object) ? [tupleId(one)] : [],
  );
  const roles = people
    .filter(({ movement }) => movement !== 'leaving')
    .flatMap(({ changes }) => changes)
    .flatMap((one) =>
      one.kind === 'unassignRole' &&
      modelTypeOf(one.grant) !== undefined &&
      !isRepositoryGone(one.grant, removed)
        ? [`${one.user} ${grantId(one.grant)}`]
        : [],
    );
  const repositories = [...removed].flatMap((name) => {
    const { type, id } = parseInstanceName(name) ?? {};
    return type === REPOSITORY_TYPE && id !== undefined ? [id] : [];
  });
  return { repositories, links: [...links, ...roles].map(numberOf) };
}

/** A number for a text, from 1 to 2^52: budgets hold numbers. One half is the hash of the text in reverse. */
function numberOf(text: string): number {
  const high = fnv1a(text.split('').reverse().join(''), 0x01000193);
  return (high & 0xfffff) * 2 ** 32 + fnv1a(text) + 1;
}

const isRepositoryGone = ({ resource = '' }: Grant, removed: ReadonlySet<string>): boolean =>
  removed.has(resource) && typeOf(resource) === REPOSITORY_TYPE;

/** The only limit of pruning is the number that was given for it. */
function judgePruning({ pruning }: Plan): readonly Violation[] {
  if (!pruning || pruning.users <= pruning.allowed) return [];
  const { allowed, users: planned } = pruning;
  return [{ limit: 'unmanaged', allowed, planned, override: `--prune-unmanaged ${planned}` }];
}

/** The run that writes the first mark decides about all existing users, even if it is narrowed. */
function judgeDuplicates({ people, existing }: Plan, overrides: Overrides): readonly Violation[] {
  const allowed = overrides.duplicates ?? 0;
  if (people.length === 0 || existing === undefined || existing.people <= allowed) return [];
  const planned = existing.people;
  return [{ limit: 'duplicates', allowed, planned, override: `--allow-duplicates ${planned}` }];
}

/** The floors that these holders fall below. */
export function judgeFloors(
  { holders }: Pick<Plan, 'holders'>,
  { floors }: Limits,
  overrides: Overrides,
): readonly Violation[] {
  return holders.flatMap(({ tenant, role, before, after }): readonly Violation[] => {
    // A role may be called `constructor`.
    const floor = Object.hasOwn(floors, role) ? floors[role] : undefined;
    if (floor === undefined) return [];
    // If there were fewer holders than the floor before, the plan is not the cause.
    const wanted = Math.min(floor, before);
    const allowed = Math.min(wanted, overrides.floors?.[`${tenant}/${role}`] ?? wanted);
    if (after >= allowed) return [];
    return [
      { limit: 'floors', allowed, planned: after, override: `--allow-floor ${tenant}/${role}=${after}` },
    ];
  });
}

/**
 * Counts the holders of each role in each tenant, managed or not, before and after the changes. Grants on resource
 * instances don't count.
 * @returns the roles that would lose holders, sorted: only those can fall below a floor.
 */
export function holdersAfter(users: readonly PermitUser[], changes: readonly Change[]): readonly Holders[] {
  if (changes.length === 0) return [];
  return [...countHolders(users, changes).values()]
    .filter(({ before, after }) => after < before)
    .sort((a, b) => compareText(a.tenant, b.tenant) || compareText(a.role, b.role));
}

/** The holders of every role in every tenant, by `grantId`. */
export function countHolders(
  users: readonly PermitUser[],
  changes: readonly Change[],
): ReadonlyMap<string, Holders> {
  const gone = new Set(changes.filter(({ kind }) => kind === 'deleteUser').map(({ user }) => user));
  const counts = new Map<string, { tenant: string; role: string; before: number; after: number }>();
  const add = (grant: Grant, before: number, after: number): void => {
    if (grant.resource !== undefined) return;
    const { tenant, role } = grant;
    const known = counts.get(grantId(grant));
    if (known) {
      known.before += before;
      known.after += after;
    } else counts.set(grantId(grant), { tenant, role, before, after });
  };
  const elsewhere = standingElsewhere(users);
  for (const { key, attributes, grants } of users) {
    const twice = elsewhere.get(key);
    const isSamePerson = twice !== undefined && twice.id === attributes.github_id;
    for (const grant of grants) {
      if (!isSamePerson || !twice.grants.has(grantId(grant))) add(grant, 1, gone.has(key) ? 0 : 1);
    }
  }
  for (const change of changes) {
    if (change.kind === 'unassignRole') add(change.grant, 0, -1);
    else if (change.kind === 'assignRole' && !(isTemporaryKey(change.user) && gone.has(change.user))) {
      add(change.grant, 0, 1);
    }
  }
  return counts;
}

/** Grants on both users of an unfinished move belong to one person. They count for the new user only. */
function standingElsewhere(
  users: readonly PermitUser[],
): ReadonlyMap<string, { readonly id: GitHubId; readonly grants: ReadonlySet<string> }> {
  const elsewhere = new Map<string, { readonly id: GitHubId; readonly grants: ReadonlySet<string> }>();
  for (const { attributes, grants } of users) {
    if (attributes.managed_move === undefined) continue;
    const reading = readMark(attributes);
    if (reading.kind !== 'valid' || reading.mark.move === undefined) continue;
    const { id, move } = reading.mark;
    elsewhere.set(move.from, { id, grants: new Set(grants.map(grantId)) });
  }
  return elsewhere;
}
