import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { Environment } from '../../src/config/settings.ts';
import { emptyFolder, type Ran } from './program.ts';

/**
 * Runs the whole program inside this process: as a child process does, but for signals, and at a fraction of its cost.
 * @param cwd the working directory meanwhile; concurrent calls run one after the other.
 */
export function runHere(args: readonly string[], env: Environment, cwd = emptyFolder()): Promise<Ran> {
  const mine = turn.then(() => runAt(args, env, cwd));
  turn = mine.catch(() => undefined);
  return mine;
}

let turn: Promise<unknown> = Promise.resolve();

async function runAt(args: readonly string[], env: Environment, cwd: string): Promise<Ran> {
  const { terminal, said } = recordingTerminal(env);
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await runProgram(args, terminal);
    return { code, ...said() };
  } finally {
    process.chdir(before);
  }
}

/** A terminal that keeps what is printed. */
export function recordingTerminal(env: Environment) {
  let stdout = '';
  let stderr = '';
  const secrets = new Set<string>();
  const concealed = (text: string): string =>
    [...secrets].reduce((left, secret) => left.replaceAll(secret, '***'), text);
  const terminal: Terminal = {
    env,
    out: (text) => {
      stdout += concealed(text);
    },
    err: (text) => {
      stderr += concealed(text);
    },
    outIsTty: false,
    errIsTty: false,
    width: undefined,
    concealed,
    concealNewest: (forms) => {
      for (const form of forms) secrets.add(form);
    },
    conceal: (more) => {
      for (const secret of more) secrets.add(secret);
    },
  };
  return { terminal, said: () => ({ stdout, stderr }) };
}
