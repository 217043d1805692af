import type { Environment } from '../config/settings.ts';
import { concealer } from '../model/conceal.ts';

/** Where the program speaks: data to `out`, everything else to `err`. No secret passes through either. */
export type Terminal = {
  readonly env: Environment;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Columns of a terminal on stdout; undefined in a pipe, where nothing is wrapped. */
  readonly width: number | undefined;
  /** The same of stderr. */
  readonly errWidth?: number | undefined;
  /** From here on each of these, and every fragment of it, is replaced by asterisks wherever it would be printed. */
  readonly conceal: (secrets: readonly string[]) => void;
  /** The same for what is written elsewhere than to stdout and stderr. */
  readonly concealed: (text: string) => string;
};

export function processTerminal(): Terminal {
  const secrets = new Set<string>();
  let conceal: ((text: string) => string) | undefined;
  const concealed = (text: string): string => {
    conceal ??= concealer(secrets);
    return conceal(text);
  };
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever reads may stop reading (`| head`): what is still to be printed is then nobody's loss.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    env: process.env,
    out: (text) => void process.stdout.write(concealed(text)),
    err: (text) => void process.stderr.write(concealed(text)),
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
    errWidth: process.stderr.isTTY ? process.stderr.columns : undefined,
    concealed,
    conceal: (more) => {
      for (const secret of more) secrets.add(secret);
      conceal = undefined;
    },
  };
}

/** `--color` and `--no-color` beat the environment: NO_COLOR (no-color.org), FORCE_COLOR, a dumb terminal. */
export function wantsColor(flag: boolean | undefined, env: Environment, isTty: boolean): boolean {
  if (flag !== undefined) return flag;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isTty && env.TERM !== 'dumb';
}
