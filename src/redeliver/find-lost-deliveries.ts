import { isHandled } from '../model/webhooks/queue.ts';
import type { Attempt, LostDelivery } from '../model/webhooks/redelivery.ts';

/** The deliveries of one webhook. */
export type HookDeliveries = {
  /** None of their attempts succeeded. Without the name of the webhook; oldest first. */
  readonly lost: readonly Omit<LostDelivery, 'hook'>[];
  /** How many deliveries the attempts belong to. */
  readonly deliveries: number;
  /** Lost too, but the receiver would ignore them. */
  readonly ignored: number;
  /** Being attempted right now. */
  readonly underWay: number;
};

/** Milliseconds since the epoch. */
export type Period = { readonly sinceMs: number; readonly nowMs: number };

/**
 * Finds the deliveries that never arrived.
 * @param attempts of one webhook only. All webhooks that report an event share its GUID, and one receiver's success
 *   says nothing about another.
 * @param period deliveries whose latest attempt is older than `sinceMs` are left out.
 */
export function findLostDeliveries(attempts: readonly Attempt[], { sinceMs, nowMs }: Period): HookDeliveries {
  const unarrived = groupByGuid(attempts)
    .filter((group) => !group.some(succeeded))
    .map((group) => group.toSorted(byAge))
    .filter((group) => (group.at(-1)?.deliveredAtMs ?? 0) >= sinceMs);
  const wanted = unarrived.filter(([first]) => first !== undefined && !isIgnored(first));
  const idle = wanted.filter((group) => !group.some((attempt) => isUnderWay(attempt, nowMs)));
  return {
    lost: idle.flatMap(asLost).toSorted(byFirstAttempt),
    deliveries: new Set(attempts.map(({ guid }) => guid)).size,
    ignored: unarrived.length - wanted.length,
    underWay: wanted.length - idle.length,
  };
}

/** GitHub does not follow redirects of a receiver, so only 2xx means that the delivery arrived. */
const succeeded = ({ statusCode }: Attempt): boolean => statusCode >= 200 && statusCode < 300;

/**
 * Whether the receiver would ignore the delivery. A webhook that sends all events could have thousands of lost pushes
 * before one lost member, and each redelivery costs five of GitHub's 900 points a minute. A delivery without a known
 * action is redelivered.
 */
const isIgnored = ({ event, action }: Attempt): boolean => !isHandled(event, action);

/** GitHub waits 10 s for an answer, and an Enterprise Server 30 s. After this time it has given up. */
const MAX_ATTEMPT_MS = 2 * 60_000;

/** Whether an attempt has no outcome yet. GitHub does not document its words for that. */
function isUnderWay({ status, statusCode, deliveredAtMs }: Attempt, nowMs: number): boolean {
  if (statusCode !== 0 || nowMs - deliveredAtMs > MAX_ATTEMPT_MS) return false;
  return /^(?:pending|queued|in[ _-]progress)?$/i.test(status.trim());
}

function groupByGuid(attempts: readonly Attempt[]): readonly (readonly Attempt[])[] {
  const groups = new Map<string, Map<string, Attempt>>();
  for (const attempt of attempts) {
    const group = groups.get(attempt.guid) ?? new Map<string, Attempt>();
    // Pages that shift can show an attempt twice.
    groups.set(attempt.guid, group.set(attempt.id, attempt));
  }
  return [...groups.values()].map((group) => [...group.values()]);
}

function asLost(group: readonly Attempt[]): HookDeliveries['lost'] {
  const first = group.at(0);
  const last = group.at(-1);
  if (first === undefined || last === undefined) return [];
  const { guid, event, action } = last;
  return [{ guid, event, action, attempts: group.length, firstAtMs: first.deliveredAtMs, last }];
}

const byAge = (a: Attempt, b: Attempt): number =>
  a.deliveredAtMs - b.deliveredAtMs || compareDigits(a.id, b.id);

/** The order in which the events happened, as far as GitHub shows it. */
export const byFirstAttempt = (
  a: Pick<LostDelivery, 'firstAtMs' | 'last'>,
  b: Pick<LostDelivery, 'firstAtMs' | 'last'>,
): number => a.firstAtMs - b.firstAtMs || compareDigits(a.last.id, b.last.id);

/** Compares whole numbers of any length. */
function compareDigits(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
