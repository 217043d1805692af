import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type RedeliverOptions = CommonOptions & {
  readonly dryRun?: boolean;
  readonly since: string;
  readonly path: string;
  readonly hook?: string;
};

/** The flags and the help of `redeliver`, put on the command of that name. */
export function addRedeliverOptions(command: Command): Command {
  return addMoreHelp(
    addCommonOptions(
      command
        .summary('repeat lost webhook deliveries')
        .description(
          'Find webhook deliveries that GitHub could not hand over, and have them delivered again.',
        )
        .option('-n, --dry-run', 'list only; built without anything that can write')
        .option('--since <duration>', 'how far back to look, e.g. 90m, 12h or 3d', '3d')
        .option('--path <path>', "path at which the webhook's address ends", '/github-membership')
        .option('--hook <id>', 'the webhook of an organization with this number, whatever its address'),
    ),
    {
      about: [
        'GitHub never repeats a delivery by itself, and keeps deliveries for 3 days (an Enterprise Server: 7). Of those without one successful attempt, the ones that the receiver would queue are delivered again, the oldest first.',
        'With a GitHub App, the webhook of the App itself is looked into first, which needs no permission. Webhooks of organizations need an owner\'s token with admin:org_hook, or an App with "Organization › Webhooks: write". Neither Permit nor Redis is asked.',
      ],
      examples: [
        ['gh-permit-sync redeliver --org acme --dry-run', 'show what was lost'],
        'gh-permit-sync redeliver --org acme --since 12h',
        'gh-permit-sync redeliver --hook 480912345 --output json',
      ],
      exitCodes:
        '0 nothing lost, or all of it is being delivered again (a dry run: listed), 1 error and nothing done, 4 partly done: GitHub refused some, an organization could not be read, or the run was stopped.',
    },
  );
}
