import { silenceOf } from '../model/schedule.ts';
import type { RunRecord } from '../model/webhooks/queue.ts';

const MINUTE_MS = 60_000;
const CHECK_INTERVAL_MS = 10 * MINUTE_MS;
const REMINDER_INTERVAL_MS = 6 * 60 * MINUTE_MS;

/**
 * Warns when full runs have stopped, and repeats the warning while that lasts. Call the result as often as you like.
 * @param now milliseconds of any clock.
 */
export function watchSchedule(
  record: Pick<RunRecord, 'fullRuns'>,
  warn: (text: string) => void,
  now: () => number,
): () => Promise<void> {
  let next = now();
  return async () => {
    if (now() < next) return;
    // If Redis does not answer, the round itself says so.
    const runs = await record.fullRuns().catch(() => ({ kind: 'never' }) as const);
    const silence = silenceOf(runs);
    next = now() + (silence ? REMINDER_INTERVAL_MS : CHECK_INTERVAL_MS);
    if (silence) warn(`SCHEDULE_SILENT: ${silence.message}; ${silence.hint}`);
  };
}
