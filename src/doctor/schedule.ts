import { SyncError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import { type FullRuns, silenceOf, timeSpan } from '../model/schedule.ts';

const BASE = { id: 'redis.last-full-run', area: 'redis' } as const;

/** @param read undefined where no Redis is configured, or where the prefix of its keys is not known. */
export async function examineFullRuns(
  read: (() => Promise<FullRuns>) | undefined,
): Promise<readonly Finding[]> {
  if (read === undefined) return [skipped('this needs REDIS_URL and a valid config')];
  try {
    return [judgeFullRuns(await read())];
  } catch (error) {
    // Why Redis does not answer is told by the probe of the connection.
    if (error instanceof SyncError) return [skipped('Redis does not answer')];
    throw error;
  }
}

export function judgeFullRuns(runs: FullRuns): Finding {
  switch (runs.kind) {
    case 'never':
      return {
        ...BASE,
        status: 'warning',
        message: 'no full run is on record in Redis',
        mend: 'run `gh-permit-sync reconcile` on a schedule, with the same REDIS_URL and redis.prefix',
      };
    case 'damaged':
      return {
        ...BASE,
        status: 'warning',
        message:
          'the time of the last full run in Redis is in the future, or is not a time: someone else wrote it',
        mend: 'check who can write to this Redis; the next full run repairs it',
      };
    case 'known': {
      const silence = silenceOf(runs);
      if (silence) return { ...BASE, status: 'warning', message: silence.message, mend: silence.hint };
      return { ...BASE, status: 'ok', message: `the last full run ended ${timeSpan(runs.ageMs)} ago` };
    }
    default:
      return runs satisfies never;
  }
}

const skipped = (why: string): Finding => ({
  ...BASE,
  status: 'skipped',
  message: `the age of the last full run is not known: ${why}`,
});
