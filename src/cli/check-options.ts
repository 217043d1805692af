import type { Command } from 'commander';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type CheckOptions = CommonOptions & {
  readonly login: string;
  readonly action: string;
  /** `type`, or `type:key` of a resource instance. */
  readonly resource: string;
};

/** The arguments, flags and help of `check`, put on the command of that name. */
export function addCheckOptions(command: Command): Command {
  return addCommonOptions(
    command
      .description('Ask the PDP whether a person may do something, and print allow or deny.')
      .argument('<login>', 'login on GitHub')
      .argument('<action>', 'action of the resource, such as edit-repo')
      .argument('<resource>', 'type of the resource, or TYPE:KEY of one instance'),
  ).addHelpText(
    'after',
    `
Asks in the tenant that --tenant names, else in that of the config; {org} in it stands for the organization. With {id}
in users.key the person is looked up in Permit by login. The PDP lags behind a change by seconds.
PERMIT_API_KEY comes from the environment; GitHub is not asked.

Examples:
  $ gh-permit-sync check octocat view-private-repo membership
  $ gh-permit-sync check octocat deploy repository:payments-api --tenant production --output json

Exit codes: 0 allow, 5 deny, 1 error.`,
  );
}
