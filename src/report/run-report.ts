import type { Result } from '../model/change.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { QueueCounts } from '../model/queue.ts';

/**
 * `in-sync`: nothing to change. `pending`: a dry run with changes. `partial`: someone was skipped or failed, or
 * something could not be read. `refused`: a limit was crossed. `error`: nothing was written.
 */
export type Status = 'in-sync' | 'pending' | 'applied' | 'partial' | 'refused' | 'error';

export type Warning = { readonly code: string; readonly message: string };

/** What a run cost so far. */
export type Cost = {
  /** HTTP requests sent, retries included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

/** Where a run writes. The ids of Permit's project and environment; undefined where the run ended before it knew. */
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
  readonly verdict: Verdict;
  /**
   * About the run as a whole, such as an organization that could not be read. Those about one person are in
   * `plan.skipped` and `plan.notes`; `warningsOf` (warnings.ts) returns all three.
   */
  readonly warnings: readonly Warning[];
  /** Warnings that leave the status and the exit code alone. */
  readonly notes?: readonly Warning[];
  /** Undefined where the run did not process the queue. */
  readonly queue?: QueueCounts | undefined;
  readonly error: Problem<ErrorCode> | undefined;
};
