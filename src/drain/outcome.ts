import type { Change, Result } from '../model/change.ts';
import type { GitHubId } from '../model/identity.ts';
import type { Plan } from '../model/plan.ts';
import type { Unconverged } from './settlement.ts';

/** What shows that a person has not converged. */
type DrainOutcome = {
  readonly plan: Plan;
  readonly results: readonly Result[];
  /** People who wait for a limit. */
  readonly heldBack: ReadonlySet<GitHubId>;
  /** People about whom GitHub gave no clear answer. */
  readonly unanswered: ReadonlySet<GitHubId>;
};

const WAITS: Unconverged = { kind: 'waits' };

/** Finds who has not converged, and whether that counts as an attempt. */
export function findUnconverged({
  plan,
  results,
  heldBack,
  unanswered,
}: DrainOutcome): ReadonlyMap<GitHubId, Unconverged> {
  const open = new Map<GitHubId, Unconverged>();
  for (const id of [...plan.unsettled, ...unanswered, ...heldBack]) open.set(id, WAITS);
  for (const { id, code, message } of plan.skipped) {
    if (id === undefined || unanswered.has(id)) continue;
    // An outage of GitHub does not count as an attempt.
    open.set(id, code === 'LOOKUP_FAILED' ? WAITS : { kind: 'failed', reason: `${code}: ${message}` });
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
    open.set(id, failure?.kind === 'failed' ? failed(failure, isOutage) : WAITS);
  }
  return open;
}

/** If nothing at all could be applied, Permit is down: the failure is not about this person. */
function failed(
  { code, message }: Extract<Result['outcome'], { kind: 'failed' }>,
  isOutage: boolean,
): Unconverged {
  return code === 'PERMIT_UNAVAILABLE' && isOutage
    ? WAITS
    : { kind: 'failed', reason: `${code}: ${message}` };
}
