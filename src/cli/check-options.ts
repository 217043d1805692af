import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type CheckOptions = CommonOptions & {
  readonly login: string;
  readonly action: string;
  /** `type`, or `type:key` of a resource instance. */
  readonly resource: string;
};

/** The arguments, flags and help of `check`, put on the command of that name. */
export function addCheckOptions(command: Command): Command {
  return addMoreHelp(
    addCommonOptions(
      command
        .summary('ask the PDP: allow or deny')
        .description('Ask the PDP whether a person may do something, and print allow or deny.')
        .argument('<login>', 'login on GitHub')
        .argument('<action>', 'action of the resource, such as edit-repo')
        .argument('<resource>', 'type of the resource, or TYPE:KEY of one instance'),
    ),
    {
      about: [
        'Asks in the tenant that --tenant names, else in that of the config; {org} in it stands for the organization. With a GitHub credential, GitHub tells who has the login today; without one the answer is about whoever had it at the last sync, and a warning says so. A user that carries the id of someone else never answers. The PDP lags behind a change by seconds. After a deny Permit is asked whether it knows the user, the tenant, the resource and the action at all; what it does not know is a warning.',
        'PERMIT_API_KEY comes from the environment, and so may GH_TOKEN, GITHUB_TOKEN or a GitHub App.',
      ],
      examples: [
        'gh-permit-sync check octocat view-private-repo membership',
        'gh-permit-sync check octocat deploy repository:payments --tenant eu',
      ],
      exitCodes: '0 allow, 5 deny, 1 error.',
    },
  );
}
