import type { ParseConfigFile } from '../config/parser.ts';
import type { Environment } from '../config/settings.ts';
import { type StopControl, type StopReason, startStop, stopError } from '../http/stop.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { Problem, Warning } from '../model/problem.ts';
import type { Page } from '../report/page.ts';
import { render } from '../report/render.ts';
import type { Cost, RunReport } from '../report/run-report.ts';
import type { ClientPorts } from '../run/clients.ts';
import type { CommonOptions, Flags, ValuesOf } from './flags.ts';
import { inGitHubActions, reportToJob } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { openProgress, type Progress } from './progress.ts';
import { countRequests, mayHaveWritten, type RequestCounter } from './request-counter.ts';
import type { Telemetry, TelemetryOptions } from './runs/telemetry.ts';
import { endOnSignals } from './signals.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** CONTRACT §10. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;

/** An error to show. */
export type ShownError = Problem<ErrorCode>;

export type CommandOutcome = {
  readonly exitCode: ExitCode;
  /** Shown on stderr before the report. */
  readonly errors?: readonly ShownError[];
  readonly page?: Page;
  /** The run behind the page, for `--metrics-file`. */
  readonly report?: RunReport;
};

/** What the runner has opened for a command. */
export type Context<Settings> = {
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly log: Log;
  readonly progress: Progress;
  readonly counter: RequestCounter;
  /** Ended by `--timeout` and by signals. */
  readonly control: StopControl;
  readonly ports: ClientPorts;
  /** Measurements of this run, up to now. */
  readonly facts: () => Cost;
  /** Warnings to report even though the command fails. */
  readonly noteOnFailure: (notes: () => readonly Warning[]) => void;
  /** Prints an outcome before the command ends: one round of many. */
  readonly print: (outcome: CommandOutcome) => void;
  /** Records one round of many for monitoring. The runner itself records the end. */
  readonly record: (outcome: CommandOutcome) => Promise<void>;
};

/** What is known about a command that ended with an error. */
export type FailureFacts = Cost & {
  readonly dryRun: boolean;
  readonly orgs: readonly string[];
  readonly notes: readonly Warning[];
};

type BaseSettings = {
  /** Time limit of the whole command. A command without one talks to no service, and handles no signals. */
  readonly timeoutMs?: number;
  readonly orgs?: readonly string[];
};

type SettingsInput<Options> = {
  readonly flags: Options;
  readonly env: Environment;
  readonly cwd: string;
  readonly parse: ParseConfigFile;
};

/** A command as its file declares it. Its heavy imports belong inside `settings` and `run`. */
type Definition<Settings extends BaseSettings, Args extends Flags, Own extends Flags> = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly args?: Args;
  readonly flags: Own;
  /** Paragraphs of the help. */
  readonly about?: readonly string[];
  /** Command lines, optionally with a short description. */
  readonly examples: readonly (string | readonly [command: string, shows: string])[];
  readonly exitCodes?: string;
  /** Refuses flags that contradict each other. @throws SyncError `USAGE` */
  readonly validate?: (options: ValuesOf<Args> & ValuesOf<Own>) => void;
  /** @throws SyncError */
  readonly settings: (input: SettingsInput<ValuesOf<Args> & ValuesOf<Own>>) => Settings | Promise<Settings>;
  /** Whether it runs until a signal ends it. `--timeout` then limits only its parts. */
  readonly staysUp?: (options: ValuesOf<Args> & ValuesOf<Own>) => boolean;
  /** Whether it talks only to emulators. Then no secret of the environment needs concealing in its output. */
  readonly isEmulated?: boolean;
  /** What the first signal waits for, if not for writes to Permit. */
  readonly finishing?: string;
  /** @throws SyncError; anything else is reported as INTERNAL. */
  readonly run: (
    context: Context<Settings>,
    options: ValuesOf<Args> & ValuesOf<Own>,
  ) => Promise<CommandOutcome>;
  /** The report of a run that ended with `error`; by default JSON only. */
  readonly failed?: (error: ShownError, facts: FailureFacts) => Page | Promise<Page>;
};

/** What the parser and the runner know about any command. */
export type Command = Pick<
  Definition<BaseSettings, Flags, Flags>,
  'name' | 'summary' | 'description' | 'args' | 'flags' | 'about' | 'examples' | 'exitCodes' | 'failed'
> & {
  readonly start: (options: Readonly<Record<string, unknown>>, session: Session) => Promise<ExitCode>;
};

/** A command with subcommands: `queue status`. */
export type CommandGroup = Pick<Command, 'name' | 'summary' | 'description' | 'about' | 'examples'> & {
  readonly commands: readonly Command[];
};

/** The process in which commands run. */
export type Session = {
  readonly terminal: Terminal;
  /** Name in JSON documents: the first word of the command line. */
  readonly reportName: string;
  /** Receives the running command's counter, so that a crash report knows whether anything was written. */
  readonly onCounter?: (counter: RequestCounter) => void;
  /** A second signal ended the command: nothing may keep the process alive. */
  readonly onAbandoned?: () => void;
  /** Signals no longer reach the command: what remains is its report. */
  readonly onSignalsReleased?: (wasSignalled: boolean) => void;
};

export function defineCommand<
  Settings extends BaseSettings,
  Own extends Flags,
  Args extends Flags = Record<never, never>,
>(definition: Definition<Settings, Args, Own>): Command {
  type Options = ValuesOf<Args> & ValuesOf<Own>;
  const { name, summary, description, args, flags, about, examples, exitCodes, failed } = definition;
  return {
    ...{ name, summary, description, flags, examples },
    ...(args && { args }),
    ...(about && { about }),
    ...(exitCodes && { exitCodes }),
    ...(failed && { failed }),
    start: (options, session) => runCommand(definition, options as Options, session),
  };
}

/**
 * The lifecycle of every command: settings, secrets, log, progress, stop by timeout and signals, errors, report.
 * @returns the exit code.
 */
async function runCommand<Settings extends BaseSettings, Args extends Flags, Own extends Flags>(
  definition: Definition<Settings, Args, Own>,
  options: ValuesOf<Args> & ValuesOf<Own>,
  session: Session,
): Promise<ExitCode> {
  const { terminal } = session;
  const shared = sharedOptions(options);
  const began = performance.now();
  const log = openLog(terminal, shared);
  const progress = await openProgress(terminal, log, shared.quiet);
  let formsOf = (secret: string): readonly string[] => [secret];
  const counter = countRequests(log, progress, (secret) => terminal.concealNewest(formsOf(secret)));
  session.onCounter?.(counter);
  const facts = (): Cost => ({
    requests: { ...counter.requests },
    durationMs: Math.round(performance.now() - began),
  });
  const print = (outcome: CommandOutcome): void => printOutcome(outcome, shared, terminal, log);
  let telemetry: Telemetry | undefined;
  const record = async (outcome: CommandOutcome): Promise<void> =>
    telemetry?.record(outcome, facts(), counter.gitHubRequestsLeft());
  let orgs: readonly string[] = [];
  let notes = (): readonly Warning[] => [];
  const noteOnFailure = (said: () => readonly Warning[]): void => {
    notes = said;
  };
  const work = async (): Promise<CommandOutcome> => {
    const secret = await import('../config/secret.ts');
    formsOf = secret.formsOf;
    if (!definition.isEmulated) terminal.conceal(secret.secretsOf(terminal.env));
    telemetry = await telemetryOf(session.reportName, options, terminal, log);
    definition.validate?.(options);
    const { withParser } = await import('../config/parser.ts');
    const settings = await definition.settings(
      await withParser({ flags: options, env: terminal.env, cwd: process.cwd() }),
    );
    orgs = settings.orgs ?? [];
    const staysUp = definition.staysUp?.(options) === true;
    const { timeoutMs } = settings;
    const control = startStop(staysUp ? Number.POSITIVE_INFINITY : (timeoutMs ?? Number.POSITIVE_INFINITY));
    const exitCode = (): 1 | 4 => exitCodeAfterError(counter);
    const release =
      staysUp || timeoutMs !== undefined
        ? endOnSignals(control, { log, counter, exitCode, finishing: definition.finishing })
        : () => undefined;
    const ports = { stop: control.stop, observer: counter, inActions: inGitHubActions(terminal.env) };
    try {
      const opened = { settings, terminal, log, progress, counter, control, ports };
      return await definition.run({ ...opened, facts, noteOnFailure, print, record }, options);
    } catch (error) {
      // A stop makes requests in flight fail. Report the stop, not those failures.
      const reason = control.stop.reason();
      throw reason ? stoppedBy(reason, definition.flags) : error;
    } finally {
      session.onSignalsReleased?.(control.stop.reason()?.kind === 'signal');
      release();
      control.dispose();
      if (control.stop.abandoned.aborted) session.onAbandoned?.();
    }
  };
  const outcome = await work().catch((error: unknown) =>
    failedOutcome(
      definition,
      session.reportName,
      error,
      { ...facts(), orgs, notes: notes(), dryRun: shared.dryRun },
      counter,
    ),
  );
  progress.done();
  print(outcome);
  // A process that keeps running has recorded each of its rounds.
  if (outcome.report !== undefined || outcome.exitCode !== 0) await record(outcome);
  return outcome.exitCode;
}

/** Loads what `--metrics-file` and `--ping` need only if one of them is given. */
async function telemetryOf(
  command: string,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
  log: Log,
): Promise<Telemetry | undefined> {
  const { metricsFile, ping } = options as TelemetryOptions;
  if (metricsFile === undefined && ping === undefined) return undefined;
  const { openTelemetry } = await import('./runs/telemetry.ts');
  return openTelemetry(command, options as TelemetryOptions, terminal, log);
}

/** `--user` narrows only the commands that have it. */
function stoppedBy(reason: StopReason, flags: Flags): SyncError {
  const error = stopError(reason);
  if (reason.kind === 'signal' || 'user' in flags) return error;
  return new SyncError(error.code, error.message, 'give it more time with --timeout');
}

async function failedOutcome(
  { failed }: Pick<Command, 'failed'>,
  reportName: string,
  error: unknown,
  facts: FailureFacts,
  counter: RequestCounter,
): Promise<CommandOutcome> {
  const shown = errorToShow(error, mayHaveWritten(counter));
  const page = failed ? await failed(shown, facts) : await errorPageOf(reportName, shown);
  return { page, errors: [shown], exitCode: exitCodeAfterError(counter) };
}

/** The report of a command that prints only an error. */
export async function errorPageOf(reportName: string, error: ShownError): Promise<Page> {
  const { errorPage } = await import('../report/pages/run.ts');
  return errorPage(reportName, error);
}

/** CONTRACT §10: never 1 once something may have been written. */
export const exitCodeAfterError = (counter: Pick<RequestCounter, 'writes'>): 1 | 4 =>
  mayHaveWritten(counter) ? 4 : 1;

/** @param hasWritten makes the hint say how to continue the interrupted run. */
export function errorToShow(error: unknown, hasWritten: boolean): ShownError {
  if (error instanceof SyncError) return error;
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    hint: [
      'this is a bug: please report it with the command that led to it',
      ...(hasWritten ? ['some changes may have been written; the next run continues from there'] : []),
    ].join('\n'),
  };
}

/** The options that the runner itself reads; a command that lacks one gets its default. */
function sharedOptions(options: Readonly<Record<string, unknown>>) {
  const given = options as Partial<CommonOptions> & {
    readonly full?: boolean;
    readonly dryRun?: boolean;
    readonly out?: string;
  };
  const { output = 'text', color, quiet = false, verbose = false, logFormat: format = 'text' } = given;
  const { full = false, dryRun = false, out } = given;
  // Stdout gets the saved plan, and stderr the report.
  const planIsOutput = out === '-';
  return { output, color, quiet, verbose, format, full, dryRun, planIsOutput };
}

function printOutcome(
  { errors = [], page }: CommandOutcome,
  { output, color, verbose, full, quiet, planIsOutput }: ReturnType<typeof sharedOptions>,
  terminal: Terminal,
  log: Log,
): void {
  // If stdout and stderr share a screen, the report below already says what to do.
  const isSaid =
    output === 'text' && terminal.outIsTty && terminal.errIsTty && page && page.isSilent !== 'always';
  for (const error of errors) log.error(isSaid ? { ...error, hint: '' } : error);
  if (page === undefined) return;
  const text = render(page, {
    format: output,
    color: wantsColor(color, terminal.env, planIsOutput ? terminal.errIsTty : terminal.outIsTty),
    width: planIsOutput ? terminal.errWidth : terminal.width,
    full: full || verbose,
    quiet,
  });
  if (text !== '') (planIsOutput ? terminal.err : terminal.out)(text);
  if (inGitHubActions(terminal.env)) reportToJob(page, terminal, log);
}
