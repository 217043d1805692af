import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { Budget, ListingBudget, RunRecord } from '../model/queue.ts';
import type { ReconcilePorts } from '../sync/reconcile.ts';

/** What it takes to bring the people of a drain to what they should be. */
export type ConvergePorts = Omit<ReconcilePorts, 'github' | 'writer' | 'budget'> & {
  readonly github: GitHubSource & GitHubAcquaintance;
  readonly writer: NonNullable<ReconcilePorts['writer']>;
  readonly budget: Budget;
  readonly listingBudget: ListingBudget;
  readonly record: RunRecord;
  readonly now: () => Date;
};
