import { expect, test } from 'vitest';
import { drainUntilStopped } from '../../../src/cli/runs/drain-run.ts';
import { NOTHING_DRAINED } from '../../../src/drain/drain.ts';
import { openWaker } from '../../../src/drain/watch.ts';
import { startStop } from '../../../src/http/stop.ts';
import type { RunReport } from '../../../src/report/run-report.ts';

/** Runs one round that has nothing to drain. @returns the number of reports. */
async function toldOf(isTampered: boolean): Promise<number> {
  const { stop, end } = startStop(60_000);
  let told = 0;
  const session = {
    round: async () => {
      end({ kind: 'signal', name: 'SIGTERM' });
      return { drained: NOTHING_DRAINED, report: {} as RunReport, isTampered };
    },
    queue: { end: async () => undefined, nextDueMs: async () => undefined },
  };
  const quiet = (): undefined => undefined;
  await drainUntilStopped(session as unknown as Parameters<typeof drainUntilStopped>[0], {
    ...{ stop, waker: openWaker(stop.signal), retryIntervalMs: 1_000 },
    runs: { fullRuns: async () => ({ kind: 'never' }) as const },
    log: { error: quiet, info: quiet, notice: quiet, debug: quiet },
    tell: () => {
      told += 1;
    },
    record: async () => undefined,
  });
  return told;
}

test.each([
  { name: 'nothing to tell', isTampered: false, told: 0 },
  { name: 'what someone else wrote into Redis, found in a round that failed', isTampered: true, told: 1 },
])('a round without entries: $name', async ({ isTampered, told }) => {
  expect(await toldOf(isTampered)).toBe(told);
});
