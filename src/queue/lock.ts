import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../model/errors.ts';
import type { Lock } from '../model/queue.ts';
import { describeHolder, type Holder } from './holder.ts';
import { keysOf } from './keys.ts';
import { holdLease } from './lease.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { textOf } from './store.ts';

export type LockOptions = {
  /** Who asks, for those who have to wait. */
  readonly command: string;
  /** How long the lock of a dead run stands. */
  readonly lapseMs?: number;
};

const LAPSE_MS = 30_000;
/** The lock of a run that lives stands for no longer. */
export const LONGEST_LAPSE_MS = 2 * LAPSE_MS;
const POLL_MS = { least: 200, most: 1_000 };

/**
 * ARGV: token, facts of the holder, lapse in milliseconds. Returns '' for the one who has it now, else the facts of
 * the holder. A lock that this very token has got already (the answer was lost on the way) is got.
 */
const ACQUIRE = `${EVEN_WHEN_FULL}
local mine = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('SET', KEYS[1], mine, 'NX', 'PX', ARGV[3]) then return '' end
local value = redis.call('GETRANGE', KEYS[1], 0, 600)
local space = string.find(value, ' ', 1, true) or 0
local left = redis.call('PTTL', KEYS[1])
-- A run that lives renews its lock well before this. One that would stand for longer, or for ever, is nobody's.
if left < 0 or left > ${LONGEST_LAPSE_MS} then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if string.sub(value, 1, space - 1) ~= ARGV[1] then return string.sub(value, space + 1) .. ' ' end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ''
`;

/** The lock of one queue: whoever holds it is the only one that writes. */
export function openLock(
  redis: RedisConnection,
  prefix: string,
  { command, lapseMs = LAPSE_MS }: LockOptions,
): Lock {
  const key = keysOf(prefix).lock;
  return {
    acquire: async (waitMs, signal) => {
      signal.throwIfAborted();
      const token = randomUUID();
      const facts = JSON.stringify(ownFacts(command));
      const began = performance.now();
      for (;;) {
        const asked = { monotonic: performance.now(), wall: Date.now() };
        const holder = textOf(await redis.run(ACQUIRE, [key], [token, facts, lapseMs]));
        if (holder === '') return holdLease({ redis, key, token, lapseMs, since: asked });
        const leftMs = waitMs - (performance.now() - began);
        if (leftMs <= 0) throw locked(holder, waitMs, lapseMs);
        await pause(Math.min(leftMs, POLL_MS.least + Math.random() * (POLL_MS.most - POLL_MS.least)), signal);
      }
    },
  };
}

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
