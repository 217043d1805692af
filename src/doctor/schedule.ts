import { SyncError } from '../model/errors.ts';
import { type Finding, findingsIn } from '../model/finding.ts';
import { type FullRuns, silenceOf, timeSpan } from '../model/schedule.ts';

const { ok, skipped, warning } = findingsIn('redis');
const ID = 'redis.last-full-run';

/** @param read undefined if Redis is not configured, or the prefix of its keys is not known. */
export async function examineFullRuns(
  read: (() => Promise<FullRuns>) | undefined,
): Promise<readonly Finding[]> {
  if (read === undefined) return [unknown('this needs REDIS_URL and a valid config')];
  try {
    return [judgeFullRuns(await read())];
  } catch (error) {
    // The probe of the connection says why Redis does not answer.
    if (error instanceof SyncError) return [unknown('Redis does not answer')];
    throw error;
  }
}

function judgeFullRuns(runs: FullRuns): Finding {
  switch (runs.kind) {
    case 'never': {
      const hint = 'run `gh-permit-sync reconcile` on a schedule, with the same REDIS_URL and redis.prefix';
      return warning(ID, 'no full run is on record in Redis', hint);
    }
    case 'damaged': {
      const message =
        'the time of the last full run in Redis is in the future, or is not a time: someone else wrote it';
      return warning(ID, message, 'check who can write to this Redis; the next full run repairs it');
    }
    case 'known': {
      const silence = silenceOf(runs);
      if (silence) return warning(ID, silence.message, silence.hint);
      return ok(ID, `the last full run ended ${timeSpan(runs.ageMs)} ago`);
    }
    default:
      return runs satisfies never;
  }
}

const unknown = (why: string): Finding => skipped(ID, `the age of the last full run is not known: ${why}`);
