import type { LostDelivery, RedeliveryOutcome } from '../model/redelivery.ts';
import { countRedeliveries, type RedeliverReport } from './redeliver-report.ts';
import { amount, quantity } from './words.ts';

/** `2026-11-20 09:30:12Z`. */
export const timeText = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');

export const eventText = ({ event, action }: Pick<LostDelivery, 'event' | 'action'>): string =>
  action === undefined ? event : `${event}.${action}`;

/** How the attempts have failed: "503 Service Unavailable", "failed to connect to host (2 attempts)". */
export function failureText({ last, attempts }: Pick<LostDelivery, 'last' | 'attempts'>): string {
  const code = last.statusCode === 0 ? '' : String(last.statusCode);
  const words = code !== '' && last.status.includes(code) ? last.status : `${code} ${last.status}`.trim();
  const text = words === '' ? 'no answer' : words;
  return attempts === 1 ? text : `${text} (${amount(attempts, 'attempt')})`;
}

/** What was done about it. */
export function outcomeText(outcome: RedeliveryOutcome): string {
  switch (outcome.kind) {
    case 'planned':
      return 'would be delivered again';
    case 'requested':
      return 'being delivered again';
    case 'failed':
      return `not delivered again: ${outcome.message} (${outcome.code})`;
    case 'skipped':
      return `not tried: ${outcome.why}`;
    default:
      return outcome satisfies never;
  }
}

/** "12 lost deliveries of 40: 11 being delivered again, 1 failed; besides 2 under way". */
export function summaryText({ results, deliveries, ignored, underWay }: RedeliverReport): string {
  const { planned, requested, failed, skipped } = countRedeliveries(results);
  const outcomes = told([
    [planned, 'would be delivered again'],
    [requested, 'being delivered again'],
    [failed, 'failed'],
    [skipped, 'not tried'],
  ]);
  const others = told([
    [underWay, 'under way'],
    [ignored, 'of no concern to the receiver'],
  ]);
  const lost =
    results.length === 0 ? 'nothing lost' : amount(results.length, 'lost delivery', 'lost deliveries');
  return `${lost} of ${quantity(deliveries)}${outcomes && `: ${outcomes}`}${others && `; besides ${others}`}`;
}

const told = (parts: readonly (readonly [number, string])[]): string =>
  parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${quantity(number)} ${words}`)
    .join(', ');

/** Of GitHub's own making, after which nobody waits any more. */
export const AFTERWARDS = 'GitHub makes the attempts by itself; run it again to see whether they succeeded';
