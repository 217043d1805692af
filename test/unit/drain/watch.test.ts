import { expect, test } from 'vitest';
import { type DrainResult, NOTHING_DRAINED } from '../../../src/drain/drain.ts';
import { type WatchPorts, watch } from '../../../src/drain/watch.ts';
import { SyncError } from '../../../src/model/errors.ts';

const MINUTE = 60_000;
const outage = new SyncError('GITHUB_UNAVAILABLE', 'GitHub is away', 'wait');

type Story = {
  /** What each round answers, the last one again and again. */
  readonly rounds: readonly (DrainResult | SyncError)[];
  /** Milliseconds after the beginning at which something arrives. */
  readonly arrivals?: readonly number[];
  readonly dueAt?: number;
  readonly until: number;
};

/** Runs a watch on a clock of its own. @returns when each round began. */
async function timesOf({ rounds, arrivals = [], dueAt, until }: Story): Promise<readonly number[]> {
  let time = 0;
  const began: number[] = [];
  const ports: WatchPorts = {
    round: async () => {
      const answer = rounds[Math.min(began.length, rounds.length - 1)] ?? NOTHING_DRAINED;
      began.push(time);
      if (answer instanceof SyncError) throw answer;
      return answer;
    },
    queue: {
      end: async () => String(arrivals.filter((at) => at <= time).length),
      nextDueMs: async () =>
        dueAt === undefined || began.some((at) => at >= dueAt) ? undefined : Math.max(0, dueAt - time),
    },
    retryIntervalMs: 5 * MINUTE,
    pause: async (ms) => {
      time += ms;
    },
    isStopped: () => time >= until,
    onFailure: () => undefined,
    now: () => time,
  };
  await watch(ports);
  return began;
}

const held: DrainResult = { ...NOTHING_DRAINED, released: ['1-0'] };

test('starts at once, and checks every minute for entries of a dead drain', async () => {
  expect(await timesOf({ rounds: [NOTHING_DRAINED], until: 2.5 * MINUTE })).toEqual([0, MINUTE, 2 * MINUTE]);
});

test('news is processed within a quarter of a second', async () => {
  const [, second] = await timesOf({ rounds: [NOTHING_DRAINED], arrivals: [5_200], until: MINUTE });
  expect(second).toBe(5_250);
});

test('failed entries are retried when they are due', async () => {
  expect(await timesOf({ rounds: [NOTHING_DRAINED], dueAt: 7_500, until: MINUTE })).toEqual([0, 7_500]);
});

test('entries that wait for a limit are not retried every minute', async () => {
  expect(await timesOf({ rounds: [held], until: 11 * MINUTE })).toEqual([0, 5 * MINUTE, 10 * MINUTE]);
});

test('entries beyond one round follow at once', async () => {
  const more = { ...NOTHING_DRAINED, hasMore: true };
  expect(await timesOf({ rounds: [more, more, NOTHING_DRAINED], until: 1_000 })).toEqual([0, 0, 0]);
});

test('during an outage attempts become rarer, and notifications do not change that', async () => {
  const arrivals = Array.from({ length: 1000 }, (_, i) => i * 500);
  const began = await timesOf({ rounds: [outage], arrivals, until: 20 * MINUTE });
  const waits = began.slice(1).map((at, i) => at - (began[i] ?? 0));
  expect(waits.slice(0, 8)).toEqual([2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => seconds * 1000));
  expect(Math.max(...waits)).toBe(5 * MINUTE);
});

test('the queue of another owner ends it', async () => {
  const misfit = new SyncError('CONFIG_INVALID', 'not ours', 'choose another prefix');
  await expect(timesOf({ rounds: [misfit], until: MINUTE })).rejects.toBe(misfit);
});

test('a queue that was ours and was changed is tried again', async () => {
  const misfit = new SyncError('CONFIG_INVALID', 'of another type', 'delete the key');
  const rounds = [NOTHING_DRAINED, misfit, misfit, NOTHING_DRAINED];
  expect(await timesOf({ rounds, until: 2 * MINUTE })).toEqual([0, MINUTE, MINUTE + 2_000, MINUTE + 6_000]);
});

test('a wake-up that finds nothing does not repeat at once', async () => {
  const queue = { end: async () => undefined, nextDueMs: async () => 0 };
  let time = 0;
  let rounds = 0;
  await watch({
    round: async () => {
      rounds++;
      return NOTHING_DRAINED;
    },
    queue,
    retryIntervalMs: 5 * MINUTE,
    pause: async (ms) => {
      time += ms;
    },
    isStopped: () => time >= 10_000,
    onFailure: () => undefined,
    now: () => time,
  });
  expect(rounds).toBe(10);
});
