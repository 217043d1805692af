import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Most test files share a worker and the modules that it has loaded: to load them afresh for each file costs more than
// its tests. These replace or measure what belongs to the whole process, so each has a worker of its own.
const ISOLATED = [
  'test/contract/**/*.test.ts',
  'test/faults/retry.test.ts',
  'test/incidents/receiver-shut-out.test.ts',
  'test/unit/demo/scale.test.ts',
];

export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    globalSetup: ['test/support/temporary-folder.ts', 'test/support/require-redis.ts'],
    // The tests talk to servers on loopback and to child processes; a proxy of the machine must not get between.
    env: { NO_COLOR: '1' },
    // Many tests wait for child processes, timeouts and Redis: one worker more than cores keeps the machine busy.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // The default of a second is too short for a busy machine.
    expect: { poll: { timeout: 50_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: ISOLATED, isolate: false },
      },
      { extends: true, test: { name: 'isolated', include: ISOLATED } },
    ],
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'test-results/vitest.json' }]]
      : ['default'],
  },
});
