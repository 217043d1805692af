import { Command, CommanderError } from 'commander';
import { SyncError } from '../model/errors.ts';
import { count } from '../model/text.ts';
import type { RunReport } from '../report/run-report.ts';
import { VERSION } from '../version.ts';
import { addApplyOptions } from './apply-options.ts';
import { addCheckOptions } from './check-options.ts';
import { addDemoOptions } from './demo-options.ts';
import { addDoctorOptions } from './doctor-options.ts';
import { addDrainOptions } from './drain-options.ts';
import { addExplainOptions } from './explain-options.ts';
import { addInitOptions } from './init-options.ts';
import { type Log, openLog } from './log.ts';
import { addMoreHelp } from './more-help.ts';
import { addPolicyOptions } from './policy-options.ts';
import { addQueueOptions } from './queue-options.ts';
import { addReceiveOptions } from './receive-options.ts';
import { addReconcileOptions } from './reconcile-options.ts';
import { addRedeliverOptions } from './redeliver-options.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** The program as a process: sets the exit code, and speaks for whatever crashes. */
export async function run(argv: readonly string[]): Promise<void> {
  const warn = (message: string): void => logFor(argv, terminal).info(`warning: ${message}`);
  const terminal: Terminal = processTerminal(
    (code) =>
      warn(`stdout can't be written (${code}): the report is lost in part; the exit code still holds`),
    (lost) => warn(`stderr could not be written for a while: ${count(lost, 'message')} lost`),
  );
  // Libraries have nothing to say here: ioredis for one warns on the console, between lines of JSON.
  for (const voice of ['log', 'info', 'warn', 'error', 'debug'] as const) console[voice] = () => undefined;
  // Node's own words on a crash show whatever the error holds, a request with its headers for instance.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.once(event, (error: unknown) => {
      void explain(error, buildProgram(terminal), argv, terminal).finally(() => process.exit(1));
    });
  }
  process.exitCode = await runProgram(argv, terminal);
  leaveUnreadLog();
}

/** How long a program that is through waits for the reader of its log. */
const UNREAD_LOG_MS = 5_000;

/** A pipe behind stderr that nobody reads must not keep the program from ending; the report on stdout may. */
function leaveUnreadLog(): void {
  if (process.stderr.writableLength === 0) return;
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
  }, UNREAD_LOG_MS).unref();
}

/** Parses the command line and runs one command; each is loaded only when it is asked for. @returns the exit code. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const program = buildProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, program, argv, terminal);
  }
}

function buildProgram(terminal: Terminal, end: (code: number) => void = () => undefined): Command {
  const program = new Command('gh-permit-sync')
    .description(
      'Keeps Permit.io users and role assignments equal to the members and roles of GitHub organizations.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    // Ours, since commander's own says nothing at all about a command that there is not.
    .helpCommand(false)
    .configureHelp({ subcommandTerm: termOf })
    .showSuggestionAfterError()
    .exitOverride()
    // Errors of usage are printed once, by `explain`, in the form of all others.
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined })
    .hook('preAction', requireWorkingFolder);
  addMoreHelp(program, {
    examples: [
      ['gh-permit-sync demo', 'see it work, no account'],
      ['gh-permit-sync reconcile --org acme --dry-run', 'show what would change'],
      ['gh-permit-sync reconcile --org acme', 'make it so'],
    ],
  });

  addReconcileOptions(program.command('reconcile')).action(async (options) => {
    const { reconcileCommand } = await import('./reconcile-command.ts');
    end(await reconcileCommand(options, terminal));
  });
  addApplyOptions(program.command('apply')).action(async (plan, options) => {
    const { applyCommand } = await import('./apply-command.ts');
    end(await applyCommand(plan, options, terminal));
  });
  addPolicyOptions(program.command('policy')).action(async (options) => {
    const { policyCommand } = await import('./policy-command.ts');
    end(await policyCommand(options, terminal));
  });
  addReceiveOptions(program.command('receive')).action(async (options) => {
    const { receiveCommand } = await import('./receive-command.ts');
    end(await receiveCommand(options, terminal));
  });
  addDrainOptions(program.command('drain')).action(async (options) => {
    const { drainCommand } = await import('./drain-command.ts');
    end(await drainCommand(options, terminal));
  });
  addQueueOptions(program.command('queue'), async (request, options) => {
    const { queueCommand } = await import('./queue-command.ts');
    end(await queueCommand(request, options, terminal));
  });
  addRedeliverOptions(program.command('redeliver')).action(async (options) => {
    const { redeliverCommand } = await import('./redeliver-command.ts');
    end(await redeliverCommand(options, terminal));
  });
  addExplainOptions(program.command('explain')).action(async (login, options) => {
    const { explainCommand } = await import('./explain-command.ts');
    end(await explainCommand(login, options, terminal));
  });
  addCheckOptions(program.command('check')).action(async (login, action, resource, options) => {
    const { checkCommand } = await import('./check-command.ts');
    end(await checkCommand({ ...options, login, action, resource }, terminal));
  });
  addDoctorOptions(program.command('doctor')).action(async (options) => {
    const { doctorCommand } = await import('./doctor-command.ts');
    end(await doctorCommand(options, terminal));
  });
  addInitOptions(program.command('init')).action(async (options) => {
    const { initCommand } = await import('./init-command.ts');
    end(await initCommand(options, terminal));
  });
  addDemoOptions(program.command('demo')).action(async (options) => {
    const { demoCommand } = await import('./demo-command.ts');
    end(await demoCommand(options, terminal));
  });
  program
    .command('help [command]')
    .summary('help of a command')
    .description('Show the help of a command.')
    .action(async (name: string | undefined) => {
      const known = program.commands.map((one) => one.name());
      const asked = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (asked !== undefined) return asked.outputHelp();
      const { unknownCommand } = await import('./usage-error.ts');
      throw unknownCommand(name ?? '', known);
    });
  return program;
}

/** `check <login> <action> <resource>`: that there are flags goes without saying. */
const termOf = (command: Command): string =>
  [
    command.name(),
    ...command.registeredArguments.map((one) => {
      const name = `${one.name()}${one.variadic ? '...' : ''}`;
      return one.required ? `<${name}>` : `[${name}]`;
    }),
  ].join(' ');

/** A shell can stand in a folder that was removed; every command looks for its config there. */
function requireWorkingFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    throw new SyncError('USAGE', 'the working directory is not there any more', 'change to one that exists', {
      cause: error,
    });
  }
}

/** @returns the exit code of what went wrong outside of a command's own report. */
async function explain(
  error: unknown,
  program: Command,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // Called without any command: commander has shown the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return 1;
  // The command may not have come so far as to name them.
  const { secretsOf } = await import('../config/secret.ts');
  terminal.conceal(secretsOf(terminal.env));
  const log = logFor(argv, terminal);
  const known = error instanceof SyncError ? error : await usageOrInternal(error, program, argv);
  log.error(known);
  if (says(argv, '--output', 'json') || says(argv, '-o', 'json')) {
    terminal.out(await errorDocument(known, program, argv));
  }
  return 1;
}

/** The log outside of any command, as far as the command line tells its form. */
const logFor = (argv: readonly string[], terminal: Terminal): Log =>
  openLog(terminal, {
    format: says(argv, '--log-format', 'json') ? 'json' : 'text',
    quiet: false,
    verbose: false,
    color: argv.includes('--no-color') ? false : argv.includes('--color') ? true : undefined,
  });

/** A run's own document for `reconcile` and `apply`, the short one for every other command. */
async function errorDocument(error: SyncError, program: Command, argv: readonly string[]): Promise<string> {
  const first = argv.find((word) => !word.startsWith('-'));
  // A word that is no command may be anything, and is not repeated.
  const command = program.commands.find((one) => one.name() === first)?.name() ?? '';
  if (!isRunCommand(command)) {
    const { renderErrorJson } = await import('../report/error-json.ts');
    return renderErrorJson(command, error);
  }
  const { failedReport } = await import('./failed-report.ts');
  const { renderJson } = await import('../report/json.ts');
  return renderJson(failedReport(error, argv.includes('--dry-run') || argv.includes('-n'), { command }));
}

const isRunCommand = (command: string): command is RunReport['command'] =>
  ['reconcile', 'apply', 'drain'].includes(command);

const says = (argv: readonly string[], flag: string, value: string): boolean =>
  argv.includes(`${flag}=${value}`) || argv.some((word, index) => word === flag && argv[index + 1] === value);

/** The command that the words of the command line lead to, through the commands of commands. */
function calledCommand(program: Command, argv: readonly string[]): Command | undefined {
  let called: Command | undefined;
  for (const word of argv.filter((one) => !one.startsWith('-'))) {
    const next: Command | undefined = (called ?? program).commands.find((one) => one.name() === word);
    if (next === undefined) break;
    called = next;
  }
  return called;
}

async function usageOrInternal(
  error: unknown,
  program: Command,
  argv: readonly string[],
): Promise<SyncError> {
  if (error instanceof CommanderError) {
    const { usageError } = await import('./usage-error.ts');
    return usageError(error, calledCommand(program, argv));
  }
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new SyncError('INTERNAL', words, 'this is a bug: please report it with the command that led to it');
}
