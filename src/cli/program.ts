import { Command, CommanderError, Option } from 'commander';
import { SyncError } from '../model/errors.ts';
import { VERSION } from '../version.ts';
import { openLog } from './log.ts';
import { addCommonOptions } from './options.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Parses the command line and runs one command; each is loaded only when it is asked for. Sets the exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  try {
    await buildProgram(terminal).parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = await explain(error, argv, terminal);
  }
}

function buildProgram(terminal: Terminal): Command {
  const program = new Command('gh-permit-sync')
    .description(
      'Keeps Permit.io users and role assignments equal to the members and roles of GitHub organizations.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    // Errors of usage are printed once, by `explain`, in the form of all others.
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined })
    .addHelpText(
      'after',
      `
Examples:
  $ gh-permit-sync demo                                  see it work, without any account
  $ gh-permit-sync reconcile --org acme --dry-run        show what would change
  $ gh-permit-sync reconcile --org acme                  make it so`,
    );

  const reconcile = addCommonOptions(
    program
      .command('reconcile')
      .description('List members and roles on GitHub, compare with Permit, and apply the difference.')
      .option('-n, --dry-run', 'plan only; built without anything that can write')
      .option('--detailed-exitcode', 'with --dry-run: exit 2 when changes are pending')
      .option('--user <login...>', 'only these people; may be repeated')
      .option('--mode <mode>', 'sync, or upsert-only, which never takes anything away')
      .option('--allow-removals <n>', 'let up to N people lose everything in this run')
      .option('--allow-demotions <n>', 'let up to N people lose a role for a weaker one in this run')
      .addOption(
        new Option('--allow-floor <tenant/role=n...>', 'let the holders of a role fall to N in this run'),
      ),
  ).addHelpText(
    'after',
    `
Credentials come from the environment: GH_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY; and PERMIT_API_KEY.

Examples:
  $ gh-permit-sync reconcile --org acme --dry-run
  $ gh-permit-sync reconcile --org acme --user octocat hubot
  $ gh-permit-sync reconcile --dry-run --detailed-exitcode --output json > plan.json

Exit codes: 0 in sync or applied, 1 error and nothing written, 2 changes pending (--detailed-exitcode),
3 refused by a limit and nothing written, 4 partly done.`,
  );
  reconcile.action(async (options) => {
    const { reconcileCommand } = await import('./reconcile-command.ts');
    process.exitCode = await reconcileCommand(options, terminal);
  });

  program
    .command('demo')
    .description(
      'Show the whole loop against GitHub and Permit emulators on this machine: no account, no network.',
    )
    .option('--color', 'colour, even in a pipe')
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .addHelpText('after', '\nExample:\n  $ gh-permit-sync demo')
    .action(async (options) => {
      const { demoCommand } = await import('./demo-command.ts');
      process.exitCode = await demoCommand(options, terminal);
    });
  return program;
}

/** @returns the exit code of what went wrong outside of a command's own report. */
async function explain(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // Called without any command: commander has shown the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return 1;
  const log = openLog(terminal, {
    format: says(argv, '--log-format', 'json') ? 'json' : 'text',
    quiet: false,
    verbose: false,
    color: argv.includes('--no-color') ? false : argv.includes('--color') ? true : undefined,
  });
  const known = error instanceof SyncError ? error : usageOrInternal(error);
  log.error(known);
  if (says(argv, '--output', 'json') || says(argv, '-o', 'json')) {
    const { failedReport } = await import('./failed-report.ts');
    const { renderJson } = await import('../report/json.ts');
    terminal.out(renderJson(failedReport(known, argv.includes('--dry-run') || argv.includes('-n'))));
  }
  return 1;
}

const says = (argv: readonly string[], flag: string, value: string): boolean =>
  argv.includes(`${flag}=${value}`) || argv.some((word, index) => word === flag && argv[index + 1] === value);

function usageOrInternal(error: unknown): SyncError {
  if (error instanceof CommanderError) {
    const [message = '', ...more] = error.message
      .replace(/^error: /, '')
      .trim()
      .split('\n');
    const suggestion = more
      .join(' ')
      .replace(/^\((.*)\)$/, '$1')
      .trim();
    const help = 'gh-permit-sync --help lists the commands, gh-permit-sync COMMAND --help its flags';
    return new SyncError('USAGE', message, suggestion === '' ? help : `${suggestion}\n${help}`);
  }
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new SyncError('INTERNAL', words, 'this is a bug: please report it with the command that led to it');
}
