import { SyncError } from '../model/errors.ts';
import type { Lease } from '../model/webhooks/queue.ts';
import type { RedisConnection } from './redis.ts';

/** A moment by both clocks: the monotonic one stands still while the machine sleeps, the wall clock may be set. */
type Moment = { readonly monotonic: number; readonly wall: number };

type Held = {
  readonly redis: RedisConnection;
  readonly key: string;
  readonly token: string;
  readonly lapseMs: number;
  /** When the lock was asked for: it lapses no earlier than `lapseMs` after that. */
  readonly since: Moment;
};

const IS_MINE = `
local value = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1])
if value ~= ARGV[1] .. ' ' then return 0 end
`;
/** ARGV: token, lapse in milliseconds. */
const RENEW = `${IS_MINE} return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
/** ARGV: token. */
const RELEASE = `${IS_MINE} return redis.call('DEL', KEYS[1])`;

/** Redis is asked no more often than this: it may have been emptied, and the lock given to somebody else. */
const FRESH_MS = 1_000;

/** Keeps a lock alive until it is released or found to be somebody else's. */
export function holdLease({ redis, key, token, lapseMs, since }: Held): Lease {
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
    // Redis is away: whether that matters, `assertHeld` decides.
    else renew().catch(() => undefined);
  }, lapseMs / 3);
  timer.unref();

  return {
    assertHeld: async () => {
      if (!lost && isYoung(proven, Math.min(FRESH_MS, lapseMs / 3))) return;
      const failure = lost ? undefined : await renew().then(nothing, (error: unknown) => error);
      // While Redis is away the lock can't lapse sooner than it would have: half of that time is proof enough.
      // The same if the answer was slow, since a lock that is about to lapse proves nothing.
      if (!lost && isYoung(proven, lapseMs / 2)) return;
      clearInterval(timer);
      lost = true;
      throw lapsed(failure);
    },
    release: async () => {
      clearInterval(timer);
      lost = true;
      // If it can't be given back, it lapses by itself.
      await redis.run(RELEASE, [key], [token]).catch(nothing);
    },
  };
}

const nothing = (): undefined => undefined;

const now = (): Moment => ({ monotonic: performance.now(), wall: Date.now() });

/** By both clocks. A wall clock that went back says nothing, so it is no proof. */
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
