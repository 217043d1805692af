import { setTimeout as timer } from 'node:timers/promises';
import pLimit from 'p-limit';
import {
  byLimit,
  type CallKind,
  type Calls,
  describeLimit,
  type Forecast,
  LIMITS_OF,
  minutesOf,
  type PaceLimits,
  type RateLimit,
} from '../model/pace.ts';
import type { RequestObserver } from './request-observer.ts';

/** Keeps rate limits by waiting before a request is sent. */
export type Pace = {
  /**
   * Resolves when a request of this kind may be sent: at once where the limits have room. It counts from then on.
   * @throws the reason of the stop, at once when the run is stopped.
   */
  readonly turn: (kind: CallKind) => Promise<void>;
  /** How long these calls would wait after everything already sent, without their own duration. */
  readonly forecast: (calls: readonly Calls[]) => Forecast;
};

export type PaceTiming = {
  /** How long a minute lasts. */
  readonly minuteMs: number;
  /**
   * By how much longer than that a request counts: the service counts it when it arrives, which may be later for an
   * early request than for a late one.
   */
  readonly marginMs: number;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

const REAL_TIME: PaceTiming = {
  minuteMs: 60_000,
  marginMs: 1000,
  now: () => performance.now(),
  sleep: (ms, signal) => timer(ms, undefined, { signal }),
};

/**
 * Sliding windows over what was sent, each behind a gate that lets one request at a time wait for its room.
 *
 * The queues are p-limit's; only the windows are ours. The libraries that we considered keep one limit each, and
 * one after the other they don't keep four: a request is counted by the first and sent when the last lets it, so
 * those that piled up there leave in one burst. Of them p-throttle 8 counts by the wall clock and does not say how
 * long a wait will be, limiter 4 keeps buckets and "is not a rolling-window limiter", bottleneck has had no release
 * since 2019.
 * @param signal of the stop: ends every wait.
 */
export function openPace(
  limits: PaceLimits,
  signal: AbortSignal,
  onWait?: RequestObserver['onWait'],
  timing: Partial<PaceTiming> = {},
): Pace {
  const time = { ...REAL_TIME, ...timing };
  const windows = windowsFor(limits, time);
  const gates = byLimit(() => pLimit(1));

  const waitForRoom = async (name: RateLimit): Promise<void> => {
    for (let ms = roomInMs(windows[name], time.now()); ms > 0; ms = roomInMs(windows[name], time.now())) {
      const over = onWait?.(describeLimit(name, limits), ms);
      // The timer rejects with an error of its own. Everything else expects the reason of the stop.
      await time
        .sleep(Math.ceil(ms), signal)
        .catch(() => signal.throwIfAborted())
        .finally(over);
    }
  };
  /**
   * Through the gate of each limit, from the narrowest to the widest: so reads pass by a DELETE that waits for the
   * limit of DELETEs. Each gate stays shut behind the request until it is counted everywhere, at the moment when it
   * is sent: so no room that was found is lost again while it waits at a wider gate.
   */
  const pass = ([name, ...wider]: readonly RateLimit[]): Promise<void> =>
    name === undefined
      ? Promise.resolve()
      : gates[name](async () => {
          signal.throwIfAborted();
          await waitForRoom(name);
          await pass(wider);
          count(windows[name], time.now());
        });
  return {
    turn: (kind) => pass(LIMITS_OF[kind]),
    forecast: (calls) => forecast(calls, windows, time.now(), limits),
  };
}

/** The times of the last requests that count: as many as the limit allows, the oldest first. */
type Window = { readonly most: number; readonly lengthMs: number; readonly times: number[] };
type Windows = Readonly<Record<RateLimit, Window>>;

const windowsFor = (limits: PaceLimits, { minuteMs, marginMs }: PaceTiming): Windows =>
  byLimit((name) => ({
    most: limits[name],
    lengthMs: minutesOf(name) * minuteMs + marginMs,
    times: [],
  }));

function roomInMs({ most, lengthMs, times }: Window, now: number): number {
  const [oldest] = times;
  return oldest === undefined || times.length < most ? 0 : Math.max(0, oldest + lengthMs - now);
}

function count({ most, times }: Window, now: number): void {
  if (most === Number.POSITIVE_INFINITY) return;
  times.push(now);
  if (times.length > most) times.shift();
}

function forecast(calls: readonly Calls[], sent: Windows, start: number, limits: PaceLimits): Forecast {
  const windows = byLimit((name) => ({ ...sent[name], times: [...sent[name].times] }));
  const waitedMs = new Map<RateLimit, number>();
  let now = start;
  const send = (kind: CallKind): void => {
    for (const name of LIMITS_OF[kind]) {
      const ms = roomInMs(windows[name], now);
      if (ms > 0) waitedMs.set(name, (waitedMs.get(name) ?? 0) + ms);
      now += ms;
    }
    for (const name of LIMITS_OF[kind]) count(windows[name], now);
  };
  for (const { kinds, times } of calls) for (let i = 0; i < times; i++) kinds.forEach(send);
  const [longest] = [...waitedMs].sort(([, a], [, b]) => b - a);
  return { ms: now - start, limit: longest && describeLimit(longest[0], limits) };
}
