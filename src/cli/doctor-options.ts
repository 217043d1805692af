import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

export type DoctorOptions = CommonOptions & {
  /** Where the receiver listens. */
  readonly path: string;
};

/** The flags and the help of `doctor`, put on the command of that name. */
export function addDoctorOptions(command: Command): Command {
  const made = addMoreHelp(
    addCommonOptions(
      command
        .summary('find out what is not set up yet')
        .description('Check settings, credentials, visibility, roles, tenants, PDP, Redis and webhooks.')
        .option('--path <path>', "path at which the webhook's address ends", '/github-membership'),
    ),
    {
      about: ['Each line is ok, warning or failed, with what mends it. Nothing is ever written.'],
      examples: [
        'gh-permit-sync doctor --org acme',
        `gh-permit-sync doctor -o json | jq '.checks[] | select(.status != "ok")'`,
      ],
      exitCodes: '0 ok or warnings, 1 something is broken.',
    },
  );
  const timeout = made.options.find(({ long }) => long === '--timeout');
  if (timeout) timeout.description = 'bound of the whole examination, e.g. 90s or 5m (default: 1m)';
  return made;
}
