import { isHandled } from '../model/webhooks/queue.ts';
import type { Attempt, LostDelivery } from '../model/webhooks/redelivery.ts';

/** What became of the deliveries of one webhook. */
export type HookDeliveries = {
  /** Nothing of which has arrived, without the name of the webhook; the oldest first. */
  readonly lost: readonly Omit<LostDelivery, 'hook'>[];
  /** How many deliveries the attempts belong to. */
  readonly deliveries: number;
  /** Lost as well, but the receiver would only ignore them. */
  readonly ignored: number;
  /** Being attempted right now. */
  readonly underWay: number;
};

export type Span = { readonly sinceMs: number; readonly nowMs: number };

/**
 * Sorts out which deliveries never arrived. Pure.
 * @param attempts of ONE webhook: all webhooks that tell of an event share its GUID, and what one receiver took says
 *   nothing of another.
 * @param span deliveries whose latest attempt is older than `sinceMs` are left out.
 */
export function findLostDeliveries(attempts: readonly Attempt[], { sinceMs, nowMs }: Span): HookDeliveries {
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

/** GitHub follows no redirect of a receiver, so that only 2xx means that somebody has taken the delivery. */
const succeeded = ({ statusCode }: Attempt): boolean => statusCode >= 200 && statusCode < 300;

/**
 * What the receiver would answer with `ignored` is not worth a request: a webhook that sends everything would have
 * thousands of lost pushes in front of one lost member, and a write costs five points of GitHub's 900 a minute. A
 * delivery whose action is not known is redelivered.
 */
const isIgnored = ({ event, action }: Attempt): boolean => !isHandled(event, action);

/** GitHub waits 10 s for an answer, an Enterprise Server 30 s: what has none after this has been given up. */
const LONGEST_ATTEMPT_MS = 2 * 60_000;

/** An attempt without an outcome so far. GitHub does not document the word; a word less would be one as well. */
function isUnderWay({ status, statusCode, deliveredAtMs }: Attempt, nowMs: number): boolean {
  if (statusCode !== 0 || nowMs - deliveredAtMs > LONGEST_ATTEMPT_MS) return false;
  return /^(?:pending|queued|in[ _-]progress)?$/i.test(status.trim());
}

function groupByGuid(attempts: readonly Attempt[]): readonly (readonly Attempt[])[] {
  const groups = new Map<string, Map<string, Attempt>>();
  for (const attempt of attempts) {
    const group = groups.get(attempt.guid) ?? new Map<string, Attempt>();
    // A page that shifted may show one twice.
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

type Aged = Pick<LostDelivery, 'firstAtMs' | 'last'>;

/** The order in which the events happened, as far as GitHub tells. */
export const byFirstAttempt = (a: Aged, b: Aged): number =>
  a.firstAtMs - b.firstAtMs || compareDigits(a.last.id, b.last.id);

/** Whole numbers of any length, by their size. */
function compareDigits(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
