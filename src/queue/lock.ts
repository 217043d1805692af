import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../model/errors.ts';
import type { Lock, Tampering } from '../model/webhooks/queue.ts';
import { describeHolder, type Holder } from './holder.ts';
import { keysOf } from './keys.ts';
import { holdLease } from './lease.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, textOf } from './store.ts';

export type LockOptions = {
  /** Who asks, for those who have to wait. */
  readonly command: string;
  /** How long the lock of a dead run stands. */
  readonly lapseMs?: number;
  /** Told of a lock that would never have expired. */
  readonly onTampering?: ((found: Tampering) => void) | undefined;
  /**
   * Told who holds the lock that a run waits for, and for how long the run waits at most.
   * @returns called when the wait is over.
   */
  readonly onWait?: ((lock: string, ms: number) => () => void) | undefined;
};

const LAPSE_MS = 30_000;
/** The lock of a run that lives stands for no longer. */
export const LONGEST_LAPSE_MS = 2 * LAPSE_MS;
const POLL_MS = { least: 200, most: 1_000 };

/**
 * ARGV: token, facts of the holder, lapse in milliseconds. Returns 1 where the lock would have stood for too long,
 * else 0; then '' for the one who has it now, else the facts of the holder. A lock that this very token has got
 * already (the answer was lost on the way) is got.
 */
const ACQUIRE = `${EVEN_WHEN_FULL}
local mine = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('SET', KEYS[1], mine, 'NX', 'PX', ARGV[3]) then return { 0, '' } end
local value = redis.call('GETRANGE', KEYS[1], 0, 600)
local space = string.find(value, ' ', 1, true) or 0
local left = redis.call('PTTL', KEYS[1])
-- A run that lives renews its lock well before this. One that would stand for longer, or for ever, is nobody's.
local forged = (left < 0 or left > ${LONGEST_LAPSE_MS}) and 1 or 0
if forged == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if string.sub(value, 1, space - 1) ~= ARGV[1] then return { forged, string.sub(value, space + 1) .. ' ' } end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { forged, '' }
`;

/** The lock of one queue: whoever holds it is the only one that writes. */
export function openLock(
  redis: RedisConnection,
  prefix: string,
  { command, lapseMs = LAPSE_MS, onTampering, onWait }: LockOptions,
): Lock {
  const key = keysOf(prefix).lock;
  return {
    acquire: async (waitMs, signal) => {
      signal.throwIfAborted();
      const token = randomUUID();
      const own = JSON.stringify(ownFacts(command));
      const began = performance.now();
      let over: (() => void) | undefined;
      try {
        for (;;) {
          const asked = { monotonic: performance.now(), wall: Date.now() };
          const [forged, facts] = listOf(await redis.run(ACQUIRE, [key], [token, own, lapseMs]));
          if (numberOf(forged) === 1) onTampering?.(forgedLock(key, lapseMs));
          const holder = textOf(facts);
          if (holder === '') return holdLease({ redis, key, token, lapseMs, since: asked });
          const leftMs = waitMs - (performance.now() - began);
          if (leftMs <= 0) throw locked(holder, waitMs, lapseMs);
          over ??= onWait?.(`the lock, which ${describeHolder(holder)} holds`, leftMs);
          await pause(
            Math.min(leftMs, POLL_MS.least + Math.random() * (POLL_MS.most - POLL_MS.least)),
            signal,
          );
        }
      } finally {
        over?.();
      }
    },
  };
}

const forgedLock = (key: string, lapseMs: number): Tampering => ({
  code: 'LOCK_FORGED',
  message:
    `the lock ${key} had no expiry, or one that no run sets, so someone else wrote it; from now on it lapses within ` +
    `${Math.ceil(lapseMs / 1_000)} s; check who can write to this Redis`,
});

const ownFacts = (command: string): Holder => ({
  command,
  host: hostname(),
  pid: process.pid,
  since: new Date().toISOString(),
});

/** @throws the signal's own reason. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function locked(holder: string, waitMs: number, lapseMs: number): SyncError {
  const waited = waitMs < 1_000 ? '' : ` after ${Math.round(waitMs / 1_000)} s of waiting`;
  return new SyncError(
    'LOCKED',
    `another run has its turn${waited}: ${describeHolder(holder)}`,
    `run it again once that one is through, or wait longer with --lock-wait; the turn of a run that died lapses ` +
      `within ${Math.ceil(lapseMs / 1_000)} s`,
  );
}
