import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type PolicyOptions = CommonOptions & {
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly allowRevoke?: string;
};

/** The flags and the help of `policy`, put on the command of that name. */
export function addPolicyOptions(command: Command): Command {
  return addMoreHelp(
    addCommonOptions(
      command
        .summary('create roles and tenants in Permit')
        .description(
          "Bring Permit's resources, actions, roles, permissions and tenants to what the config's `policy` says.",
        )
        .option('-n, --dry-run', 'plan only; built without anything that can write')
        .option('--detailed-exitcode', 'with --dry-run: exit 2 when changes are pending')
        .option('--allow-revoke <n>', 'let up to N permissions be taken from roles in this run'),
    ),
    {
      about: [
        'Adds and changes, never deletes. A permission that a role of the policy holds beyond it is only taken away with --allow-revoke; roles and resources that the policy does not name stay as they are. Without a policy in the config file it is that of the demo: the resource membership, and the roles admin and member that the default mapping gives.',
        'PERMIT_API_KEY comes from the environment; GitHub is not asked.',
      ],
      examples: [
        'gh-permit-sync policy --dry-run',
        'gh-permit-sync policy --config gh-permit-sync.yaml',
        'gh-permit-sync policy --allow-revoke 2',
      ],
      exitCodes:
        '0 in sync or applied, 1 error and nothing written, 2 changes pending (--detailed-exitcode), 3 refused by a limit and nothing written, 4 partly done.',
    },
  );
}
