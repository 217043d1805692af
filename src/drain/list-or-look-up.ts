import { folded } from '../model/identity.ts';
import type { LastRun, SharedState, TakenEntry } from '../model/webhooks/queue.ts';
import { orgNeedsOf } from '../plan/needs.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import { type Hints, isEmpty } from './hints.ts';

/** People on one page of a listing (GitHub's `per_page`). */
const PER_PAGE = 100;

/**
 * Which takes fewer requests: looking up each person, or listing the organizations.
 * @param people how many would be looked up.
 * @param repositories where they are mirrored, a listing reads all of them too, which always takes more.
 * @param lastRun holds the sizes of the organizations. Without it they are listed, which records the sizes.
 */
export function listOrLookUp(
  people: number,
  { listedOrgs, rules, repositories }: ListingRequest,
  lastRun: LastRun | undefined,
): 'look up' | 'list' {
  if (lastRun === undefined || hasTeamPattern({ listedOrgs, rules })) return 'list';
  if (repositories !== undefined) return 'look up';
  let looking = people;
  let listing = 0;
  for (const org of listedOrgs) {
    const { teams, collaborators, orgRoles } = orgNeedsOf(rules, org);
    const name = folded(org);
    const members = Object.hasOwn(lastRun.members, name) ? lastRun.members[name] : undefined;
    if (members === undefined) return 'list';
    // Listed in both cases, since GitHub has no lookup for one person.
    const repeated = (collaborators ? 1 : 0) + (orgRoles.length === 0 ? 0 : 1 + orgRoles.length);
    looking += 1 + teams.length + repeated + people * (1 + teams.length);
    listing += 3 + Math.max(1, Math.ceil(members / PER_PAGE)) + 2 * teams.length + repeated;
  }
  return looking <= listing ? 'look up' : 'list';
}

type ListingRequest = Pick<ReconcileRequest, 'listedOrgs' | 'rules' | 'repositories'>;

/** Whether a rule names teams by a pattern: only a list of the teams shows which of them it matches. */
const hasTeamPattern = ({ listedOrgs, rules }: Pick<ListingRequest, 'listedOrgs' | 'rules'>): boolean =>
  listedOrgs.some((org) => orgNeedsOf(rules, org).teams.some((ref) => ref.includes('*')));

/** What a drain may do about its hints now. */
type Limited = {
  readonly hints: Hints;
  /** They wait until the organizations may be listed again. */
  readonly postponed: readonly TakenEntry[];
  /** Milliseconds until then; undefined if nothing is postponed. */
  readonly listAgainMs: number | undefined;
};

/** Looking up more people than this one by one would take longer than waiting for the next listing. */
const MAX_LOOKUPS = 100;

/**
 * Limits how often hints cause listings, so that anyone who can cause webhooks can't make every drain list whole
 * organizations. If they were listed a short while ago, people are looked up one by one, and what needs a listing
 * waits.
 * @param bound `unbounded` for a drain that runs once: it may always list, but other drains must wait after it.
 */
export async function limitListings(
  hints: Hints,
  request: ListingRequest,
  bound: 'bounded' | 'unbounded',
  { record, listingBudget }: Pick<SharedState, 'record' | 'listingBudget'>,
): Promise<Limited> {
  const free: Limited = { hints, postponed: [], listAgainMs: undefined };
  if (isEmpty(hints)) return free;
  const people = hints.people.size + hints.logins.size;
  const lastRun = await record.read();
  // Before the first user is managed, only a listing can tell who would be.
  const isFirstRun = lastRun?.managed === 0;
  const wantsListing =
    hints.orgs.length > 0 || isFirstRun || listOrLookUp(people, request, lastRun) === 'list';
  // Without a counted listing, this drain must not list later.
  if (!wantsListing) return { ...free, hints: { ...hints, lookOnly: true } };
  const listAgainMs = await listingBudget.take(request.listedOrgs, bound);
  if (listAgainMs === 0) return free;
  if (!hasTeamPattern(request) && !isFirstRun && people <= MAX_LOOKUPS) {
    return { hints: { ...hints, orgs: [], lookOnly: true }, postponed: hints.orgs, listAgainMs };
  }
  return {
    hints: { ...hints, people: new Map(), logins: new Map(), orgs: [], graph: [] },
    postponed: [
      ...[...hints.people.values(), ...hints.logins.values()].flat(),
      ...hints.orgs,
      ...hints.graph,
    ],
    listAgainMs,
  };
}
