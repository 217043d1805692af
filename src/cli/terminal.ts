import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Environment } from '../config/settings.ts';
import { concealer } from '../model/text/conceal.ts';

/** The program's output: data to `out`, everything else to `err`. Conceals secrets in both. */
export type Terminal = {
  readonly env: Environment;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Columns of a terminal on stdout; undefined in a pipe, where nothing is wrapped. */
  readonly width: number | undefined;
  /** The same for stderr. */
  readonly errWidth?: number | undefined;
  /** From now on, replaces each of these secrets and every fragment of them with asterisks. */
  readonly conceal: (secrets: readonly string[]) => void;
  /** The same for a secret that is replaced every hour. Only the newest of these are remembered. */
  readonly concealNewest: (forms: readonly string[]) => void;
  /** Conceals secrets in text that is written elsewhere. */
  readonly concealed: (text: string) => string;
  /** Closes stdout, unless it is a terminal, so that its reader need not wait for the end of the program. */
  readonly closeOut?: () => void;
  /** How many texts stderr could not take so far. */
  readonly errLost?: () => number;
  /** Whether stdout can no longer be written. That was already reported. */
  readonly outIsLost?: () => boolean;
};

/** Tokens and JWTs of a GitHub App: a few hours in many organizations. */
const MAX_RECENT_SECRETS = 100;

const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * Output errors never end the program or change its exit code.
 * @param onLost called once, with the system's error code, when stdout can't be written.
 * @param onBack called when stderr can be written again, with the number of texts that were lost.
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
    // A reader may stop early (`| head`) and does not miss the rest.
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
    // If nobody reads the pipe, unread text must not fill the memory of a receiver that runs for weeks.
    if (process.stderr.writableLength > MAX_UNREAD_BYTES) errEnded('ENOBUFS');
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
      if (newest.length > MAX_RECENT_SECRETS) newest.shift();
      conceal = undefined;
    },
    closeOut: () => process.stdout.write('', closeStdout),
    errLost: () => errLost,
    outIsLost: () => isOutLost,
  };
}

/** Opens the null device in its place. Otherwise Node's later output could go to another file with its number. */
function closeStdout(): void {
  if (process.stdout.isTTY) return;
  closeSync(1);
  openSync(devNull, 'w');
}

/** @param ended called after each write, with the code of the system's error or undefined. */
function writerTo(
  stream: NodeJS.WriteStream,
  ended: (code: string | undefined) => void,
): (text: string) => void {
  const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
  // The callback of each write reports errors.
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
