import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Environment } from '../config/settings.ts';
import { concealer } from '../model/text/conceal.ts';

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
  /** The same for the forms of a secret that is replaced every hour: only the newest secrets are remembered. */
  readonly concealNewest: (forms: readonly string[]) => void;
  /** The same for what is written elsewhere than to stdout and stderr. */
  readonly concealed: (text: string) => string;
  /** Closes stdout, unless it is a terminal: whoever reads it goes on, while the program does. */
  readonly closeOut?: () => void;
  /** How many texts stderr could not take so far. */
  readonly errLost?: () => number;
  /** Whether stdout can't be written any more, which has been reported. */
  readonly outIsLost?: () => boolean;
};

/** Tokens and JWTs of an App: those of a few hours in many organizations. */
const MOST_NEWEST = 100;

const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * No error of an output ends the program or changes its exit code: the work goes on without it.
 * @param onLost told once, with the system's error code, when stdout can't be written, so that stderr may say so.
 * @param onBack told of stderr when it can be written again, and how much was lost meanwhile.
 */
export function processTerminal(
  onLost: (code: string) => void = () => undefined,
  onBack: (lostTexts: number) => void = () => undefined,
): Terminal {
  const secrets = new Set<string>();
  const newest: (readonly string[])[] = [];
  let conceal: ((text: string) => string) | undefined;
  const concealed = (text: string): string => {
    conceal ??= concealer([...secrets, ...newest.flat()]);
    return conceal(text);
  };
  let isOutLost = false;
  const out = writerTo(process.stdout, (code) => {
    // Whoever reads may stop reading (`| head`): what is still to be printed is then nobody's loss.
    if (code === undefined || code === 'EPIPE' || isOutLost) return;
    isOutLost = true;
    onLost(code);
  });
  let errLost = 0;
  let untold = 0;
  const errEnded = (code: string | undefined): void => {
    if (code !== undefined) {
      errLost += 1;
      untold += 1;
    } else if (untold > 0) {
      const lost = untold;
      untold = 0;
      onBack(lost);
    }
  };
  const writeErr = writerTo(process.stderr, errEnded);
  const err = (text: string): void => {
    // Nobody reads the pipe: what waits for them must not fill the memory of a receiver that runs for weeks.
    if (process.stderr.writableLength > MOST_UNREAD_BYTES) errEnded('ENOBUFS');
    else writeErr(text);
  };
  return {
    env: process.env,
    out: (text) => out(concealed(text)),
    err: (text) => err(concealed(text)),
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
    errWidth: process.stderr.isTTY ? process.stderr.columns : undefined,
    concealed,
    conceal: (more) => {
      for (const secret of more) secrets.add(secret);
      conceal = undefined;
    },
    concealNewest: (forms) => {
      newest.push(forms);
      if (newest.length > MOST_NEWEST) newest.shift();
      conceal = undefined;
    },
    closeOut: () => process.stdout.write('', closeStdout),
    errLost: () => errLost,
    outIsLost: () => isOutLost,
  };
}

/** Puts the null device in its place: another file or socket under its number would get what Node still writes. */
function closeStdout(): void {
  if (process.stdout.isTTY) return;
  closeSync(1);
  openSync(devNull, 'w');
}

/** @param ended told how each write ended: the code of the system's error, or undefined. */
function writerTo(
  stream: NodeJS.WriteStream,
  ended: (code: string | undefined) => void,
): (text: string) => void {
  const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
  // The callback of each write has told it already.
  stream.on('error', () => undefined);
  return (text) => {
    try {
      stream.write(text, (error) => ended(error ? codeOf(error) : undefined));
    } catch (error) {
      ended(codeOf(error));
    }
  };
}

/** `--color` and `--no-color` beat the environment: NO_COLOR (no-color.org), FORCE_COLOR, a dumb terminal. */
export function wantsColor(flag: boolean | undefined, env: Environment, isTty: boolean): boolean {
  if (flag !== undefined) return flag;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isTty && env.TERM !== 'dumb';
}
