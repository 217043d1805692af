import type { Change, Result } from '../model/change.ts';
import { folded } from '../model/identity.ts';
import type { GraphCounts } from '../model/limits.ts';
import type { CompleteListing } from '../model/member.ts';
import type { GraphPlan, Plan } from '../model/plan.ts';
import { modelTypeOf } from '../model/repositories/access-model.ts';
import type { GraphChange } from '../model/repositories/graph-change.ts';
import type { LastRun, RunRecord } from '../model/webhooks/queue.ts';

/** What later drains need to know about a full run. @param results of its changes. */
export const lastRunOf = (
  listings: readonly Pick<CompleteListing, 'org' | 'members'>[],
  { managedBefore, skipped, graph }: Pick<Plan, 'managedBefore' | 'skipped' | 'graph'>,
  results: readonly Result[],
  at: Date,
): LastRun => ({
  at: at.toISOString(),
  members: Object.fromEntries(listings.map(({ org, members }) => [folded(org), members.length])),
  managed: results
    .filter(({ outcome }) => outcome.kind === 'applied')
    .reduce((sum, { change }) => sum + marksMade(change), managedBefore),
  plain: skipped.every(({ code }) => code !== 'DUPLICATE_ID'),
  ...(graph ? { graph: graphAfter(graph, results) } : {}),
});

/** Near enough for percentages: what was added counts, whether it took the place of something or not. */
function graphAfter({ before, changes }: GraphPlan, results: readonly Result[]): GraphCounts {
  const count = (kind: GraphChange['kind']): number =>
    changes.filter((change) => change.kind === kind).length;
  const repositories = changes.filter(
    (change) => change.kind === 'createInstance' && change.repository !== undefined,
  );
  const roles = results.filter(
    ({ change }) => change.kind === 'assignRole' && modelTypeOf(change.grant) !== undefined,
  );
  return {
    repositories: before.repositories + repositories.length,
    links: before.links + count('createTuple') + roles.length,
  };
}

/** Whether every move of this plan was completed, so that each person has one user again. */
export function areMovesThrough({ people }: Pick<Plan, 'people'>, results: readonly Result[]): boolean {
  const moving = new Set(people.filter(({ move }) => move !== undefined).flatMap(({ changes }) => changes));
  return results.every(({ change, outcome }) => !moving.has(change) || outcome.kind === 'applied');
}

/** How much a change adds to the number of users with our mark. */
function marksMade(change: Change): number {
  switch (change.kind) {
    case 'createUser':
      return 1;
    case 'deleteUser':
      return -1;
    case 'updateUser':
      return Number(change.to.managed_by !== undefined) - Number(change.from.managed_by !== undefined);
    case 'assignRole':
    case 'unassignRole':
      return 0;
    default:
      return change satisfies never;
  }
}

/** Clears the record of the last run while someone moves. It is restored once every move is completed. */
export async function forgetWhileMoving<A extends { readonly results: readonly Result[] }>(
  record: RunRecord | undefined,
  plan: Plan,
  apply: () => Promise<A>,
): Promise<A> {
  if (record === undefined || plan.people.every(({ move }) => move === undefined)) return apply();
  const known = await record.read();
  await record.clear();
  const applied = await apply();
  // A failure to restore the record must not hide the results. Without a record the next drain lists everyone.
  if (known && areMovesThrough(plan, applied.results)) await record.write(known).catch(() => undefined);
  return applied;
}
