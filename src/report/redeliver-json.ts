import type { NamedHook, RedeliveryResult } from '../model/redelivery.ts';
import { jsonText } from './json.ts';
import { countRedeliveries, type RedeliverReport } from './redeliver-report.ts';

/** The document of `redeliver`, in the manner of CONTRACT §9. Times are ISO 8601; ids of attempts are text. */
export function renderRedeliverJson(report: RedeliverReport): string {
  return jsonText(documentOf(report));
}

function documentOf({ results, error, ...report }: RedeliverReport) {
  const { requested, failed, skipped } = countRedeliveries(results);
  return {
    version: 1,
    command: 'redeliver',
    dryRun: report.dryRun,
    status: report.status,
    orgs: report.orgs,
    since: isoTime(report.sinceMs),
    hooks: report.hooks.map(hookOf),
    summary: {
      deliveries: report.deliveries,
      lost: results.length,
      requested,
      failed,
      skipped,
      ignored: report.ignored,
      underWay: report.underWay,
    },
    deliveries: results.map(deliveryOf),
    warnings: report.warnings.map(({ code, message }) => ({ code, message })),
    requests: { github: report.requests.github, permit: report.requests.permit },
    durationMs: report.durationMs,
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } }),
  };
}

const hookOf = (hook: NamedHook) =>
  'app' in hook ? { app: hook.app, place: hook.place } : { org: hook.org, id: hook.id, place: hook.place };

function deliveryOf({ lost, outcome }: RedeliveryResult) {
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
    outcome: outcome.kind,
    ...(outcome.kind === 'failed' ? { error: { code: outcome.code, message: outcome.message } } : {}),
    ...(outcome.kind === 'skipped' ? { why: outcome.why } : {}),
  };
}

const isoTime = (ms: number): string => new Date(ms).toISOString();
