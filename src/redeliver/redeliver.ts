import { type ErrorCode, SyncError } from '../model/errors.ts';
import { asWarning, type Problem } from '../model/problem.ts';
import {
  type DeliverySource,
  hookOwner,
  type LostDelivery,
  type NamedHook,
  type Redeliver,
  type RedeliverResult,
  type RedeliveryAnswer,
  type RedeliveryOutcome,
  type RedeliveryResult,
} from '../model/webhooks/redelivery.ts';
import { findHooks, type HookChoice } from './find-hooks.ts';
import {
  byFirstAttempt,
  findLostDeliveries,
  type HookDeliveries,
  type Period,
} from './find-lost-deliveries.ts';

type RedeliverRequest = Period & {
  readonly orgs: readonly string[];
  readonly choice: HookChoice;
};

export type RedeliverPorts = {
  readonly source: DeliverySource;
  /** Undefined in a dry run, which can't write. */
  readonly redeliver: Redeliver | undefined;
  readonly announce: (step: string) => void;
};

/**
 * Finds the deliveries that never arrived, and requests each of them again, oldest first. Skips a webhook whose
 * attempts could not be read completely: the missing page may show a success.
 * @throws SyncError if nothing could be read, or if GitHub refuses every redelivery. In both cases nothing was done.
 */
export async function redeliver(request: RedeliverRequest, ports: RedeliverPorts): Promise<RedeliverResult> {
  ports.announce('Looking for the webhooks on GitHub');
  const found = await findHooks(request.orgs, request.choice, ports.source);
  ports.announce('Reading their deliveries');
  const { reports, refusals } = await reportHooks(found.hooks, request, ports.source);
  const lost = reports.flatMap(lostOf).toSorted(byFirstAttempt);
  ports.announce('Asking GitHub to deliver again');
  const { results, error } = ports.redeliver
    ? await sendAll(lost, ports.redeliver)
    : {
        results: lost.map((one) => ({ lost: one, outcome: { kind: 'planned' } as const })),
        error: undefined,
      };
  const sum = (of: (one: HookDeliveries) => number): number =>
    reports.reduce((total, one) => total + of(one.found), 0);
  return {
    hooks: found.hooks,
    deliveries: sum(({ deliveries }) => deliveries),
    ignored: sum(({ ignored }) => ignored),
    underWay: sum(({ underWay }) => underWay),
    results,
    warnings: [...found.warnings, ...refusals.map(asWarning)],
    incomplete: found.missed.length > 0 || refusals.length > 0,
    error,
  };
}

type HookReport = { readonly hook: NamedHook; readonly found: HookDeliveries };

/** @throws SyncError if none of the webhooks could be read. */
async function reportHooks(
  hooks: readonly NamedHook[],
  span: Period,
  source: Pick<DeliverySource, 'listAttempts'>,
): Promise<{ readonly reports: readonly HookReport[]; readonly refusals: readonly Problem<ErrorCode>[] }> {
  const reports: HookReport[] = [];
  const refusals: Problem<ErrorCode>[] = [];
  for (const hook of hooks) {
    const answer = await source.listAttempts(hook, span.sinceMs);
    if (answer.kind === 'read') reports.push({ hook, found: findLostDeliveries(answer.value, span) });
    else refusals.push(answer);
  }
  const [first] = refusals;
  if (first && reports.length === 0) throw new SyncError(first.code, first.message, first.hint);
  return { reports, refusals };
}

const lostOf = ({ hook, found }: HookReport): readonly LostDelivery[] =>
  found.lost.map((one) => ({ ...one, hook }));

/**
 * Requests one redelivery after the other. A refused one does not stop the others.
 * @returns `error` if the run ended before all were tried; the rest are `skipped`.
 * @throws SyncError if GitHub refuses everything, so that nothing was done.
 */
async function sendAll(
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
  const nothingSent = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (first !== undefined && nothingSent) throw new SyncError(first.code, first.message, first.hint);
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
