import type { Listed } from '../model/queue.ts';
import { jsonText } from './json.ts';
import type { QueueReport } from './queue-report.ts';

/** `queue status` prints its three numbers alone (CONTRACT §9). */
export function renderQueueJson(report: QueueReport): string {
  switch (report.kind) {
    case 'status': {
      const { pending, dead, oldestSeconds } = report.status;
      return jsonText({ pending, dead, oldestSeconds });
    }
    case 'list':
      return jsonText({ version: 1, command: 'queue', entries: report.entries.map(documentOf) });
    case 'retry':
      return jsonText({ version: 1, command: 'queue', retried: report.done });
    case 'discard':
      return jsonText({ version: 1, command: 'queue', discarded: report.done });
  }
}

/** Every key stands in every entry, so that nobody has to ask whether it is there. */
function documentOf({ id, state, ageSeconds, attempts, reason, entry }: Listed) {
  return {
    id,
    state,
    ageSeconds,
    attempts,
    reason: reason ?? null,
    entry:
      entry === undefined
        ? null
        : {
            delivery: entry.delivery,
            event: entry.event,
            action: entry.action,
            org: entry.org,
            orgId: entry.orgId ?? null,
            login: entry.login ?? null,
            id: entry.id ?? null,
            team: entry.team ?? null,
            at: entry.at,
          },
  };
}
