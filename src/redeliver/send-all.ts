import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import {
  hookOwner,
  type LostDelivery,
  type Redeliver,
  type RedeliveryAnswer,
  type RedeliveryOutcome,
  type RedeliveryResult,
} from '../model/webhooks/redelivery.ts';

/**
 * Has each delivery delivered once more, one after the other. One that GitHub refuses holds up no other.
 * @returns `error` where the run ended before all were tried; the others are `skipped`.
 * @throws SyncError when GitHub refuses everything, so that nothing was done.
 */
export async function sendAll(
  deliveries: readonly LostDelivery[],
  redeliver: Redeliver,
): Promise<{
  readonly results: readonly RedeliveryResult[];
  readonly error: Problem<ErrorCode> | undefined;
}> {
  const barredOwners = new Map<string, Problem<ErrorCode>>();
  const results: RedeliveryResult[] = [];
  let barred: Problem<ErrorCode> | undefined;
  for (const lost of deliveries) {
    const known = barred ?? barredOwners.get(hookOwner(lost.hook));
    if (known !== undefined) {
      results.push({ lost, outcome: { kind: 'skipped', why: known.message } });
      continue;
    }
    const answer = await redeliver(lost.hook, lost.last.id);
    if (answer.kind === 'barred' && answer.from === 'everything') barred = answer;
    if (answer.kind === 'barred') barredOwners.set(hookOwner(lost.hook), answer);
    results.push({ lost, outcome: outcomeOf(answer) });
  }
  const [first] = barredOwners.values();
  const inVain = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (first !== undefined && inVain) throw new SyncError(first.code, first.message, first.hint);
  return { results, error: barred };
}

function outcomeOf(answer: RedeliveryAnswer): RedeliveryOutcome {
  switch (answer.kind) {
    case 'requested':
    case 'failed':
      return answer;
    case 'barred':
      return { kind: 'skipped', why: answer.message };
    default:
      return answer satisfies never;
  }
}
