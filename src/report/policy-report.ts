import type { ErrorCode } from '../model/errors.ts';
import type { PolicyPlan, PolicyResult, PolicyVerdict } from '../model/policy.ts';
import type { Status, Warning } from './run-report.ts';

/** All that one run of `policy` has to say; every renderer reads this one value. */
export type PolicyReport = {
  readonly dryRun: boolean;
  readonly status: Status;
  /** Undefined when the run ended before there was one. */
  readonly plan: PolicyPlan | undefined;
  /** One for each change of the plan, in the plan's order. */
  readonly results: readonly PolicyResult[];
  readonly verdict: PolicyVerdict;
  readonly warnings: readonly Warning[];
  /** HTTP requests sent, repeated ones included. */
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string } | undefined;
};
