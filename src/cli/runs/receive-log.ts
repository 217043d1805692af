import { SyncError } from '../../model/errors.ts';
import { enumerate } from '../../model/text/text.ts';
import type { DeliveryRecord, ReceiverLog } from '../../receiver/server.ts';
import { jsonLine } from '../../report/json.ts';
import type { Log } from '../log.ts';
import type { Terminal } from '../terminal.ts';

/** Logs a line for each delivery. Of its payload, shows only the action and the organization. */
export function openReceiverLog(
  log: Log,
  terminal: Terminal,
  { format, quiet }: { readonly format: 'text' | 'json'; readonly quiet: boolean },
): ReceiverLog {
  return {
    answered: (told) => {
      if (quiet) return;
      if (format === 'text') return log.info(line(told));
      const { delivery, event, action, org, status, answer, why, durationMs } = told;
      const time = new Date().toISOString();
      const fields = { delivery, event, action, org, status, answer, why, durationMs };
      terminal.err(`${jsonLine({ time, level: 'info', message: 'delivery', ...fields })}\n`);
    },
    queueAway: (reason) => log.error(away(reason)),
    queueBack: () => log.info('Redis can be reached again: deliveries are queued'),
    failed: (error) => log.error(bug(error)),
  };
}

/** `202 queued: organization member_added of acme, delivery 72d3162e, 3 ms`. */
function line({ status, answer, why, event, action, org, delivery, durationMs }: DeliveryRecord): string {
  const what = [event ?? 'an unknown event', action].filter((word) => word !== undefined).join(' ');
  const where = org === undefined ? '' : ` of ${org}`;
  const which = delivery === undefined ? '' : `, delivery ${delivery}`;
  const because = why === undefined ? '' : ` (${why})`;
  return `${status} ${answer}: ${what}${where}${which}, ${durationMs} ms${because}`;
}

function away(reason: unknown): Pick<SyncError, 'code' | 'message' | 'hint'> {
  const { code, message, hint } = reason instanceof SyncError ? reason : bug(reason);
  const so = 'until it is back, deliveries are answered with 503; redeliver can request them again';
  return { code, message, hint: `${hint}\n${so}` };
}

const bug = (error: unknown): SyncError =>
  new SyncError(
    'INTERNAL',
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    'this is a bug: please report it',
  );

/** The first line: where it listens, and for which organizations. */
export const beginning = (url: string, orgs: readonly string[] | undefined): string =>
  `receiving at ${url} for ${orgs === undefined ? 'every organization of the GitHub App' : enumerate(orgs)}`;

export const INSECURE: Pick<SyncError, 'message' | 'hint'> = {
  message:
    'signatures are not checked (--insecure): anyone who can reach this address can cause lookups on GitHub',
  hint: 'set GITHUB_WEBHOOK_SECRET, and the same secret in the webhook settings',
};
