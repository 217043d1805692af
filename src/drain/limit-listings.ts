import type { Taken } from '../model/queue.ts';
import { needsOf } from '../plan/needs.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import type { Hints } from './hints.ts';
import { listOrLookUp } from './list-or-look-up.ts';
import type { ConvergePorts } from './ports.ts';

/** What a drain may do about its hints now. */
export type Limited = {
  readonly hints: Hints;
  /** They wait until the organizations may be listed again. */
  readonly postponed: readonly Taken[];
  /** Milliseconds until then; undefined where nothing is postponed. */
  readonly listAgainMs: number | undefined;
};

/** Asking about more people than these one by one would take longer than the next listing does to come. */
const MOST_LOOKED_UP = 100;

/**
 * Whoever can cause webhooks must not make every drain list whole organizations. Where they were listed a short while
 * ago, people are looked up one by one; what only a listing can answer waits.
 * @param bound `unbounded` for a drain that runs once: it may list, and that counts for those that keep running.
 */
export async function limitListings(
  hints: Hints,
  { listedOrgs, rules }: Pick<ReconcileRequest, 'listedOrgs' | 'rules'>,
  bound: 'bounded' | 'unbounded',
  { record, listingBudget }: Pick<ConvergePorts, 'record' | 'listingBudget'>,
): Promise<Limited> {
  const people = hints.people.size + hints.logins.size;
  const free: Limited = { hints, postponed: [], listAgainMs: undefined };
  if (people + hints.orgs.length === 0) return free;
  const lastRun = await record.read();
  // Before the first user is managed, only a listing can tell who would be.
  const isFirstRun = lastRun?.managed === 0;
  const wantsListing =
    hints.orgs.length > 0 || isFirstRun || listOrLookUp(people, listedOrgs, rules, lastRun) === 'list';
  // What is not counted here must not be listed later on.
  if (!wantsListing) return { ...free, hints: { ...hints, lookOnly: true } };
  const listAgainMs = await listingBudget.take(listedOrgs, bound);
  if (listAgainMs === 0) return free;
  const hasPattern = listedOrgs.some((org) => needsOf(rules, org).teams.some((ref) => ref.includes('*')));
  if (!hasPattern && !isFirstRun && people <= MOST_LOOKED_UP) {
    return { hints: { ...hints, orgs: [], lookOnly: true }, postponed: hints.orgs, listAgainMs };
  }
  return {
    hints: { ...hints, people: new Map(), logins: new Map(), orgs: [] },
    postponed: [...[...hints.people.values(), ...hints.logins.values()].flat(), ...hints.orgs],
    listAgainMs,
  };
}
