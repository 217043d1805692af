import type { GitHubId } from '../model/identity.ts';
import type { EntryId, QueueConsumer, Taken } from '../model/queue.ts';
import type { Reconciled, ReconcileRequest } from '../sync/reconcile.ts';
import {
  findContradictions,
  lookupsOf,
  NOTHING_OBSERVED,
  type Observed,
  observedIn,
} from './contradictions.ts';
import { readHints } from './hints.ts';
import { findUnconverged } from './outcome.ts';
import { type Convergence, type Settlement, seenAmong, settle } from './settlement.ts';

/** How many entries and dead letters a full run has made superfluous. */
export type Covered = { readonly entries: number; readonly dead: number };

/**
 * Settles what a full run has covered, and only that: entries and dead letters of before it began whose people it left
 * as they should be, whoever has taken them. A run that was refused covers nothing.
 * @param upTo the end of the stream as it was before anything was listed.
 */
export async function settleCovered(
  upTo: EntryId | undefined,
  { plan, results, verdict, listed, listings }: Reconciled,
  request: Pick<ReconcileRequest, 'orgs' | 'rules'>,
  queue: Pick<QueueConsumer, 'waiting' | 'settle' | 'settleDead' | 'lookAgain'>,
): Promise<Covered> {
  if (upTo === undefined || verdict.verdict === 'refused') return { entries: 0, dead: 0 };
  const { entries, dead } = await queue.waiting(upTo);
  const open = findUnconverged({ plan, results, waiting: new Set(), unanswered: new Set() });
  const isSeen = seenAmong(listed, request.orgs);
  const settlementOf = (taken: readonly Taken[], observed: Observed): Settlement => {
    const hints = readHints(taken, request);
    // A login alone may be anybody's: it is settled when nobody at all is left open.
    const everybodyOpen: readonly GitHubId[] = [...open.keys()];
    const idsByLogin = new Map([...hints.logins.keys()].map((login) => [login, everybodyOpen]));
    const unknown: ReadonlySet<string> = new Set();
    const contradicted = lookupsOf(findContradictions(hints, observed));
    const convergence: Convergence = { idsByLogin, unknown, open, isSeen, contradicted };
    return settle({ ...hints, unreadable: [] }, convergence);
  };
  const { settled, contradicted } = settlementOf(
    entries,
    observedIn(listings, () => true),
  );
  // Nobody looks a dead letter up again: it is settled by what the full run saw.
  const { settled: settledDead } = settlementOf(dead, NOTHING_OBSERVED);
  await queue.settle(settled);
  await queue.settleDead(settledDead);
  // The listing counts as a lookup.
  await queue.lookAgain(contradicted);
  return { entries: settled.length, dead: settledDead.length };
}
