import type { Outcome } from '../model/change.ts';
import type { PersonErrorCode } from '../model/errors.ts';
import type { PolicyChange, PolicyResult } from '../model/policy.ts';

/** Keeps how each change ended. What nobody came to is `skipped`. */
export type PolicyLedger = {
  readonly applied: (changes: readonly PolicyChange[]) => void;
  readonly failed: (changes: readonly PolicyChange[], code: PersonErrorCode, message: string) => void;
  readonly skipped: (changes: readonly PolicyChange[], why: string) => void;
  /** Nothing more can be written in this run: Permit is not there, or the run was stopped. */
  readonly halt: (why: string) => void;
  readonly halted: () => string | undefined;
  readonly hasEnded: (change: PolicyChange) => boolean;
  /** It has ended otherwise than by standing. */
  readonly isLost: (change: PolicyChange) => boolean;
  readonly results: (changes: readonly PolicyChange[]) => readonly PolicyResult[];
};

export function openPolicyLedger(): PolicyLedger {
  const outcomes = new Map<PolicyChange, Outcome>();
  let haltedWhy: string | undefined;
  const put = (changes: readonly PolicyChange[], outcome: Outcome): void => {
    for (const change of changes) outcomes.set(change, outcome);
  };
  return {
    applied: (changes) => put(changes, { kind: 'applied' }),
    failed: (changes, code, message) => put(changes, { kind: 'failed', code, message }),
    skipped: (changes, why) => put(changes, { kind: 'skipped', why }),
    halt: (why) => {
      haltedWhy ??= why;
    },
    halted: () => haltedWhy,
    hasEnded: (change) => outcomes.has(change),
    isLost: (change) => {
      const outcome = outcomes.get(change);
      return outcome !== undefined && outcome.kind !== 'applied';
    },
    results: (changes) =>
      changes.map((change) => ({
        change,
        outcome: outcomes.get(change) ?? { kind: 'skipped', why: 'not tried' },
      })),
  };
}
