import type { GitHubId } from '../model/identity.ts';
import type { EntryId, QueueAdmin, QueueConsumer, TakenEntry } from '../model/webhooks/queue.ts';
import type { QueueCoverage } from '../sync/locked-run.ts';
import type { ReconcileRequest, ReconcileResult } from '../sync/run.ts';
import { answersIn, findContradictions, lookupsOf } from './contradictions.ts';
import { readHints } from './hints.ts';
import { noMoreThanEntry } from './repository-scope.ts';
import {
  type Convergence,
  findOpenInstances,
  findUnconverged,
  type Settlement,
  seenAmong,
  settle,
} from './settlement.ts';

type CoveredQueue = Pick<QueueConsumer, 'end' | 'listUpTo' | 'settle' | 'settleDead' | 'lookAgain'> &
  Pick<QueueAdmin, 'status'>;

/** Lets a full run settle the entries that arrived before it began, if their people have converged. */
export function coverQueue(
  queue: CoveredQueue,
  request: Pick<ReconcileRequest, 'configuredOrgs' | 'rules' | 'repositories'>,
): QueueCoverage {
  let end: EntryId | undefined;
  return {
    begin: async () => {
      end = await queue.end();
    },
    settle: async (run) => {
      const settled = await settleCovered(end, run, request, queue);
      return { settled, failed: 0, waiting: (await queue.status()).pending };
    },
  };
}

/**
 * Settles what the run covered: entries and dead letters from before it began, if their people have converged,
 * whichever consumer holds them. A refused run covers nothing.
 * @param upTo the end of the stream before anything was listed.
 * @returns how many were settled.
 */
async function settleCovered(
  upTo: EntryId | undefined,
  { plan, results, graphResults, verdict, listings }: ReconcileResult,
  request: Pick<ReconcileRequest, 'configuredOrgs' | 'rules' | 'repositories'>,
  queue: CoveredQueue,
): Promise<number> {
  if (upTo === undefined || verdict.verdict === 'refused') return 0;
  const { entries, dead } = await queue.listUpTo(upTo);
  const open = findUnconverged({ plan, results });
  const openInstances = findOpenInstances({ plan, graphResults }, listings);
  const isSeen = seenAmong(listings, request.configuredOrgs);
  const settlementOf = (taken: readonly TakenEntry[], isThere: ReturnType<typeof answersIn>): Settlement => {
    const hints = readHints(taken, request);
    // A login alone could be anyone's: its entries are settled only when everyone has converged.
    const everybodyOpen: readonly GitHubId[] = [...open.keys()];
    const idsByLogin = new Map([...hints.logins.keys()].map((login) => [login, everybodyOpen]));
    const contradicted = lookupsOf(findContradictions(hints, isThere));
    const convergence: Convergence = {
      ...{ idsByLogin, open, openInstances, isSeen, contradicted },
      // A full run reads everything, and its report names what it could not read.
      concernOf: noMoreThanEntry,
    };
    return settle({ ...hints, unreadable: [] }, convergence);
  };
  const { settled, contradicted } = settlementOf(
    entries,
    answersIn(listings, () => true),
  );
  // Dead letters are not looked up again: what the full run saw settles them.
  const { settled: settledDead } = settlementOf(dead, () => undefined);
  await queue.settle(settled);
  await queue.settleDead(settledDead);
  // The listing counts as a lookup.
  await queue.lookAgain(contradicted);
  return settled.length + settledDead.length;
}
