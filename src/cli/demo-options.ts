import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';

/** The flags of `demo`, its description and its example. */
export const addDemoOptions = (command: Command): Command =>
  addMoreHelp(
    command
      .summary('the whole loop, without any account')
      .description(
        'Show the whole loop against GitHub and Permit emulators on this machine: no account, no network.',
      )
      .option('--color', 'colour, even in a pipe')
      .option('--no-color', 'no colour (also: NO_COLOR)'),
    { examples: ['gh-permit-sync demo'] },
  );
