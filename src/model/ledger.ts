import type { Change, Outcome, Result } from './change.ts';
import type { PersonErrorCode } from './errors.ts';

/** Records how each change ended. A change without a record counts as `skipped`. */
export type Ledger<C> = {
  readonly applied: (changes: readonly C[]) => void;
  /**
   * Permit refused to make these changes and shows that they are in effect. As long as it took no write, they were in
   * effect before: its listing lagged behind an earlier run.
   */
  readonly standing: (changes: readonly C[]) => void;
  /** Permit took a write, or may have. */
  readonly wrote: () => void;
  readonly failed: (changes: readonly C[], code: PersonErrorCode, message: string) => void;
  readonly skipped: (changes: readonly C[], why: string) => void;
  /** Nothing more can be written in this run: Permit is unavailable, or the run was stopped. */
  readonly halt: (why: string) => void;
  readonly halted: () => string | undefined;
  /** Whether an outcome was recorded. */
  readonly hasEnded: (change: C) => boolean;
  readonly isApplied: (change: C) => boolean;
  readonly results: <D extends C>(changes: readonly D[]) => readonly Result<D>[];
};

/**
 * Called once for each change, as soon as it is known to be in effect.
 * @returns why nothing more may be written, if that is so.
 */
export type OnApplied<C = Change> = (changes: readonly C[]) => string | undefined;

export function openLedger<C>(onApplied: OnApplied<C> = () => undefined): Ledger<C> {
  const outcomes = new Map<C, Outcome>();
  const standing: C[] = [];
  let hasWritten = false;
  let haltedWhy: string | undefined;
  const record = (changes: readonly C[], outcome: Outcome): void => {
    for (const change of changes) outcomes.set(change, outcome);
  };
  const announce = (changes: readonly C[]): void => {
    const trouble = changes.length > 0 ? onApplied(changes) : undefined;
    haltedWhy ??= trouble;
  };
  const wrote = (): void => {
    hasWritten = true;
    record(standing, { kind: 'applied' });
    announce(standing.splice(0));
  };
  const applied = (changes: readonly C[]): void => {
    wrote();
    const fresh = changes.filter((change) => outcomes.get(change)?.kind !== 'applied');
    record(changes, { kind: 'applied' });
    announce(fresh);
  };
  return {
    applied,
    standing: (changes) => {
      if (hasWritten) return applied(changes);
      standing.push(...changes);
      record(changes, { kind: 'applied', stood: true });
    },
    wrote,
    failed: (changes, code, message) => record(changes, { kind: 'failed', code, message }),
    skipped: (changes, why) => record(changes, { kind: 'skipped', why }),
    halt: (why) => {
      haltedWhy ??= why;
    },
    halted: () => haltedWhy,
    hasEnded: (change) => outcomes.has(change),
    isApplied: (change) => outcomes.get(change)?.kind === 'applied',
    results: (changes) =>
      changes.map((change) => ({
        change,
        outcome: outcomes.get(change) ?? { kind: 'skipped', why: 'not tried' },
      })),
  };
}
