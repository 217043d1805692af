import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { HttpFailure } from '../../src/http/http-failure.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../../src/http/retry.ts';
import { startStop } from '../../src/http/stop.ts';

/** Milliseconds of each wait that was asked for; none of them takes any time. */
const waits: number[] = [];
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    waits.push(ms);
  },
}));

beforeEach(() => {
  waits.length = 0;
  vi.restoreAllMocks();
});

const failure = (facts: Partial<ConstructorParameters<typeof HttpFailure>[0]> = {}): HttpFailure =>
  new HttpFailure({ service: 'Permit', request: 'GET /x', status: 500, reply: 'oops', ...facts });
const throttled = (retryAfterMs?: number): HttpFailure =>
  failure({ status: 429, throttled: true, retryAfterMs });
const neverSent = failure({ status: undefined, sent: false });

function stopIn(timeoutMs: number) {
  const control = startStop(timeoutMs);
  onTestFinished(() => control.dispose());
  return control;
}

/** Fails with these in turn, then answers. @returns how often it was tried, and how it ended. */
async function tryWith(
  failures: readonly Error[],
  {
    repeatable = true,
    policy = DEFAULT_RETRY,
    timeoutMs = 3_600_000,
  }: { repeatable?: boolean; policy?: RetryPolicy; timeoutMs?: number } = {},
) {
  let tries = 0;
  const attempt = async (): Promise<string> => {
    const next = failures[tries++];
    if (next) throw next;
    return 'fine';
  };
  const result = await withRetry(attempt, { stop: stopIn(timeoutMs).stop, repeatable, policy }).catch(
    (error: unknown) => error,
  );
  return { tries, result };
}

const times = (count: number, make: () => Error = failure): readonly Error[] =>
  Array.from({ length: count }, make);

test('reports the beginning and the end of each wait, and names the rate limit', async () => {
  const told: string[] = [];
  const onWait = (limit: string, ms: number): (() => void) => {
    told.push(`${limit}, ${ms > 5000 ? 'long' : 'short'}`);
    return () => void told.push('over');
  };
  const failures = [throttled(60_000), failure()];
  const attempt = async (): Promise<string> => {
    const next = failures.shift();
    if (next) throw next;
    return 'fine';
  };
  await withRetry(attempt, { stop: stopIn(3_600_000).stop, repeatable: true, onWait });
  expect(told).toEqual(["Permit's rate limit, long", 'over', 'Permit, short', 'over']);
});

describe('what is repeated', () => {
  test.each([
    { name: '500', failures: times(3), repeatable: true, tries: 4, ends: 'fine' },
    {
      name: '408',
      failures: times(1, () => failure({ status: 408 })),
      repeatable: true,
      tries: 2,
      ends: 'fine',
    },
    {
      name: 'no answer',
      failures: times(1, () => failure({ status: undefined })),
      repeatable: true,
      tries: 2,
      ends: 'fine',
    },
    {
      name: '404',
      failures: times(1, () => failure({ status: 404 })),
      repeatable: true,
      tries: 1,
      ends: 404,
    },
    {
      name: '401',
      failures: times(1, () => failure({ status: 401 })),
      repeatable: true,
      tries: 1,
      ends: 401,
    },
    {
      name: '302',
      failures: times(1, () => failure({ status: 302 })),
      repeatable: true,
      tries: 1,
      ends: 302,
    },
    { name: '500 to what may not be repeated', failures: times(1), repeatable: false, tries: 1, ends: 500 },
    {
      name: 'no answer to what may not be repeated',
      failures: [failure({ status: undefined })],
      repeatable: false,
      tries: 1,
      ends: undefined,
    },
    {
      name: 'never sent, what may not be repeated',
      failures: [neverSent, neverSent],
      repeatable: false,
      tries: 3,
      ends: 'fine',
    },
    {
      name: '429 to what may not be repeated',
      failures: times(4, throttled),
      repeatable: false,
      tries: 5,
      ends: 'fine',
    },
    { name: 'six times 500', failures: times(6), repeatable: true, tries: 6, ends: 500 },
  ])('$name', async ({ failures, repeatable, tries, ends }) => {
    const ended = await tryWith(failures, { repeatable });
    expect(ended.tries).toBe(tries);
    if (ends === 'fine') expect(ended.result).toBe('fine');
    else expect(ended.result).toMatchObject({ name: 'HttpFailure', status: ends });
    expect(waits).toHaveLength(tries - 1);
  });

  test("an error that isn't an HTTP failure is not retried", async () => {
    for (const error of [new Error('bug'), new TypeError('bug')]) {
      expect(await tryWith([error])).toEqual({ tries: 1, result: error });
    }
  });
});

describe('how long is waited', () => {
  const policy: RetryPolicy = { retries: 12, firstWaitMs: 500, longestWaitMs: 30_000 };

  test.each([
    [
      'never more than the bound, which doubles',
      0.999_999_9,
      [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
    ],
    ['anything down to nothing: full jitter', 0, [0, 0, 0, 0, 0, 0, 0, 0]],
    ['half of it in the middle', 0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
  ])('%s', async (_, random, bounds) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    await tryWith(times(8), { policy });
    expect(waits.map((ms) => Math.ceil(ms))).toEqual(bounds);
  });

  test('a thousand waits spread over the whole range', async () => {
    for (let i = 0; i < 1000; i++) await tryWith(times(1), { policy });
    expect(Math.min(...waits)).toBeLessThan(50);
    expect(Math.max(...waits)).toBeGreaterThan(450);
    expect(Math.max(...waits)).toBeLessThanOrEqual(500);
    const mean = waits.reduce((sum, ms) => sum + ms, 0) / waits.length;
    expect(mean).toBeGreaterThan(200);
    expect(mean).toBeLessThan(300);
  });

  test("Retry-After is waited out in full, plus a little, so that clients don't all come back at once", async () => {
    for (let i = 0; i < 200; i++) await tryWith([throttled(7000)], { policy });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(7000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(8000);
    expect(new Set(waits).size).toBeGreaterThan(100);
  });

  test('a rate limit without a time is waited for longer and longer', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999_999_9);
    await tryWith(times(10, throttled), { policy });
    expect(waits.map((ms) => Math.ceil(ms))).toEqual([
      500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000,
    ]);
  });
});

describe('rate limits', () => {
  const policy: RetryPolicy = { retries: 2, firstWaitMs: 1, longestWaitMs: 1 };

  test('count as no retry', async () => {
    expect(
      await tryWith(
        times(50, () => throttled(1000)),
        { policy },
      ),
    ).toEqual({ tries: 51, result: 'fine' });
  });

  test("don't count as a retry when no retry is left", async () => {
    const mixed = [failure(), failure(), throttled(10), throttled(10)];
    expect(await tryWith(mixed, { policy })).toEqual({ tries: 5, result: 'fine' });
    expect(await tryWith([throttled(10)], { policy: { ...policy, retries: 0 } })).toEqual({
      tries: 2,
      result: 'fine',
    });
  });

  test("between failures don't allow more retries", async () => {
    const mixed = [failure(), throttled(10), failure(), throttled(10), failure()];
    expect(await tryWith(mixed, { policy })).toMatchObject({ tries: 5, result: { status: 500 } });
  });
});

describe('the end of the run', () => {
  test('is never exceeded by a wait: a longer one ends at once', async () => {
    for (const retryAfterMs of [60_000, 86_400_000, Number.MAX_SAFE_INTEGER]) {
      expect(await tryWith([throttled(retryAfterMs)], { timeoutMs: 60_000 })).toMatchObject({
        tries: 1,
        result: { status: 429 },
      });
    }
    expect(waits).toEqual([]);
  });

  test('is never exceeded by backoff either', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    const policy: RetryPolicy = { retries: 9, firstWaitMs: 1000, longestWaitMs: 1000 };
    expect(await tryWith(times(9), { policy, timeoutMs: 900 })).toMatchObject({
      tries: 1,
      result: { status: 500 },
    });
  });

  test('a stopped run retries nothing', async () => {
    const { stop, end } = stopIn(60_000);
    end({ kind: 'timeout', timeoutMs: 60_000 });
    let tries = 0;
    const work = withRetry(
      async () => {
        tries += 1;
        throw failure();
      },
      { stop, repeatable: true },
    );
    await expect(work).rejects.toMatchObject({ status: 500 });
    expect(tries).toBe(1);
  });
});
