import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPace, type Pace } from '../../../src/http/pace.ts';
import type { RequestObserver } from '../../../src/http/request-observer.ts';
import {
  type CallKind,
  LIMITS_OF,
  minutesOf,
  type PaceLimits,
  PUBLISHED_PACE,
  type RateLimit,
} from '../../../src/model/pace.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const MARGIN_MS = 1000;
const KINDS = Object.keys(LIMITS_OF) as readonly CallKind[];
const NAMES = Object.keys(PUBLISHED_PACE) as readonly RateLimit[];
const NEVER = new AbortController().signal;

type Sent = { readonly kind: CallKind; readonly asked: number; readonly at: number };

function open(
  limits: Partial<PaceLimits> = {},
  signal: AbortSignal = NEVER,
  onWait?: RequestObserver['onWait'],
) {
  const clock = virtualClock();
  const pace = openPace({ ...PUBLISHED_PACE, ...limits }, signal, onWait, clock);
  const sent: Sent[] = [];
  const send = async (kind: CallKind): Promise<void> => {
    const asked = clock.now();
    await pace.turn(kind);
    sent.push({ kind, asked, at: clock.now() });
  };
  const burst = (kind: CallKind, times: number): Promise<unknown> =>
    Promise.all(Array.from({ length: times }, () => send(kind)));
  return { clock, pace, sent, send, burst };
}

/** When the last of them was sent. */
const lastAt = (sent: readonly Sent[]): number => Math.max(...sent.map(({ at }) => at));

describe("Permit's published limits", () => {
  test.each<[CallKind, number]>([
    ['read', 1000],
    ['write', 300],
    ['delete', 60],
    ['bulkWrite', 100],
    ['bulkDelete', 60],
    ['schemaPost', 40],
  ])('%s: %i go without any wait, the next one waits', async (kind, most) => {
    const { sent, burst, send } = open();
    await burst(kind, most);
    expect(lastAt(sent)).toBe(0);
    await send(kind);
    const minutes = kind === 'bulkWrite' ? 10 : 1;
    expect(lastAt(sent)).toBe(minutes * MINUTE_MS + MARGIN_MS);
  });

  test('DELETEs count as writes, and everything counts as a request', async () => {
    const { sent, burst } = open();
    await burst('delete', 60);
    await burst('write', 240);
    await burst('read', 700);
    expect(lastAt(sent)).toBe(0);
    await burst('write', 1);
    expect(lastAt(sent)).toBe(MINUTE_MS + MARGIN_MS);
  });

  test('bulk DELETEs count against the bulk calls and the DELETEs', async () => {
    const { sent, burst } = open();
    await burst('bulkDelete', 60);
    await burst('bulkWrite', 40);
    expect(lastAt(sent)).toBe(0);
    await burst('bulkWrite', 1);
    expect(lastAt(sent)).toBe(10 * MINUTE_MS + MARGIN_MS);
  });

  test('a read overtakes waiting DELETEs', async () => {
    const { sent, burst } = open();
    await Promise.all([burst('delete', 120), burst('read', 100)]);
    expect(lastAt(sent.filter(({ kind }) => kind === 'read'))).toBe(0);
    expect(lastAt(sent.filter(({ kind }) => kind === 'delete'))).toBe(MINUTE_MS + MARGIN_MS);
  });
});

/** Bursts with pauses between them, under limits so small that everything waits for everything. */
const limitsOf = fc.record({
  requestsPerMinute: fc.integer({ min: 1, max: 12 }),
  writesPerMinute: fc.integer({ min: 1, max: 8 }),
  deletesPerMinute: fc.integer({ min: 1, max: 5 }),
  bulkPer10Minutes: fc.integer({ min: 1, max: 10 }),
  schemaPostsPerMinute: fc.integer({ min: 1, max: 6 }),
});
const bursts = fc.array(
  fc.record({
    kinds: fc.array(fc.constantFrom(...KINDS), { maxLength: 10 }),
    pauseMs: fc.constantFrom(0, 1, 999, 30_000, 60_000, 61_000, 600_000),
  }),
  { maxLength: 8 },
);

/** Every request that counts against a limit. */
const counted = (sent: readonly Sent[], name: RateLimit): readonly Sent[] =>
  sent.filter(({ kind }) => LIMITS_OF[kind].includes(name));

test('no window ever holds more than its limit, the order of a kind is kept, and nobody waits without need', async () => {
  await fc.assert(
    fc.asyncProperty(limitsOf, bursts, async (limits, plan) => {
      const { sent, send, clock } = open(limits);
      const asked: Sent[] = [];
      const ask = async (kind: CallKind): Promise<void> => {
        const one = { kind, asked: clock.now(), at: Number.POSITIVE_INFINITY };
        asked.push(one);
        await send(kind);
        Object.assign(one, { at: clock.now() });
      };
      const all: Promise<void>[] = [];
      for (const { kinds, pauseMs } of plan) {
        all.push(...kinds.map(ask));
        if (pauseMs > 0) await clock.sleep(pauseMs, NEVER);
      }
      await Promise.all(all);

      for (const name of NAMES) {
        const times = counted(sent, name).map(({ at }) => at);
        const lengthMs = minutesOf(name) * MINUTE_MS;
        for (const from of times) {
          expect(times.filter((at) => at >= from && at <= from + lengthMs).length).toBeLessThanOrEqual(
            limits[name],
          );
        }
      }
      for (const kind of KINDS) {
        const times = asked.filter((one) => one.kind === kind).map(({ at }) => at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
      for (const one of asked) {
        // Of two kinds that are asked for in one moment either may be the first.
        const others = asked.filter((other) => other !== one && other.asked <= one.asked);
        const hasRoom = LIMITS_OF[one.kind].every((name) => {
          const lengthMs = minutesOf(name) * MINUTE_MS + MARGIN_MS;
          return counted(others, name).filter(({ at }) => at > one.asked - lengthMs).length < limits[name];
        });
        // Bulk calls keep their order, also behind one that waits for the limit of DELETEs.
        const isBehind =
          one.kind === 'bulkWrite' && others.some(({ kind, at }) => kind === 'bulkDelete' && at > one.asked);
        if (hasRoom && !isBehind) expect(one.at).toBe(one.asked);
      }
    }),
    { numRuns: 60 },
  );
});

describe('the forecast', () => {
  test('is what the calls then wait, whatever was sent before', async () => {
    const someCalls = fc.array(
      fc.record({
        kinds: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 3 }),
        times: fc.integer({ min: 0, max: 8 }),
      }),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(
        limitsOf,
        fc.array(fc.constantFrom(...KINDS), { maxLength: 8 }),
        someCalls,
        async (limits, before, calls) => {
          const { pace, clock, send } = open(limits);
          for (const kind of before) await send(kind);
          const foreseen = pace.forecast(calls);
          const began = clock.now();
          for (const { kinds, times } of calls) {
            for (let i = 0; i < times; i++) for (const kind of kinds) await send(kind);
          }
          expect(foreseen.ms).toBe(clock.now() - began);
          expect(foreseen.limit === undefined).toBe(foreseen.ms === 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('names the limit that takes the longest, and spends nothing', async () => {
    const { pace, burst, sent } = open();
    const profiles = [{ kinds: ['read', 'write'], times: 1000 }] as const;
    expect(pace.forecast(profiles)).toEqual({
      ms: 3 * (MINUTE_MS + MARGIN_MS),
      limit: "Permit's limit of 300 writes a minute",
    });
    await burst('write', 300);
    expect(lastAt(sent)).toBe(0);
  });

  test('of 100,000 profiles is hours', () => {
    const { ms } = open().pace.forecast([{ kinds: ['read', 'write'], times: 100_000 }]);
    expect(ms).toBeGreaterThan(5 * 60 * MINUTE_MS);
  });
});

describe('a stop', () => {
  test('ends every wait at once, with its reason; nothing is sent afterwards', async () => {
    const control = new AbortController();
    const pace = openPace({ ...PUBLISHED_PACE, deletesPerMinute: 2, writesPerMinute: 4 }, control.signal);
    const ends: string[] = [];
    const turn = (kind: CallKind): Promise<unknown> =>
      pace.turn(kind).then(
        () => ends.push('sent'),
        (error: unknown) => ends.push(String(error)),
      );
    const turns = [...KINDS, ...KINDS, ...KINDS, 'delete', 'delete'] as const;
    const all = Promise.all(turns.map(turn));
    await sleep(20);
    const sentBefore = ends.filter((end) => end === 'sent').length;
    control.abort('stopped');
    await all;
    expect(ends.filter((end) => end === 'sent')).toHaveLength(sentBefore);
    expect(ends.filter((end) => end === 'stopped')).toHaveLength(turns.length - sentBefore);
    await expect(pace.turn('read')).rejects.toBe('stopped');
  });
});

describe('waits', () => {
  test('are reported with the limit and the time, and when they are over', async () => {
    const told: string[] = [];
    const { burst } = open({}, NEVER, (limit, ms) => {
      told.push(`${limit}: ${ms}`);
      return () => told.push('over');
    });
    await burst('delete', 61);
    expect(told).toEqual(["Permit's limit of 60 DELETEs a minute: 61000", 'over']);
  });

  test('none is reported while there is capacity', async () => {
    const { burst } = open({}, NEVER, () => {
      throw new Error('a wait was told');
    });
    await burst('write', 300);
  });
});

describe('by the real clock', () => {
  const timed = async (pace: Pace, kinds: readonly CallKind[]): Promise<number> => {
    const began = performance.now();
    await Promise.all(kinds.map((kind) => pace.turn(kind)));
    return performance.now() - began;
  };
  const of = (kind: CallKind, times: number): readonly CallKind[] =>
    Array.from({ length: times }, () => kind);

  test('a window that is full is waited for', async () => {
    const pace = openPace({ ...PUBLISHED_PACE, deletesPerMinute: 3 }, NEVER, undefined, {
      minuteMs: 100,
      marginMs: 10,
    });
    const ms = await timed(pace, of('delete', 7));
    expect(ms).toBeGreaterThanOrEqual(220);
  });
});
