import { CommanderError, type Command as Parser } from 'commander';
import { SyncError } from '../model/errors.ts';
import { count } from '../model/text/text.ts';
import {
  type Command,
  type CommandGroup,
  errorPageOf,
  errorToShow,
  exitCodeAfterError,
  type Session,
  type ShownError,
} from './command.ts';
import { apply } from './commands/apply.ts';
import { check } from './commands/check.ts';
import { completionOf } from './commands/completion.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { drain } from './commands/drain.ts';
import { explain } from './commands/explain.ts';
import { init } from './commands/init.ts';
import { policy } from './commands/policy.ts';
import { queue } from './commands/queue.ts';
import { receive } from './commands/receive.ts';
import { reconcile } from './commands/reconcile.ts';
import { redeliver } from './commands/redeliver.ts';
import { verify } from './commands/verify.ts';
import { type Log, openLog } from './log.ts';
import { buildParser } from './parser.ts';
import { mayHaveWritten, type RequestCounter } from './request-counter.ts';
import { onLateSignals } from './signals.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** In the order of the help. A new command is a file in `commands/`, and a line here. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  reconcile,
  apply,
  policy,
  receive,
  drain,
  queue,
  redeliver,
  explain,
  check,
  verify,
  doctor,
  init,
  demo,
  completionOf(() => COMMANDS),
];

/** The program as a process: sets the exit code, and reports crashes. */
export async function run(argv: readonly string[]): Promise<void> {
  const warn = (message: string): void => logFor(argv, terminal).info(`warning: ${message}`);
  const terminal: Terminal = processTerminal(
    (code) =>
      warn(`stdout can't be written (${code}): the report is incomplete; the exit code is still valid`),
    (lost) => warn(`stderr could not be written for a while: ${count(lost, 'message')} lost`),
  );
  // Silences libraries: ioredis, for one, warns on the console, between lines of JSON.
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) console[level] = () => undefined;
  let counter: RequestCounter | undefined;
  let isAbandoned = false;
  let isSignalled = false;
  let isFinished = false;
  const leaveSoon = (): void => void setTimeout(() => process.exit(), ABANDONED_MS).unref();
  // Node's own report of a crash shows everything in the error, for instance a request with its headers.
  let isCrashing = false;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      // A later failure must not end the process before the first crash is reported.
      if (isCrashing) return;
      isCrashing = true;
      const code = counter ? exitCodeAfterError(counter) : 1;
      const shown = errorToShow(error, counter !== undefined && mayHaveWritten(counter));
      void reportError(shown, argv, terminal).finally(() => process.exit(code));
    });
  }
  // Only the crash is reported, not what the run still prints before the process ends.
  const unlessCrashing = (print: Terminal['out']) => (text: string) => {
    if (!isCrashing) print(text);
  };
  const running = { ...terminal, out: unlessCrashing(terminal.out), err: unlessCrashing(terminal.err) };
  process.exitCode = await runProgram(argv, running, {
    onCounter: (opened) => {
      counter = opened;
    },
    onAbandoned: () => {
      isAbandoned = true;
    },
    onSignalsReleased: (wasSignalled) => {
      isSignalled = wasSignalled;
      onLateSignals(() => {
        isAbandoned = true;
        if (isFinished) leaveSoon();
      });
    },
  });
  isFinished = true;
  if (isAbandoned) leaveSoon();
  // A process that ends by itself stops listening some milliseconds before, when a second signal would still kill it.
  if (isSignalled && process.stderr.writableLength === 0) process.stdout.write('', () => process.exit());
  leaveUnreadLog();
}

/** How long stdout may still take after a second signal. */
const ABANDONED_MS = 300;

/** How long a finished program waits for the reader of its log. */
const UNREAD_LOG_MS = 5_000;

/**
 * A stderr pipe that nobody reads must not keep the program from exiting; a stdout pipe may, for the sake of the
 * report.
 */
function leaveUnreadLog(): void {
  if (process.stderr.writableLength === 0) return;
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
  }, UNREAD_LOG_MS).unref();
}

/** Parses the command line and runs one command. @returns the exit code. */
export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  callbacks: Pick<Session, 'onCounter' | 'onAbandoned' | 'onSignalsReleased'> = {},
): Promise<number> {
  let exitCode = 0;
  const parser = buildParser(COMMANDS, argv, terminal, async (command, options) => {
    requireWorkingFolder();
    exitCode = await command.start(options, { terminal, reportName: nameIn(argv), ...callbacks });
  });
  try {
    await parser.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // Called without a command: commander has shown the help.
    if (error instanceof CommanderError && error.code === 'commander.help') return 1;
    await reportError(await shownError(error, parser, argv), argv, terminal);
    return 1;
  }
}

/** Someone can remove the working directory of a shell; every command looks for its config there. */
function requireWorkingFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    throw new SyncError('USAGE', 'the working directory no longer exists', 'change to one that exists', {
      cause: error,
    });
  }
}

async function shownError(error: unknown, parser: Parser, argv: readonly string[]): Promise<ShownError> {
  if (!(error instanceof CommanderError)) return errorToShow(error, false);
  const { usageError } = await import('./usage-error.ts');
  return usageError(error, calledParser(parser, argv));
}

/** Reports what went wrong outside of a command, in the form that the command line asks for. */
async function reportError(error: ShownError, argv: readonly string[], terminal: Terminal): Promise<void> {
  const { secretsOf } = await import('../config/secret.ts');
  terminal.conceal(secretsOf(terminal.env));
  logFor(argv, terminal).error(error);
  if (!says(argv, '--output', 'json') && !says(argv, '-o', 'json')) return;
  const name = nameIn(argv);
  const command = COMMANDS.find((one) => one.name === name);
  const failed = command && 'failed' in command ? command.failed : undefined;
  const dryRun = argv.includes('--dry-run') || argv.includes('-n');
  const facts = { dryRun, orgs: [], notes: [], requests: { github: 0, permit: 0 }, durationMs: 0 };
  const { renderJson } = await import('../report/json.ts');
  terminal.out(renderJson(failed ? await failed(error, facts) : await errorPageOf(name, error)));
}

/** The log outside of any command, as far as the command line tells its format. */
const logFor = (argv: readonly string[], terminal: Terminal): Log =>
  openLog(terminal, {
    format: says(argv, '--log-format', 'json') ? 'json' : 'text',
    quiet: false,
    verbose: false,
    color: argv.includes('--no-color') ? false : argv.includes('--color') ? true : undefined,
  });

const says = (argv: readonly string[], flag: string, value: string): boolean =>
  argv.includes(`${flag}=${value}`) || argv.some((word, index) => word === flag && argv[index + 1] === value);

/** The name of the command. An unknown first word may be a secret, so it is not repeated. */
function nameIn(argv: readonly string[]): string {
  const first = argv.find((word) => !word.startsWith('-'));
  return COMMANDS.find(({ name }) => name === first)?.name ?? '';
}

/** The command that the words of the command line name, through groups of commands. */
function calledParser(program: Parser, argv: readonly string[]): Parser | undefined {
  let called: Parser | undefined;
  for (const word of argv.filter((one) => !one.startsWith('-'))) {
    const next: Parser | undefined = (called ?? program).commands.find((one) => one.name() === word);
    if (next === undefined) break;
    called = next;
  }
  return called;
}
