import type { Result } from '../model/change.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Verdict } from '../model/limits.ts';
import type { Plan } from '../model/plan.ts';
import type { QueueCounts } from '../model/queue.ts';

/**
 * `in-sync`: nothing to change. `pending`: a dry run with changes. `partial`: somebody was skipped or failed, or
 * something could not be read. `refused`: a limit was crossed. `error`: nothing was written.
 */
export type Status = 'in-sync' | 'pending' | 'applied' | 'partial' | 'refused' | 'error';

export type Warning = { readonly code: string; readonly message: string };

/** All that one run has to say; every renderer (text, JSON, Markdown, Actions) reads this one value. */
export type RunReport = {
  readonly command: 'reconcile' | 'apply' | 'drain';
  readonly dryRun: boolean;
  readonly status: Status;
  readonly orgs: readonly string[];
  /** The flags that a command has to repeat which the report suggests, as a shell takes them. */
  readonly flags?: readonly string[];
  /** Undefined when the run ended before there was one. */
  readonly plan: Plan | undefined;
  /** One for each change of the plan, in the plan's order. */
  readonly results: readonly Result[];
  readonly verdict: Verdict;
  /**
   * Of the run as a whole, e.g. an organization that could not be read. Those about one person stand in
   * `plan.skipped` and `plan.notes`; `warningsOf` (warnings.ts) gathers all three.
   */
  readonly warnings: readonly Warning[];
  /** Warnings that leave the status and the exit code alone. */
  readonly notes?: readonly Warning[];
  /** HTTP requests sent, repeated ones included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
  /** What became of the queue, in entries; undefined where the run had nothing to do with it. */
  readonly queue?: QueueCounts | undefined;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string } | undefined;
};
