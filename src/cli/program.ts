import { Command, CommanderError } from 'commander';
import { SyncError } from '../model/errors.ts';
import { VERSION } from '../version.ts';
import { addApplyOptions } from './apply-options.ts';
import { addCheckOptions } from './check-options.ts';
import { addDoctorOptions } from './doctor-options.ts';
import { addExplainOptions } from './explain-options.ts';
import { addInitOptions } from './init-options.ts';
import { openLog } from './log.ts';
import { addPolicyOptions } from './policy-options.ts';
import { addReconcileOptions } from './reconcile-options.ts';
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

  addReconcileOptions(program.command('reconcile')).action(async (options) => {
    const { reconcileCommand } = await import('./reconcile-command.ts');
    process.exitCode = await reconcileCommand(options, terminal);
  });
  addApplyOptions(program.command('apply')).action(async (plan, options) => {
    const { applyCommand } = await import('./apply-command.ts');
    process.exitCode = await applyCommand(plan, options, terminal);
  });
  addPolicyOptions(program.command('policy')).action(async (options) => {
    const { policyCommand } = await import('./policy-command.ts');
    process.exitCode = await policyCommand(options, terminal);
  });
  addExplainOptions(program.command('explain')).action(async (login, options) => {
    const { explainCommand } = await import('./explain-command.ts');
    process.exitCode = await explainCommand(login, options, terminal);
  });
  addCheckOptions(program.command('check')).action(async (login, action, resource, options) => {
    const { checkCommand } = await import('./check-command.ts');
    process.exitCode = await checkCommand({ ...options, login, action, resource }, terminal);
  });
  addDoctorOptions(program.command('doctor')).action(async (options) => {
    const { doctorCommand } = await import('./doctor-command.ts');
    process.exitCode = await doctorCommand(options, terminal);
  });
  addInitOptions(program.command('init')).action(async (options) => {
    const { initCommand } = await import('./init-command.ts');
    process.exitCode = await initCommand(options, terminal);
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
    terminal.out(await errorDocument(known, argv));
  }
  return 1;
}

/** A run's own document for `reconcile` and `apply`, the short one for every other command. */
async function errorDocument(error: SyncError, argv: readonly string[]): Promise<string> {
  const command = argv.find((word) => !word.startsWith('-')) ?? '';
  if (command !== 'reconcile' && command !== 'apply') {
    const { renderErrorJson } = await import('../report/error-json.ts');
    return renderErrorJson(command, error);
  }
  const { failedReport } = await import('./failed-report.ts');
  const { renderJson } = await import('../report/json.ts');
  return renderJson(failedReport(error, argv.includes('--dry-run') || argv.includes('-n'), { command }));
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
