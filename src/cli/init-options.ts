import { type Command, Option } from 'commander';
import { addMoreHelp } from './more-help.ts';

export type InitOptions = {
  readonly org?: readonly string[];
  readonly tenant?: string;
  readonly userKey?: string;
  readonly owner?: string;
  readonly dir?: string;
  readonly force?: boolean;
  /** False with --no-workflow. */
  readonly workflow: boolean;
  readonly yes?: boolean;
  readonly color?: boolean;
  readonly quiet?: boolean;
  readonly logFormat: 'text' | 'json';
};

export function addInitOptions(command: Command): Command {
  return addMoreHelp(
    command
      .summary('write a config file and a workflow')
      .description(
        'Write a commented config file and a GitHub Actions workflow; ask on a terminal what is not given.',
      )
      .option('--org <org...>', 'GitHub organization; may be repeated (also: GITHUB_ORG)')
      .option('--tenant <key>', '{org} for one tenant per organization (default: default; {org} for several)')
      .option('--user-key <template>', 'template of user keys, of {login} or {id} (default: github|{id})')
      .option('--owner <name>', 'stands in the mark of the managed users (default: default)')
      .option('--dir <folder>', 'the root of the repository to write into (default: the working directory)')
      .option('-f, --force', 'overwrite files that exist')
      .option('--no-workflow', 'write the config file alone')
      .option('-y, --yes', 'ask nothing, take the defaults')
      .option('--color', 'colour, even in a pipe')
      .option('--no-color', 'no colour (also: NO_COLOR)')
      .option('-q, --quiet', 'print nothing when all went well')
      .addOption(
        new Option('--log-format <format>', 'how stderr reads').choices(['text', 'json']).default('text'),
      ),
    {
      about: [
        'Writes gh-permit-sync.yaml and .github/workflows/gh-permit-sync.yml. Without --force nothing is written if one of them exists.',
      ],
      examples: [
        'gh-permit-sync init',
        'gh-permit-sync init --org acme --yes',
        "gh-permit-sync init --org acme,labs --tenant '{org}' --owner identity",
      ],
      exitCodes: '0 written, 1 error and nothing written.',
    },
  );
}
