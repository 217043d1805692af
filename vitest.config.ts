import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/require-redis.ts'],
    // The tests talk to servers on loopback and to child processes; a proxy of the machine must not get between.
    env: { NO_COLOR: '1' },
    // Many tests wait for child processes, timeouts and Redis: one worker more than cores keeps the machine busy.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'test-results/vitest.json' }]]
      : ['default'],
  },
});
