import { type Outcome, type Result, resultFinder } from '../model/change.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import { changesOf, type PersonPlan, type Plan } from '../model/plan.ts';
import type { Problem, Warning } from '../model/problem.ts';
import type { GraphResult } from '../model/repositories/graph-change.ts';
import type { QueueCounts } from '../model/webhooks/queue.ts';

/**
 * `in-sync`: nothing to change. `pending`: a dry run with changes. `partial`: someone was skipped or failed, or
 * something could not be read. `refused`: a limit was crossed. `error`: nothing was written.
 */
export type Status = 'in-sync' | 'pending' | 'applied' | 'partial' | 'refused' | 'error';

/** What a run cost so far. */
export type Cost = {
  /** HTTP requests sent, retries included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

/**
 * Where a run writes: Permit's project and environment by their keys, or by their ids where the API key may not read
 * the keys. Undefined if the run ended before it knew.
 */
export type Target = { readonly project: string; readonly environment: string; readonly apiUrl: string };

/** The result of one run, from which its page is made (pages/run.ts). */
export type RunReport = Cost & {
  readonly command: 'reconcile' | 'apply' | 'drain';
  readonly dryRun: boolean;
  readonly status: Status;
  readonly orgs: readonly string[];
  readonly target?: Target | undefined;
  readonly owner?: string;
  /** Name of the config file; undefined without one. */
  readonly config?: string | undefined;
  /** Flags that the commands suggested by the report have to repeat, quoted for a shell. */
  readonly flags?: readonly string[];
  /** Undefined when the run ended before planning. */
  readonly plan: Plan | undefined;
  /** One for each change of the plan, in the plan's order. */
  readonly results: readonly Result[];
  /** Likewise for each change to the graph of repositories. */
  readonly graphResults?: readonly GraphResult[];
  readonly verdict: Verdict;
  /**
   * About the run as a whole, such as an organization that could not be read. Those about one person are in
   * `plan.skipped` and `plan.notes`; `warningsOf` (warnings.ts) returns all three.
   */
  readonly warnings: readonly Warning[];
  /** Warnings that leave the status and the exit code alone. */
  readonly notes?: readonly Warning[];
  /** Undefined if the run did not process the queue. */
  readonly queue?: QueueCounts | undefined;
  readonly error: Problem<ErrorCode> | undefined;
};

/** A person of the plan, and how each change for that person ended. */
export type PersonResults = { readonly person: PersonPlan; readonly results: readonly Result[] };

/** Every change for the people of the plan with its outcome, in the plan's order. */
export const resultsOf = (report: RunReport): readonly Result[] =>
  withOutcomes(report.plan === undefined ? [] : changesOf(report.plan), report.results, report);

/** The same for changes to the graph of repositories. */
export const graphResultsOf = (report: RunReport): readonly GraphResult[] =>
  withOutcomes(report.plan?.graph?.changes ?? [], report.graphResults ?? [], report);

/** Every change of the plan with its outcome. */
export const allResultsOf = (report: RunReport): readonly (Result | GraphResult)[] => [
  ...resultsOf(report),
  ...graphResultsOf(report),
];

type ChangeResult<C> = { readonly change: C; readonly outcome: Outcome };

/** A run that ended early did not try the rest. */
function withOutcomes<C>(
  changes: readonly C[],
  known: readonly ChangeResult<C>[],
  { dryRun }: RunReport,
): readonly ChangeResult<C>[] {
  const untried: Outcome = dryRun ? { kind: 'planned' } : { kind: 'skipped', why: 'not tried' };
  return changes.map((change, index) => known[index] ?? { change, outcome: untried });
}

/** The people who have changes, in the plan's order. */
export function peopleOf(report: RunReport): readonly PersonResults[] {
  // Not by position: a move changes two users, which are not neighbours in the plan's order.
  const find = resultFinder(resultsOf(report));
  return (report.plan?.people ?? [])
    .filter(({ changes }) => changes.length > 0)
    .map((person) => ({ person, results: person.changes.flatMap((change) => find(change) ?? []) }));
}

/** How many changes there are of each kind. */
export function countKinds<Kind extends string>(
  kinds: readonly Kind[],
  changes: readonly { readonly kind: Kind }[],
): { readonly [kind in Kind]: number } {
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

/** How many people join, leave, lose a role or change their user key. */
export function countPeople(people: readonly PersonPlan[]): {
  readonly [movement in 'joining' | 'leaving' | 'demoted' | 'moved']: number;
} {
  const counts = { joining: 0, leaving: 0, demoted: 0, moved: 0 };
  for (const { movement, move } of people) {
    if (movement === 'joining' || movement === 'leaving' || movement === 'demoted') counts[movement] += 1;
    // One person can move and be demoted in the same run.
    if (movement === 'moved' || move !== undefined) counts.moved += 1;
  }
  return counts;
}

/** How many results ended this way. */
export const countOutcome = (
  results: readonly { readonly outcome: Outcome }[],
  kind: Outcome['kind'],
): number => results.filter(({ outcome }) => outcome.kind === kind).length;
