import { count, quantity } from '../../model/text/text.ts';
import {
  isSameHook,
  type LostDelivery,
  type NamedHook,
  type RedeliverResult,
  type RedeliveryOutcome,
  type RedeliveryResult,
} from '../../model/webhooks/redelivery.ts';
import { endFields, outcomeFields, warningFields } from '../json.ts';
import { dryRunNote, name, type Page, type Phrase, type Row, type Tone, warningsSection } from '../page.ts';
import { type Cost, countKinds } from '../run-report.ts';
import { duration } from '../words.ts';
import { STATUS_TONE } from './run-summary.ts';

/**
 * `in-sync`: nothing was lost. `pending`: a dry run that found lost deliveries. `partial`: a delivery was not sent
 * again, or a webhook could not be read.
 */
export type RedeliverStatus = 'in-sync' | 'pending' | 'applied' | 'partial';

export type RedeliverReport = Cost &
  Omit<RedeliverResult, 'incomplete'> & {
    readonly dryRun: boolean;
    readonly status: RedeliverStatus;
    readonly orgs: readonly string[];
    /** Milliseconds since the epoch. */
    readonly sinceMs: number;
  };

const BADGE: { readonly [status in RedeliverStatus]: string } = {
  'in-sync': '✅ nothing lost',
  pending: '📝 lost deliveries found',
  applied: '✅ being delivered again',
  partial: '⚠️ partly done',
};

/** GitHub makes the attempts on its own; nothing waits for them. */
const AFTERWARDS = 'GitHub makes the attempts on its own; run this again to see whether they succeeded.';

/** A row for each lost delivery below its webhook, the oldest first. */
export function redeliverPage(report: RedeliverReport): Page {
  const { dryRun, status, sinceMs, hooks, results, warnings, requests, durationMs } = report;
  const sentence = describeDeliveries(report);
  const since: Phrase = ['since ', name(timeText(sinceMs))];
  return {
    heading: `gh-permit-sync redeliver: ${BADGE[status]}`,
    title: [
      { text: 'Lost deliveries', strong: true },
      ...dryRunNote(dryRun),
      { text: ` since ${timeText(sinceMs)}`, tone: 'faint' },
    ],
    context: [...(dryRun ? ['dry run'] : []), since],
    sections: [
      {
        kind: 'groups',
        title: 'Lost deliveries',
        columns: ['Webhook', 'Delivery', 'Last attempt and outcome'],
        noun: ['webhook', 'webhooks'],
        groups: hooks.map((hook) => {
          const own = results.filter(({ lost }) => isSameHook(lost.hook, hook));
          return {
            title: [
              ...hookPhrase(hook),
              ' ',
              { text: 'at ', tone: 'faint' },
              { ...name(hook.place), tone: 'faint' },
            ],
            ...(own.length === 0 ? { note: { text: 'nothing lost' } } : {}),
            rows: own.map(rowOf),
          };
        }),
      },
      warningsSection(warnings),
    ],
    summary: {
      tone: STATUS_TONE[status],
      sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`,
      facts: `${count(requests.github, 'request')} to GitHub, ${duration(durationMs)}`,
      ...(results.some(({ outcome }) => outcome.kind === 'requested') ? { next: AFTERWARDS } : {}),
    },
    ...(results.length === 0 && warnings.length === 0 ? { isSilent: 'with --quiet' } : {}),
    document: documentOf(report),
    actions: { errors: [], warnings: [], outputs: {} },
  };
}

const hookPhrase = (hook: NamedHook) =>
  'app' in hook ? ['GitHub App ', name(hook.app)] : [name(hook.org), `, webhook ${hook.id}`];

const LOOKS: {
  readonly [kind in RedeliveryOutcome['kind']]: { readonly bullet: string; readonly tone: Tone };
} = {
  planned: { bullet: '~', tone: 'caution' },
  requested: { bullet: '+', tone: 'good' },
  failed: { bullet: '!', tone: 'alarm' },
  skipped: { bullet: '-', tone: 'caution' },
};

const rowOf = ({ lost, outcome }: RedeliveryResult): Row => ({
  ...LOOKS[outcome.kind],
  label: [name(timeText(lost.firstAtMs)), '  ', name(eventText(lost))],
  remarks: [
    { text: `${describeFailure(lost)}; ${describeOutcome(outcome)}`, tone: LOOKS[outcome.kind].tone },
  ],
});

/** `2026-11-20 09:30:12Z`. */
const timeText = (ms: number): string =>
  isoTime(ms)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
const isoTime = (ms: number): string => new Date(ms).toISOString();

const eventText = ({ event, action }: LostDelivery): string =>
  action === undefined ? event : `${event}.${action}`;

/** How the attempts failed: "503 Service Unavailable", "failed to connect to host (2 attempts)". */
function describeFailure({ last, attempts }: LostDelivery): string {
  const code = last.statusCode === 0 ? '' : String(last.statusCode);
  const words = code !== '' && last.status.includes(code) ? last.status : `${code} ${last.status}`.trim();
  const text = words === '' ? 'no answer' : words;
  return attempts === 1 ? text : `${text} (${count(attempts, 'attempt')})`;
}

function describeOutcome(outcome: RedeliveryOutcome): string {
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

const countOutcomes = (results: readonly RedeliveryResult[]) =>
  countKinds(
    ['planned', 'requested', 'failed', 'skipped'],
    results.map(({ outcome }) => outcome),
  );

/** "12 lost deliveries of 40: 11 being delivered again, 1 failed; also 2 under way". */
function describeDeliveries({ results, deliveries, ignored, underWay }: RedeliverReport): string {
  const { planned, requested, failed, skipped } = countOutcomes(results);
  const outcomes = list([
    [planned, 'would be delivered again'],
    [requested, 'being delivered again'],
    [failed, 'failed'],
    [skipped, 'not tried'],
  ]);
  const others = list([
    [underWay, 'under way'],
    [ignored, 'ignored by the receiver'],
  ]);
  const lost =
    results.length === 0 ? 'nothing lost' : count(results.length, 'lost delivery', 'lost deliveries');
  return `${lost} of ${quantity(deliveries)}${outcomes && `: ${outcomes}`}${others && `; also ${others}`}`;
}

const list = (parts: readonly (readonly [number, string])[]): string =>
  parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${quantity(number)} ${words}`)
    .join(', ');

/** Times are ISO 8601; ids of attempts are text. */
function documentOf({ results, ...report }: RedeliverReport) {
  const { requested, failed, skipped } = countOutcomes(results);
  return {
    version: 1,
    command: 'redeliver',
    dryRun: report.dryRun,
    status: report.status,
    orgs: report.orgs,
    since: isoTime(report.sinceMs),
    hooks: report.hooks.map((hook) =>
      'app' in hook
        ? { app: hook.app, place: hook.place }
        : { org: hook.org, id: hook.id, place: hook.place },
    ),
    summary: {
      deliveries: report.deliveries,
      lost: results.length,
      requested,
      failed,
      skipped,
      ignored: report.ignored,
      underWay: report.underWay,
    },
    deliveries: results.map(deliveryFields),
    warnings: warningFields(report.warnings),
    ...endFields(report),
  };
}

function deliveryFields({ lost, outcome }: RedeliveryResult) {
  return {
    guid: lost.guid,
    ...('app' in lost.hook ? { app: lost.hook.app } : { org: lost.hook.org, hook: lost.hook.id }),
    event: lost.event,
    ...(lost.action === undefined ? {} : { action: lost.action }),
    at: isoTime(lost.firstAtMs),
    attempts: lost.attempts,
    last: {
      id: lost.last.id,
      at: isoTime(lost.last.deliveredAtMs),
      status: lost.last.status,
      statusCode: lost.last.statusCode,
    },
    ...outcomeFields(outcome),
  };
}
