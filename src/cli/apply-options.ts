import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions } from './options.ts';
import { addPruneOption, addRunOptions } from './reconcile-options.ts';

/** The flags of `apply`, its argument, its description and its examples. */
export const addApplyOptions = (command: Command) =>
  addMoreHelp(
    addCommonOptions(
      addPruneOption(
        addRunOptions(
          command
            .summary('apply a plan that reconcile --out saved')
            .description('Plan anew, and apply only if that gives the saved plan.')
            .argument('<plan>', 'file that reconcile --out saved'),
        ),
      ),
    ),
    {
      about: [
        'The people that --user named when the plan was saved are in the plan. All other settings are those of this run, and have to be the same as then: give the same --org, --tenant, --mode and --adopt.',
      ],
      examples: [
        'gh-permit-sync reconcile --org acme --dry-run --out plan.json',
        'gh-permit-sync apply plan.json --org acme',
        'gh-permit-sync apply plan.json --org acme --allow-removals 40',
      ],
      exitCodes:
        '0 in sync or applied, 1 error and nothing written (PLAN_STALE among them), 3 refused by a limit and nothing written, 4 partly done.',
    },
  );
