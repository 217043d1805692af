import type { GitHubId } from '../model/identity.ts';
import type { EntryId, QueueOutlet, Taken } from '../model/queue.ts';
import type { Reconciled, ReconcileRequest } from '../reconcile/reconcile.ts';
import { readHints } from './hints.ts';
import { findOpen } from './outcome.ts';
import { type Convergence, seenAmong, settle } from './settlement.ts';

/** How many entries and dead letters a full run has made superfluous. */
export type Covered = { readonly entries: number; readonly dead: number };

/**
 * Settles what a full run has covered, and only that: entries and dead letters of before it began whose people it left
 * as they should be, whoever has taken them. A run that was refused covers nothing.
 * @param upTo the end of the stream as it was before anything was listed.
 */
export async function settleCovered(
  upTo: EntryId | undefined,
  { plan, results, verdict, listed }: Reconciled,
  request: Pick<ReconcileRequest, 'orgs' | 'statements'>,
  queue: Pick<QueueOutlet, 'waiting' | 'settle' | 'settleDead'>,
): Promise<Covered> {
  if (upTo === undefined || verdict.verdict === 'refused') return { entries: 0, dead: 0 };
  const { entries, dead } = await queue.waiting(upTo);
  const open = findOpen({ plan, results, waiting: new Set(), unanswered: new Set() });
  const isSeen = seenAmong(listed, request.orgs);
  const settledOf = (taken: readonly Taken[]): readonly EntryId[] => {
    const hints = readHints(taken, request);
    // A login alone may be anybody's: it is settled when nobody at all is left open.
    const everybodyOpen: readonly GitHubId[] = [...open.keys()];
    const namesakes = new Map([...hints.logins.keys()].map((login) => [login, everybodyOpen]));
    const unknown: ReadonlySet<string> = new Set();
    const convergence: Convergence = { namesakes, unknown, open, isSeen };
    return settle({ ...hints, unreadable: [] }, convergence).settled;
  };
  const settled = { entries: settledOf(entries), dead: settledOf(dead) };
  await queue.settle(settled.entries);
  await queue.settleDead(settled.dead);
  return { entries: settled.entries.length, dead: settled.dead.length };
}
