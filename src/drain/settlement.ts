import { folded, type GitHubId } from '../model/identity.ts';
import { type EntryId, LOOK_AGAIN_MS } from '../model/queue.ts';
import type { Hint, Hints } from './hints.ts';

/**
 * Why somebody is not yet as they should be. `waits`: an outage, a lock or a limit, which is no attempt. `failed`:
 * something about this very person, which counts as one.
 */
export type Unconverged = { readonly kind: 'waits' } | { readonly kind: 'failed'; readonly reason: string };

/** How a drain's people ended. */
export type Convergence = {
  /** Who is meant by a login, of those entries that name no id. */
  readonly idsByLogin: ReadonlyMap<string, readonly GitHubId[]>;
  /** Logins of which nobody knows whose they are. */
  readonly unknown: ReadonlySet<string>;
  /** Everybody who is not as they should be. Who is not in it has converged. */
  readonly open: ReadonlyMap<GitHubId, Unconverged>;
  /** Whether an organization, by its name, was seen as a whole or asked and answered. */
  readonly isSeen: (org: string) => boolean;
  /** By entry, the number of the lookup that contradicted it. */
  readonly contradicted: ReadonlyMap<EntryId, number>;
};

/** An organization that is not configured has nothing to say; one that could not be read may have. */
export function seenAmong(
  complete: readonly { readonly org: string }[],
  orgs: readonly string[],
): Convergence['isSeen'] {
  const seen = new Set(complete.map(({ org }) => folded(org)));
  const unseen = new Set(orgs.map(folded).filter((org) => !seen.has(org)));
  return (org) => !unseen.has(folded(org));
}

/** What becomes of the entries of a drain. */
export type Settlement = {
  readonly settled: readonly EntryId[];
  readonly failed: readonly { readonly id: EntryId; readonly reason: string }[];
  readonly released: readonly EntryId[];
  /** GitHub answers the opposite of what they say: they are looked up again. */
  readonly contradicted: readonly { readonly id: EntryId; readonly lookup: number }[];
};

/** An entry leaves the queue only when everybody whom it is about has converged. */
export function settle(hints: Hints, convergence: Convergence): Settlement {
  const settled: EntryId[] = hints.idle.map(({ id }) => id);
  const failed: { id: EntryId; reason: string }[] = hints.unreadable.map(({ id }) => ({
    id,
    reason: 'this is no entry that a receiver wrote',
  }));
  const released: EntryId[] = [];
  const contradicted: { id: EntryId; lookup: number }[] = [];
  const put = (hint: Hint, people: readonly GitHubId[]): void => {
    const open = convergence.isSeen(hint.entry.org)
      ? worstOf(people.flatMap((id) => convergence.open.get(id) ?? []))
      : WAITS;
    const lookup = convergence.contradicted.get(hint.id) ?? LAST_LOOKUP;
    // Whatever else stands in the way, what GitHub contradicts is looked up again, and that is no attempt.
    if (open?.kind !== 'waits' && lookup < LAST_LOOKUP) contradicted.push({ id: hint.id, lookup });
    else if (open === undefined) settled.push(hint.id);
    else if (open.kind === 'waits') released.push(hint.id);
    else failed.push({ id: hint.id, reason: open.reason });
  };
  for (const [id, some] of hints.people) for (const hint of some) put(hint, [id]);
  for (const [login, some] of hints.logins) {
    if (convergence.unknown.has(login)) released.push(...some.map(({ id }) => id));
    else for (const hint of some) put(hint, convergence.idsByLogin.get(login) ?? []);
  }
  for (const hint of hints.orgs) put(hint, [...convergence.open.keys()]);
  return { settled, failed, released, contradicted };
}

/** The one that is believed whatever the entry says. */
const LAST_LOOKUP = LOOK_AGAIN_MS.length + 1;

const WAITS: Unconverged = { kind: 'waits' };

/** Who waits for an outage is tried again anyway: a failure beside it need not be counted yet. */
const worstOf = (open: readonly Unconverged[]): Unconverged | undefined =>
  open.find(({ kind }) => kind === 'waits') ?? open[0];
