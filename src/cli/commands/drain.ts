import { defineCommand } from '../command.ts';
import { commonFlags, drainFlags, fullFlag, runFlags, switchFlag } from '../flags.ts';

export const drain = defineCommand({
  name: 'drain',
  summary: 'process the queue of webhooks',
  description: 'Look up everyone in the queue on GitHub, and bring Permit in sync with the answers.',
  flags: {
    watch: switchFlag('--watch', 'keep running, and process entries as they arrive'),
    ...drainFlags,
    ...runFlags,
    ...fullFlag,
    ...commonFlags,
  },
  about: [
    'Needs REDIS_URL and everything that reconcile needs. An entry only says which person to look up, and leaves the queue once that person is in sync. Changes that would cross a limit within 24 hours wait in the queue.',
  ],
  examples: [
    'gh-permit-sync drain --org acme',
    'gh-permit-sync drain --watch --log-format json',
    'gh-permit-sync drain --allow-removals 12',
  ],
  exitCodes:
    '0 nothing is left to do, 1 error and nothing written, 3 someone waits for a limit, 4 partly done.',
  settings: async (input) => (await import('../runs/drain-session.ts')).loadDrainSettings(input),
  staysUp: ({ watch = false }) => watch,
  run: async (context, options) => (await import('../runs/drain-run.ts')).runDrain(context, options),
  failed: async (error, facts) => (await import('../runs/run-outcome.ts')).failedRun(error, facts, 'drain'),
});
