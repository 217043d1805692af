import type { Command } from 'commander';
import { addCommonOptions } from './options.ts';

/** The flags of `explain`, its description and its examples. */
export const addExplainOptions = (command: Command): Command =>
  addCommonOptions(
    command
      .description(
        'Show which statements give or deny a person what, what Permit holds, and the drift. Writes nothing.',
      )
      .argument('<login>', "the person's login on GitHub, today's or a former one"),
  ).addHelpText(
    'after',
    `
Examples:
  $ gh-permit-sync explain octocat
  $ gh-permit-sync explain octocat --verbose             with every statement that says nothing about octocat
  $ gh-permit-sync explain octocat --output json`,
  );
