import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../model/errors.ts';
import type { Warning } from '../model/problem.ts';
import { isInteger, isRecord, parseJson } from '../model/text/record.ts';
import { printable } from '../model/text/text.ts';
import type { Lease, SharedState } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { holdLease } from './lease.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, textOf } from './store.ts';

export type LockOptions = {
  /** The command that this run executes, shown to runs that wait. */
  readonly command: string;
  /** After this time the lock of a dead run lapses. */
  readonly lapseMs?: number;
  /** Called for a lock that would never have expired. */
  readonly onTampering?: ((found: Warning) => void) | undefined;
  /**
   * Called when a run begins to wait.
   * @param lock says who holds it. @param ms the longest wait. @returns a function, called when the wait is over.
   */
  readonly onWait?: ((lock: string, ms: number) => () => void) | undefined;
};

const LAPSE_MS = 30_000;
/** A live run never sets a longer expiry than this. */
export const MAX_LAPSE_MS = 2 * LAPSE_MS;
const POLL_MS = { least: 200, most: 1_000 };

/**
 * ARGV: token, facts of the holder, lapse in milliseconds. Returns 1 if the lock found would have stood for too long,
 * otherwise 0; then '' if this run holds the lock now, otherwise the facts of the holder. A run whose earlier answer
 * was lost already holds the lock under this token.
 */
const ACQUIRE = `${EVEN_WHEN_FULL}
local mine = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('SET', KEYS[1], mine, 'NX', 'PX', ARGV[3]) then return { 0, '' } end
local value = redis.call('GETRANGE', KEYS[1], 0, 600)
local space = string.find(value, ' ', 1, true) or 0
local left = redis.call('PTTL', KEYS[1])
-- A live run renews its lock well before this. No run sets a longer expiry, or none.
local forged = (left < 0 or left > ${MAX_LAPSE_MS}) and 1 or 0
if forged == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if string.sub(value, 1, space - 1) ~= ARGV[1] then return { forged, string.sub(value, space + 1) .. ' ' } end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { forged, '' }
`;

/**
 * The lock of one queue. Only the run that holds it writes. It remembers the lease that `acquire` returned, so that
 * writers don't need it as a parameter.
 */
export function openLock(
  redis: RedisConnection,
  prefix: string,
  options: LockOptions,
): SharedState['lock'] & {
  /** Why the run lost the lock, in words; undefined unless it did. */
  readonly lost: () => string | undefined;
} {
  let held: Lease | undefined;
  let lost: string | undefined;
  return {
    acquire: async (waitMs, signal) => {
      const lease = await acquire(redis, keysOf(prefix).lock, waitMs, signal, options);
      held = lease;
      lost = undefined;
      return {
        assertHeld: lease.assertHeld,
        release: async () => {
          held = undefined;
          await lease.release();
        },
      };
    },
    assertHeld: async () => {
      if (held === undefined) throw new Error('a write without the lock');
      await held.assertHeld().catch((error: unknown) => {
        lost = error instanceof Error ? error.message : String(error);
        throw error;
      });
    },
    lost: () => lost,
  };
}

async function acquire(
  redis: RedisConnection,
  key: string,
  waitMs: number,
  signal: AbortSignal,
  { command, lapseMs = LAPSE_MS, onTampering, onWait }: LockOptions,
): Promise<Lease> {
  signal.throwIfAborted();
  const token = randomUUID();
  const own = ownFacts(command);
  const began = performance.now();
  let over: (() => void) | undefined;
  try {
    for (;;) {
      const asked = { monotonic: performance.now(), wall: Date.now() };
      const [forged, facts] = listOf(await redis.run(ACQUIRE, [key], [token, own, lapseMs]));
      if (numberOf(forged) === 1) onTampering?.(forgedLock(key, lapseMs));
      const holder = textOf(facts);
      if (holder === '') return holdLease(redis, { key, token, lapseMs, since: asked });
      const leftMs = waitMs - (performance.now() - began);
      if (leftMs <= 0) throw locked(holder, waitMs, lapseMs);
      over ??= onWait?.(`the lock, which ${describeHolder(holder)} holds`, leftMs);
      await pause(Math.min(leftMs, POLL_MS.least + Math.random() * (POLL_MS.most - POLL_MS.least)), signal);
    }
  } finally {
    over?.();
  }
}

const forgedLock = (key: string, lapseMs: number): Warning => ({
  code: 'LOCK_FORGED',
  message:
    `the lock ${key} had no expiry, or one that no run sets, so someone else wrote it; from now on it lapses within ` +
    `${Math.ceil(lapseMs / 1_000)} s; check who can write to this Redis`,
});

/** What other runs show while they wait for this one. Nothing is decided by it. */
const ownFacts = (command: string): string =>
  JSON.stringify({ command, host: hostname(), pid: process.pid, since: new Date().toISOString() });

/** @throws the signal's own reason. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function locked(holder: string, waitMs: number, lapseMs: number): SyncError {
  const waited = waitMs < 1_000 ? '' : ` after ${Math.round(waitMs / 1_000)} s`;
  return new SyncError(
    'LOCKED',
    `another run holds the lock${waited}: ${describeHolder(holder)}`,
    `run it again when that run has ended, or wait longer with --lock-wait; the lock of a dead run lapses within ` +
      `${Math.ceil(lapseMs / 1_000)} s`,
  );
}

const MAX_FACT_LENGTH = 100;

/** Describes the run that holds the lock. @param text as read from Redis, where anyone may have written it. */
export function describeHolder(text: string): string {
  const facts = parseJson(text);
  const { command, host, pid, since } = isRecord(facts) ? facts : {};
  const words = [
    shown(command) ?? 'an unknown run',
    ...(shown(host) === undefined ? [] : [`on ${shown(host)}`]),
    ...(isInteger(pid) ? [`(pid ${pid})`] : []),
    ...(shown(since) === undefined ? [] : [`since ${shown(since)}`]),
  ];
  return words.join(' ');
}

function shown(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = printable(value).trim();
  return text === '' ? undefined : text.slice(0, MAX_FACT_LENGTH);
}
