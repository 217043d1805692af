import type { GitHubId } from '../model/identity.ts';
import type { CompleteListing, Look } from '../model/member.ts';
import type { Note, Plan } from '../model/plan.ts';
import type { GitHubSource } from '../model/ports.ts';
import { enumerate } from '../model/text.ts';
import { amend } from '../plan/amend.ts';
import { losers } from '../plan/make-plan.ts';

/** What the looks said, and the plan that follows from it. */
export type Confirmed = { readonly plan: Plan; readonly notes: readonly Note[] };

/** Plans anew from amended listings; people in `unconfirmed` keep what they have. */
export type Replan = (listings: readonly CompleteListing[], unconfirmed: ReadonlySet<GitHubId>) => Plan;

/**
 * Looks at everybody who would lose something alone, by id, and plans anew with what GitHub answered. Who becomes
 * a loser only then is looked at too, so that no loss in the plan that is returned rests on a listing alone.
 */
export async function confirmLosses(
  plan: Plan,
  listings: readonly CompleteListing[],
  github: Pick<GitHubSource, 'look'>,
  replan: Replan,
): Promise<Confirmed> {
  const looks = new Map<GitHubId, Look>();
  const unconfirmed = new Set<GitHubId>();
  const loginOf = new Map(plan.people.map(({ id, login }) => [id, login]));
  let confirmed = plan;
  for (;;) {
    const open = losers(confirmed).filter((id) => !looks.has(id) && !unconfirmed.has(id));
    if (open.length === 0) break;
    // The source keeps the number of requests at once within bounds.
    const answers = await Promise.all(
      open.map(async (id) => ({ id, look: await github.look(id, listings) })),
    );
    for (const { id, look } of answers) {
      if (look) looks.set(id, look);
      else unconfirmed.add(id);
    }
    confirmed = replan(amend(listings, looks), unconfirmed);
  }
  const lost = new Set(losers(confirmed));
  const kept = losers(plan).filter((id) => !lost.has(id) && !unconfirmed.has(id));
  if (kept.length === 0) return { plan: confirmed, notes: [] };
  const users = kept.map((id) => loginOf.get(id) ?? String(id));
  const message = `${enumerate(users)}: the listing said otherwise, but GitHub confirmed them when asked about them alone`;
  return { plan: confirmed, notes: [{ code: 'KEPT_UNCONFIRMED', users, message }] };
}
