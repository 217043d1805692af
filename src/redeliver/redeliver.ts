import type { ErrorCode } from '../model/errors.ts';
import { SyncError } from '../model/errors.ts';
import { asWarning, type Problem } from '../model/problem.ts';
import type {
  DeliverySource,
  LostDelivery,
  NamedHook,
  Redeliver,
  Redelivered,
} from '../model/webhooks/redelivery.ts';
import { findHooks, type HookChoice } from './find-hooks.ts';
import {
  byFirstAttempt,
  findLostDeliveries,
  type HookDeliveries,
  type Span,
} from './find-lost-deliveries.ts';
import { sendAll } from './send-all.ts';

type RedeliverRequest = Span & {
  readonly orgs: readonly string[];
  readonly choice: HookChoice;
};

export type RedeliverPorts = {
  readonly source: DeliverySource;
  /** Undefined in a dry run, which then can't write. */
  readonly redeliver: Redeliver | undefined;
  readonly announce: (step: string) => void;
};

/**
 * Finds the deliveries that never arrived, and has each delivered once more, the oldest first. A webhook whose
 * attempts could not be read whole is left alone: a success may stand on the page that is missing.
 * @throws SyncError where nothing could be looked into, or GitHub refuses every redelivery; nothing was done then.
 */
export async function redeliver(request: RedeliverRequest, ports: RedeliverPorts): Promise<Redelivered> {
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

/** @throws SyncError when not one of the webhooks could be read. */
async function reportHooks(
  hooks: readonly NamedHook[],
  span: Span,
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
