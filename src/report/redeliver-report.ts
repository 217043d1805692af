import type { NamedHook, RedeliveryResult, Refusal } from '../model/redelivery.ts';

/**
 * `in-sync`: nothing was lost. `pending`: a dry run that found something. `partial`: something was not redelivered,
 * or could not be looked into.
 */
export type RedeliverStatus = 'in-sync' | 'pending' | 'applied' | 'partial';

/** All that `redeliver` has to say. */
export type RedeliverReport = {
  readonly dryRun: boolean;
  readonly status: RedeliverStatus;
  readonly orgs: readonly string[];
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly hooks: readonly NamedHook[];
  /** Deliveries looked at. */
  readonly deliveries: number;
  readonly ignored: number;
  readonly underWay: number;
  /** The oldest first. */
  readonly results: readonly RedeliveryResult[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** What ended the run before every delivery was tried. */
  readonly error: Refusal | undefined;
  readonly requests: { readonly github: number; readonly permit: number };
  readonly durationMs: number;
};

export type OutcomeCounts = { readonly [kind in RedeliveryResult['outcome']['kind']]: number };

/** How many deliveries ended how. */
export function countRedeliveries(results: readonly RedeliveryResult[]): OutcomeCounts {
  const number = (kind: keyof OutcomeCounts): number =>
    results.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    planned: number('planned'),
    requested: number('requested'),
    failed: number('failed'),
    skipped: number('skipped'),
  };
}
