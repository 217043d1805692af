import { SyncError } from '../model/errors.ts';
import type { Lease } from '../model/webhooks/queue.ts';
import type { RedisConnection } from './redis.ts';

/** A moment by both clocks: the monotonic one stops while the machine sleeps, and the wall clock can be changed. */
type Moment = { readonly monotonic: number; readonly wall: number };

const IS_MINE = `
local value = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1])
if value ~= ARGV[1] .. ' ' then return 0 end
`;
/** ARGV: token, lapse in milliseconds. */
const RENEW = `${IS_MINE} return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
/** ARGV: token. */
const RELEASE = `${IS_MINE} return redis.call('DEL', KEYS[1])`;

/** Ask Redis again after this time: it may have been emptied since, and the lock given to another run. */
const FRESH_MS = 1_000;

/**
 * Renews a lock until it is released, or until another run turns out to hold it.
 * @param since when Redis was asked for the lock: it lapses no earlier than `lapseMs` after that.
 */
export function holdLease(
  redis: RedisConnection,
  lock: { readonly key: string; readonly token: string; readonly lapseMs: number; readonly since: Moment },
): Lease {
  const { key, token, lapseMs, since } = lock;
  let proven = since;
  let lost = false;

  /** @throws SyncError `QUEUE_UNAVAILABLE`. */
  async function renew(): Promise<void> {
    const asked = now();
    const renewed = (await redis.run(RENEW, [key], [token, lapseMs])) === 1;
    if (!renewed) lost = true;
    // An answer may be slow: what counts is when Redis was asked.
    else if (asked.monotonic > proven.monotonic) proven = asked;
  }

  const timer = setInterval(() => {
    if (lost) clearInterval(timer);
    // If Redis does not answer, `assertHeld` decides whether that matters.
    else renew().catch(() => undefined);
  }, lapseMs / 3);
  timer.unref();

  return {
    assertHeld: async () => {
      if (!lost && isYoung(proven, Math.min(FRESH_MS, lapseMs / 3))) return;
      const failure = lost ? undefined : await renew().then(nothing, (error: unknown) => error);
      // While Redis is away, the lock can't lapse earlier than before, so half of that time is proof enough. The same
      // holds for a slow answer: a lock that is about to lapse proves nothing.
      if (!lost && isYoung(proven, lapseMs / 2)) return;
      clearInterval(timer);
      lost = true;
      throw lapsed(failure);
    },
    release: async () => {
      clearInterval(timer);
      lost = true;
      // If this fails, the lock expires on its own.
      await redis.run(RELEASE, [key], [token]).catch(nothing);
    },
  };
}

const nothing = (): undefined => undefined;

const now = (): Moment => ({ monotonic: performance.now(), wall: Date.now() });

/** Whether less than `mostMs` have passed by both clocks. A wall clock that was set back proves nothing. */
export function isYoung(moment: Moment, mostMs: number, at: Moment = now()): boolean {
  const [monotonic, wall] = [at.monotonic - moment.monotonic, at.wall - moment.wall];
  return monotonic >= 0 && monotonic < mostMs && wall >= 0 && wall < mostMs;
}

function lapsed(failure: unknown): SyncError {
  const why =
    failure === undefined
      ? 'it lapsed while this run was paused or cut off, and another run may have begun'
      : `it can't be proven: ${failure instanceof Error ? failure.message : String(failure)}`;
  return new SyncError(
    'LOCKED',
    `this run has lost the lock: ${why}`,
    'nothing more was written; run it again: it continues where this run ended',
    { cause: failure },
  );
}
