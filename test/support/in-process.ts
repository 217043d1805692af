import { Command } from 'commander';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { Environment } from '../../src/config/settings.ts';
import type { Ran } from './program.ts';

/**
 * Runs one command inside this process, as the program would after having found it by its name.
 * @param declare puts arguments and flags on the command. @param act gets what was parsed, positional arguments first.
 */
export async function runInProcess(
  declare: (command: Command) => Command,
  act: (parsed: readonly unknown[], terminal: Terminal) => Promise<number>,
  args: readonly string[],
  env: Environment,
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  let code: number | null = null;
  const secrets = new Set<string>();
  const conceal = (text: string): string =>
    [...secrets].reduce((left, secret) => left.replaceAll(secret, '***'), text);
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
    concealed: conceal,
    conceal: (more) => {
      for (const secret of more) secrets.add(secret);
    },
  };
  const command = declare(new Command('test'))
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  command.action(async (...parsed: unknown[]) => {
    code = await act(parsed, terminal);
  });
  await command.parseAsync([...args], { from: 'user' });
  return { code, stdout, stderr };
}
