import type { GitHubId } from '../model/identity.ts';
import type { ClearLookup, CompleteListing } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubSource } from '../model/ports.ts';
import { enumerate } from '../model/text/text.ts';
import { applyLookups, isStillListed } from '../plan/apply-lookups.ts';
import type { Unconfirmed } from '../plan/basis.ts';
import { losers } from '../plan/make-plan.ts';

/** The plan after the second lookups, the listings it was made from, and notes about the lookups. */
export type Confirmed = {
  readonly plan: Plan;
  readonly listings: readonly CompleteListing[];
  readonly notes: readonly Note[];
};

/** Plans again, from listings with the lookups applied. People in `unconfirmed` keep what they have. */
type Replan = (listings: readonly CompleteListing[], unconfirmed: ReadonlyMap<GitHubId, Unconfirmed>) => Plan;

/**
 * Looks up everyone who would lose something, and plans again with GitHub's answers. People who would lose something
 * only in the new plan are looked up too, so no loss in the returned plan depends on a listing alone.
 * @param loginsOf the logins of a person in the marks of our users.
 */
export async function confirmLosses(
  plan: Plan,
  listings: readonly CompleteListing[],
  github: Pick<GitHubSource, 'lookUp'>,
  replan: Replan,
  loginsOf: (id: GitHubId) => readonly string[],
): Promise<Confirmed> {
  const lookups = new Map<GitHubId, ClearLookup>();
  const unconfirmed = new Map<GitHubId, Unconfirmed>();
  const loginOf = new Map(plan.people.map(({ id, login }) => [id, login]));
  let confirmed = plan;
  let corrected = listings;
  for (;;) {
    const open = losers(confirmed).filter((id) => !lookups.has(id) && !unconfirmed.has(id));
    if (open.length === 0) break;
    const login = new Map(confirmed.people.map((person) => [person.id, person.login]));
    const asked = open.map((id) => {
      const today = login.get(id);
      return { id, logins: [...(today === undefined ? [] : [today]), ...loginsOf(id)] };
    });
    for (const [id, lookup] of await github.lookUp(asked, listings)) {
      if (lookup.kind === 'unclear') unconfirmed.set(id, { kind: 'unanswered', why: lookup.why });
      else if (isStillListed(lookup, listings)) unconfirmed.set(id, { kind: 'still listed' });
      else lookups.set(id, lookup);
    }
    corrected = applyLookups(listings, lookups);
    confirmed = replan(corrected, unconfirmed);
  }
  const lost = new Set(losers(confirmed));
  const unanswered = new Set(
    confirmed.skipped.flatMap(({ id, code }) => (code === 'LOOKUP_FAILED' ? (id ?? []) : [])),
  );
  const kept = losers(plan).filter((id) => !lost.has(id) && !unconfirmed.has(id) && !unanswered.has(id));
  if (kept.length === 0) return { plan: confirmed, listings: corrected, notes: [] };
  const users = kept.map((id) => loginOf.get(id) ?? String(id));
  const message = `${enumerate(users)}: kept, since GitHub confirmed them when asked about them alone; the listing had said otherwise`;
  return { plan: confirmed, listings: corrected, notes: [{ code: 'KEPT_UNCONFIRMED', users, message }] };
}
