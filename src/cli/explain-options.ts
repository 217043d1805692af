import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions } from './options.ts';

/** The flags of `explain`, its description and its examples. */
export const addExplainOptions = (command: Command): Command =>
  addMoreHelp(
    addCommonOptions(
      command
        .summary('why a person has what in Permit')
        .description(
          'Show which rules give or deny a person what, what Permit holds, and the drift. Writes nothing.',
        )
        .argument('<login>', "the person's login on GitHub; a former one where nobody else has it today"),
    ),
    {
      examples: [
        'gh-permit-sync explain octocat',
        ['gh-permit-sync explain octocat --verbose', 'every rule'],
        'gh-permit-sync explain octocat --output json',
      ],
      exitCodes:
        '0 explained, whatever the drift; 1 a login that nobody knows, or an error; 4 an organization or a team could not be read, so that something is not known.',
    },
  );
