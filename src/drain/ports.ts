import type { GitHubAcquaintance, GitHubSource } from '../model/ports.ts';
import type { Budget, ListingBudget, RunRecord } from '../model/webhooks/queue.ts';
import type { ReconcilePorts } from '../sync/run.ts';

/** What a drain needs to bring its people in sync. */
export type ConvergePorts = Omit<ReconcilePorts, 'github' | 'writer' | 'budget' | 'record'> & {
  readonly github: GitHubSource & GitHubAcquaintance;
  readonly writer: NonNullable<ReconcilePorts['writer']>;
  readonly budget: Budget;
  readonly listingBudget: ListingBudget;
  readonly record: RunRecord;
};
