import { defineCommand } from '../command.ts';
import { argument, commonFlags, fullFlag, pruneUnmanaged, runFlags } from '../flags.ts';

export const apply = defineCommand({
  name: 'apply',
  summary: 'apply a plan that reconcile --out saved',
  description: 'Plan again, and apply only if the result is identical to the saved plan.',
  args: { plan: argument('<plan>', 'file that reconcile --out saved') },
  flags: { ...runFlags, pruneUnmanaged, ...fullFlag, ...commonFlags },
  about: [
    'The plan holds the people that --user named when it was saved. All other settings come from this run and have to be the same as before: use the same --org, --tenant, --mode and --adopt.',
  ],
  examples: [
    'gh-permit-sync reconcile --org acme --dry-run --out plan.json',
    'gh-permit-sync apply plan.json --org acme',
    'gh-permit-sync apply plan.json --org acme --allow-removals 40',
  ],
  exitCodes:
    '0 in sync or applied, 1 error and nothing written (such as PLAN_STALE), 3 refused by a limit and nothing written, 4 partly done.',
  settings: async (input) => (await import('../../config/load.ts')).loadSettings(input),
  run: async (context, { plan, ...options }) => {
    const { runReconcile } = await import('../runs/reconcile-run.ts');
    return runReconcile({ command: 'apply', dryRun: false, planFile: plan }, context, options);
  },
  failed: async (error, facts) => (await import('../runs/run-outcome.ts')).failedRun(error, facts, 'apply'),
});
