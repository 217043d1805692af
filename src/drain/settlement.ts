import type { Change, Result } from '../model/change.ts';
import { folded, type GitHubId } from '../model/identity.ts';
import type { OrgFacts } from '../model/member.ts';
import { instanceOf, REPOSITORY_TYPE, TEAM_TYPE } from '../model/repositories/access-model.ts';
import { type EntryId, LOOK_AGAIN_MS } from '../model/webhooks/queue.ts';
import type { ReconcileResult } from '../sync/run.ts';
import type { Hint, Hints } from './hints.ts';
import type { GraphConcern } from './repository-scope.ts';

/**
 * Why a person has not converged. `waits`: an outage, a lock or a limit, which does not count as an attempt. `failed`:
 * something about this person, which does.
 */
export type Unconverged = { readonly kind: 'waits' } | { readonly kind: 'failed'; readonly reason: string };

/** Who has converged after a drain. */
export type Convergence = {
  /** The people behind each login, for entries without an id. Entries of any other login wait. */
  readonly idsByLogin: ReadonlyMap<string, readonly GitHubId[]>;
  /** Everyone who has not converged. */
  readonly open: ReadonlyMap<GitHubId, Unconverged>;
  /** Instances whose part of the graph has not converged, by name. */
  readonly openInstances: ReadonlyMap<string, Unconverged>;
  /** What has to converge before an entry about repositories or teams leaves the queue. */
  readonly concernOf: (hint: Hint) => GraphConcern;
  /** Whether an organization, by name, was listed completely or answered the lookups. */
  readonly isSeen: (org: string) => boolean;
  /** By entry, the number of the lookup that contradicted it. */
  readonly contradicted: ReadonlyMap<EntryId, number>;
};

/** An organization that is not configured counts as seen, since it gives nothing. */
export function seenAmong(
  complete: readonly { readonly org: string }[],
  orgs: readonly string[],
): Convergence['isSeen'] {
  const seen = new Set(complete.map(({ org }) => folded(org)));
  const unseen = new Set(orgs.map(folded).filter((org) => !seen.has(org)));
  return (org) => !unseen.has(folded(org));
}

/** What happens to the entries of a drain. */
export type Settlement = {
  readonly settled: readonly EntryId[];
  readonly failed: readonly { readonly id: EntryId; readonly reason: string }[];
  readonly released: readonly EntryId[];
  /** GitHub's answer contradicts them: they are looked up again. */
  readonly contradicted: readonly { readonly id: EntryId; readonly lookup: number }[];
};

/** An entry leaves the queue only once everyone it is about has converged. */
export function settle(hints: Hints, convergence: Convergence): Settlement {
  const settled: EntryId[] = hints.idle.map(({ id }) => id);
  const failed: { id: EntryId; reason: string }[] = hints.unreadable.map(({ id }) => ({
    id,
    reason: 'no receiver wrote this entry',
  }));
  const released: EntryId[] = [];
  const contradicted: { id: EntryId; lookup: number }[] = [];
  const put = (hint: Hint, people: readonly GitHubId[], instances: readonly string[] = []): void => {
    const open = convergence.isSeen(hint.entry.org)
      ? worstOf([
          ...people.flatMap((id) => convergence.open.get(id) ?? []),
          ...instances.flatMap((name) => convergence.openInstances.get(name) ?? []),
        ])
      : WAITS;
    const lookup = convergence.contradicted.get(hint.id) ?? LAST_LOOKUP;
    // A contradicted entry is looked up again, even if its person failed. That does not count as an attempt.
    if (open?.kind !== 'waits' && lookup < LAST_LOOKUP) contradicted.push({ id: hint.id, lookup });
    else if (open === undefined) settled.push(hint.id);
    else if (open.kind === 'waits') released.push(hint.id);
    else failed.push({ id: hint.id, reason: open.reason });
  };
  for (const [id, some] of hints.people) for (const hint of some) put(hint, [id]);
  for (const [login, some] of hints.logins) {
    const ids = convergence.idsByLogin.get(login);
    if (ids === undefined) released.push(...some.map(({ id }) => id));
    else for (const hint of some) put(hint, ids);
  }
  for (const hint of hints.orgs)
    put(hint, [...convergence.open.keys()], [...convergence.openInstances.keys()]);
  for (const hint of hints.graph) {
    const { instances, people, bystanders } = convergence.concernOf(hint);
    const waiting = bystanders.filter((id) => convergence.open.get(id)?.kind === 'waits');
    put(hint, [...people, ...waiting], instances);
  }
  return { settled, failed, released, contradicted };
}

/** The lookup that is believed even if it contradicts the entry. */
const LAST_LOOKUP = LOOK_AGAIN_MS.length + 1;

const WAITS: Unconverged = { kind: 'waits' };

/** If anyone of the entry waits, it is tried again anyway, so a failure does not count yet. */
const worstOf = (open: readonly Unconverged[]): Unconverged | undefined =>
  open.find(({ kind }) => kind === 'waits') ?? open[0];

/**
 * Finds who has not converged, and whether that counts as an attempt.
 * @param heldBack people who wait for a limit.
 */
export function findUnconverged({
  plan,
  results,
  heldBack = new Set(),
}: Pick<ReconcileResult, 'plan' | 'results'> & {
  readonly heldBack?: ReadonlySet<GitHubId>;
}): ReadonlyMap<GitHubId, Unconverged> {
  const open = new Map<GitHubId, Unconverged>();
  const unanswered = new Set(plan.skipped.map(({ id, code }) => (code === 'LOOKUP_FAILED' ? id : undefined)));
  for (const id of [...plan.unsettled, ...heldBack]) open.set(id, WAITS);
  for (const { id, code, message } of plan.skipped) {
    // An outage of GitHub does not count as an attempt.
    if (id === undefined || unanswered.has(id)) continue;
    open.set(id, { kind: 'failed', reason: `${code}: ${message}` });
  }
  const outcomes = new Map<Change, Result['outcome']>(
    results.map(({ change, outcome }) => [change, outcome]),
  );
  const isOutage = !results.some(({ outcome }) => outcome.kind === 'applied');
  for (const { id, changes } of plan.people) {
    if (id === undefined || heldBack.has(id)) continue;
    const own = changes.map((change) => outcomes.get(change));
    if (own.every((outcome) => outcome?.kind === 'applied')) continue;
    const failure = own.find((outcome) => outcome?.kind === 'failed');
    open.set(id, failure?.kind === 'failed' ? failureOf(failure, isOutage) : WAITS);
  }
  return open;
}

/**
 * Finds the instances whose part of the graph has not converged.
 * @param listings what was read. If the list of a team or a repository is incomplete, its entries keep waiting.
 */
export function findOpenInstances(
  { plan, graphResults }: Pick<ReconcileResult, 'plan' | 'graphResults'>,
  listings: readonly OrgFacts[],
): ReadonlyMap<string, Unconverged> {
  const open = new Map<string, Unconverged>();
  for (const name of plan.graph?.kept ?? []) open.set(name, WAITS);
  for (const { unread } of listings) {
    for (const { what } of unread) {
      if (what.kind === 'team-repositories') open.set(instanceOf(TEAM_TYPE, what.id), WAITS);
      if (what.kind === 'direct-collaborators') open.set(instanceOf(REPOSITORY_TYPE, what.id), WAITS);
    }
  }
  const isOutage = !graphResults.some(({ outcome }) => outcome.kind === 'applied');
  for (const { change, outcome } of graphResults) {
    if (outcome.kind === 'applied') continue;
    const why = outcome.kind === 'failed' ? failureOf(outcome, isOutage) : WAITS;
    for (const name of 'object' in change ? [change.subject, change.object] : [change.name])
      open.set(name, why);
  }
  return open;
}

/** If nothing at all could be applied, Permit is down: the failure is not about this person. */
function failureOf(
  { code, message }: Extract<Result['outcome'], { kind: 'failed' }>,
  isOutage: boolean,
): Unconverged {
  return code === 'PERMIT_UNAVAILABLE' && isOutage
    ? WAITS
    : { kind: 'failed', reason: `${code}: ${message}` };
}
