import type { Change, Outcome, Result } from '../model/change.ts';
import type { PersonErrorCode } from '../model/errors.ts';

/** Keeps how each change ended. What nobody came to is `skipped`. */
export type Ledger = {
  readonly applied: (changes: readonly Change[]) => void;
  readonly failed: (changes: readonly Change[], code: PersonErrorCode, message: string) => void;
  readonly skipped: (changes: readonly Change[], why: string) => void;
  /** Nothing more can be written in this run: Permit is not there, or the run was stopped. */
  readonly halt: (why: string) => void;
  readonly halted: () => string | undefined;
  readonly isApplied: (change: Change) => boolean;
  readonly results: (changes: readonly Change[]) => readonly Result[];
};

/**
 * Told of changes as soon as they are known to stand.
 * @returns why nothing more may be written, if that is so.
 */
export type OnApplied = (changes: readonly Change[]) => string | undefined;

export function openLedger(onApplied: OnApplied = () => undefined): Ledger {
  const outcomes = new Map<Change, Outcome>();
  let haltedWhy: string | undefined;
  const put = (changes: readonly Change[], outcome: Outcome): void => {
    for (const change of changes) outcomes.set(change, outcome);
  };
  return {
    applied: (changes) => {
      const fresh = changes.filter((change) => outcomes.get(change)?.kind !== 'applied');
      put(changes, { kind: 'applied' });
      const trouble = fresh.length > 0 ? onApplied(fresh) : undefined;
      haltedWhy ??= trouble;
    },
    failed: (changes, code, message) => put(changes, { kind: 'failed', code, message }),
    skipped: (changes, why) => put(changes, { kind: 'skipped', why }),
    halt: (why) => {
      haltedWhy ??= why;
    },
    halted: () => haltedWhy,
    isApplied: (change) => outcomes.get(change)?.kind === 'applied',
    results: (changes) =>
      changes.map((change) => ({
        change,
        outcome: outcomes.get(change) ?? { kind: 'skipped', why: 'not tried' },
      })),
  };
}
