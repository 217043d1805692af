import type { Taken } from '../model/webhooks/queue.ts';
import { needsOf } from '../plan/needs.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import type { Hints } from './hints.ts';
import { listOrLookUp } from './list-or-look-up.ts';
import type { ConvergePorts } from './ports.ts';

/** What a drain may do about its hints now. */
type Limited = {
  readonly hints: Hints;
  /** They wait until the organizations may be listed again. */
  readonly postponed: readonly Taken[];
  /** Milliseconds until then; undefined where nothing is postponed. */
  readonly listAgainMs: number | undefined;
};

/** Looking up more people than this one by one would take longer than waiting for the next listing. */
const MOST_LOOKED_UP = 100;

/**
 * Limits how often hints cause listings, so that anyone who can cause webhooks can't make every drain list whole
 * organizations. If they were listed a short while ago, people are looked up one by one, and what needs a listing
 * waits.
 * @param bound `unbounded` for a drain that runs once: it may always list, and its listing counts for the others.
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
  // Without a counted listing, this drain must not list later.
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
