import type { GitHubId } from '../model/identity.ts';
import type { ClearLookup, CompleteListing, PersonToLookUp } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubSource } from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import { enumerate } from '../model/text/text.ts';
import { applyLookups, isStillListed } from '../plan/apply-lookups.ts';
import { losers } from '../plan/make-plan.ts';
import type { Unconfirmed } from '../plan/plan-input.ts';
import type { SecondLookups } from './observation.ts';
import { confirmLinks } from './repositories/confirm-links.ts';

/** The plan after the second lookups, the listings it was made from, and notes about the lookups. */
export type ConfirmedPlan = {
  readonly plan: Plan;
  readonly listings: readonly CompleteListing[];
  readonly notes: readonly Note[];
};

/**
 * Looks up everyone who would lose something, and plans again with GitHub's answers. People who would lose something
 * only in the new plan are looked up too, so no loss in the returned plan depends on a listing alone. Links and
 * instances come first: where one is gone, nobody has anything on it.
 * @param replan plans again. People in `unconfirmed`, and kept links, stay as they are.
 * @param known what marks and Permit know of a person.
 */
export async function confirmLosses(
  draft: Plan,
  listings: readonly CompleteListing[],
  github: Pick<GitHubSource, 'lookUp' | 'confirmLinkLosses'>,
  replan: (answers: SecondLookups) => Plan,
  known: {
    readonly loginsOf: (id: GitHubId) => readonly string[];
    /** @param gone instances that are removed, and that no lookup has to ask about. */
    readonly atStake: (id: GitHubId, gone: ReadonlySet<string>) => PersonToLookUp['atStake'];
  },
): Promise<ConfirmedPlan> {
  const { plan, keptLinks } = await confirmLinks(draft, listings, github, (kept) =>
    replan({ listings, unconfirmed: new Map(), keptLinks: kept }),
  );
  const lookups = new Map<GitHubId, ClearLookup>();
  const unconfirmed = new Map<GitHubId, Unconfirmed>();
  const loginOf = new Map(plan.people.map(({ id, login }) => [id, login]));
  const gone = new Set(plan.graph?.gone);
  let confirmed = plan;
  let corrected = listings;
  for (;;) {
    const open = losers(confirmed).filter((id) => !lookups.has(id) && !unconfirmed.has(id));
    if (open.length === 0) break;
    const login = new Map(confirmed.people.map((person) => [person.id, person.login]));
    const asked = open.map((id) => {
      const today = login.get(id);
      const logins = [...(today === undefined ? [] : [today]), ...known.loginsOf(id)];
      return { id, logins, ...defined({ atStake: known.atStake(id, gone) }) };
    });
    for (const [id, lookup] of await github.lookUp(asked, listings)) {
      if (lookup.kind === 'unclear') {
        unconfirmed.set(id, { kind: 'unanswered', why: lookup.why });
        continue;
      }
      if (isStillListed(lookup, listings)) unconfirmed.set(id, { kind: 'still listed' });
      else lookups.set(id, lookup);
    }
    corrected = applyLookups(listings, lookups);
    confirmed = replan({ listings: corrected, unconfirmed, keptLinks });
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
