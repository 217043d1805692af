import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { Environment } from '../../src/config/settings.ts';
import { concealer } from '../../src/model/text/conceal.ts';
import { emptyFolder, type Ran, type RunOptions } from './program.ts';

/**
 * Runs the whole program inside this process, at a fraction of the cost of a child process. The working directory
 * belongs to the process, so runs that are started together run one after the other.
 */
export function runInThisProcess(
  args: readonly string[],
  { env = {}, cwd = emptyFolder(), started }: RunOptions = {},
): Promise<Ran> {
  const ran = lastRun.then(() => {
    started?.(signalRun);
    return runAt(args, env, cwd);
  });
  lastRun = ran.catch(() => undefined);
  return ran;
}

let lastRun: Promise<unknown> = Promise.resolve();

/** Calls the handlers of the run under way, as the signal would. */
function signalRun(signal: NodeJS.Signals): void {
  if (signal === 'SIGKILL') throw new Error('SIGKILL ends a process: start the program in a child process');
  if (!process.emit(signal, signal)) throw new Error(`no run handles ${signal}`);
}

async function runAt(args: readonly string[], env: Environment, cwd: string): Promise<Ran> {
  const { terminal, printed } = recordingTerminal(env);
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await runProgram(args, terminal);
    return { code, ...printed() };
  } finally {
    process.chdir(before);
  }
}

/** Keeps what is printed, and conceals secrets as the real terminal does. */
export function recordingTerminal(env: Environment) {
  let stdout = '';
  let stderr = '';
  const secrets = new Set<string>();
  let conceal = concealer(secrets);
  const terminal: Terminal = {
    env,
    out: (text) => {
      stdout += conceal(text);
    },
    err: (text) => {
      stderr += conceal(text);
    },
    outIsTty: false,
    errIsTty: false,
    width: undefined,
    concealed: (text) => conceal(text),
    concealNewest: (forms) => {
      for (const form of forms) secrets.add(form);
      conceal = concealer(secrets);
    },
    conceal: (more) => {
      for (const secret of more) secrets.add(secret);
      conceal = concealer(secrets);
    },
  };
  return { terminal, printed: () => ({ stdout, stderr }) };
}
