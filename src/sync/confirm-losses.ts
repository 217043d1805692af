import type { GitHubId } from '../model/identity.ts';
import type { ClearLookup, CompleteListing, PersonToLookUp } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubSource } from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import { enumerate } from '../model/text/text.ts';
import { applyLookups, isStillListed } from '../plan/apply-lookups.ts';
import { gainers, losers } from '../plan/make-plan.ts';
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
 * So many people are looked up in one run because of what they gain. Of more, these are a sample: where GitHub says
 * otherwise about one of them, the list is not believed about the rest either.
 */
const MAX_CONFIRMED_GAINS = 40;

/**
 * Looks up everyone who would lose something, and plans again with GitHub's answers. People who would lose something
 * only in the new plan are looked up too, so no loss in the returned plan depends on a listing alone. Links and
 * instances come first: where one is gone, nobody has anything on it. Also looks up people who would gain what a `deny`
 * or an `unless` would prevent, had a list not left them out.
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
  const sample = new Set<GitHubId>();
  let confirmed = plan;
  let corrected = listings;
  for (;;) {
    const isOpen = (id: GitHubId): boolean => !lookups.has(id) && !unconfirmed.has(id);
    const gaining = gainers(confirmed).filter(isOpen);
    for (const id of gaining.slice(0, MAX_CONFIRMED_GAINS - sample.size)) sample.add(id);
    const open = [...new Set([...losers(confirmed), ...sample])].filter(isOpen);
    if (open.length === 0) {
      if (gaining.length === 0 || refuted(sample, lookups, confirmed).length === 0) break;
      const why = 'a list left out others who are asked about one by one';
      for (const id of gaining) unconfirmed.set(id, { kind: 'unanswered', why });
      confirmed = replan({ listings: corrected, unconfirmed, keptLinks });
      continue;
    }
    const login = new Map(confirmed.people.map((person) => [person.id, person.login]));
    const asked = open.map((id) => {
      const today = login.get(id);
      const logins = [...(today === undefined ? [] : [today]), ...known.loginsOf(id)];
      const atStake = known.atStake(id, gone);
      const stakes = sample.has(id) ? withPatternTeams(atStake, listings) : atStake;
      return { id, logins, ...defined({ atStake: stakes }) };
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
  const noteAbout = (ids: readonly GitHubId[], what: string): readonly Note[] => {
    const users = ids.map((id) => loginOf.get(id) ?? String(id));
    const message = `${enumerate(users)}: ${what}`;
    return users.length === 0 ? [] : [{ code: 'KEPT_UNCONFIRMED', users, message }];
  };
  const notes = [
    ...noteAbout(
      kept,
      'kept, since GitHub confirmed them when asked about them alone; the listing had said otherwise',
    ),
    ...noteAbout(
      refuted(sample, lookups, confirmed).filter((id) => !kept.includes(id)),
      'not given what a listing would allow, since GitHub said otherwise when asked about them alone',
    ),
  ];
  return { plan: confirmed, listings: corrected, notes };
}

/** So many teams that a pattern matches are asked about in each organization. */
const MAX_PATTERN_TEAMS = 10;

/** A lookup asks about teams that a rule names. For a gain it also asks about those that a pattern matches. */
function withPatternTeams(
  atStake: PersonToLookUp['atStake'],
  listings: readonly CompleteListing[],
): PersonToLookUp['atStake'] {
  const stakes = new Map(atStake);
  for (const { id, teams } of listings) {
    const matched = teams.filter(({ asked }) => asked === 'pattern').slice(0, MAX_PATTERN_TEAMS);
    if (matched.length === 0) continue;
    const { teams: before = [], repositories = new Map() } = stakes.get(id) ?? {};
    stakes.set(id, { teams: [...before, ...matched.map(({ ref }) => ref)], repositories });
  }
  return stakes;
}

/** People of the sample whose gain GitHub's answer ruled out. */
function refuted(
  sample: ReadonlySet<GitHubId>,
  lookups: ReadonlyMap<GitHubId, ClearLookup>,
  plan: Plan,
): readonly GitHubId[] {
  const still = new Set(gainers(plan));
  return [...sample].filter((id) => lookups.has(id) && !still.has(id));
}
