import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/require-redis.ts'],
    // The tests talk to servers on loopback and to child processes; a proxy of the machine must not get between.
    env: { NO_COLOR: '1' },
    // Much of the time goes into child processes, which are waited for: one worker fewer than cores, as is usual, leaves
    // half of a small machine idle.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'test-results/vitest.json' }]]
      : ['default'],
  },
});
