import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions } from './options.ts';
import { addRunOptions } from './reconcile-options.ts';
import type { RunOptions } from './reconcile-run.ts';

export type DrainOptions = RunOptions & {
  readonly watch?: boolean;
  readonly settle?: string;
  readonly retryInterval?: string;
};

/** The flags and the help of `drain`, put on the command of that name. */
export const addDrainOptions = (command: Command): Command =>
  addMoreHelp(
    addCommonOptions(
      addRunOptions(
        addRoundOptions(
          command
            .summary('work off the queue of webhooks')
            .description('Ask GitHub about everybody in the queue, and bring Permit to what it answers.')
            .option('--watch', 'stay, and work off whatever arrives'),
        ),
      ),
    ),
    {
      about: [
        'Needs REDIS_URL and all that reconcile needs. An entry only says whom to look at; it leaves the queue when its person is as GitHub and the rules say. What would cross a limit within 24 hours waits in the queue.',
      ],
      examples: [
        'gh-permit-sync drain --org acme',
        'gh-permit-sync drain --watch --log-format json',
        'gh-permit-sync drain --allow-removals 12',
      ],
      exitCodes:
        '0 nothing is left to do, 1 error and nothing written, 3 somebody waits for a limit, 4 partly done.',
    },
  );

/** The flags of whatever drains: `drain` and `receive --drain`. */
export const addRoundOptions = (command: Command): Command =>
  command
    .option('--settle <duration>', 'wait this long for related deliveries; 0 does not wait (default: 2s)')
    .option(
      '--retry-interval <duration>',
      'while it stays: try again what waits after so long (default: 5m)',
    );
