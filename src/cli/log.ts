import type { SyncError } from '../model/errors.ts';
import { sanitizeLine } from '../model/text/text.ts';
import { wrap } from '../report/columns.ts';
import { jsonLine } from '../report/json.ts';
import { renderError } from '../report/text.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** Messages other than the report, on stderr: text for people, or one JSON document per line for machines. */
export type Log = {
  readonly error: (error: Pick<SyncError, 'code' | 'message' | 'hint'>) => void;
  readonly info: (message: string) => void;
  /** Printed with --quiet too: the user asked for it and is waiting. */
  readonly notice: (message: string) => void;
  /** Only with --verbose. */
  readonly debug: (message: string, facts?: Readonly<Record<string, string | number | undefined>>) => void;
};

type LogOptions = {
  readonly format: 'text' | 'json';
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean | undefined;
};

export function openLog(terminal: Terminal, { format, quiet, verbose, color }: LogOptions): Log {
  if (format === 'json') {
    const line = (level: string, fields: Record<string, unknown>): void =>
      terminal.err(`${jsonLine({ time: new Date().toISOString(), level, ...fields })}\n`);
    return {
      error: ({ code, message, hint }) => line('error', { code, message, hint }),
      info: (message) => (quiet ? undefined : line('info', { message })),
      notice: (message) => line('info', { message }),
      debug: (message, facts) => (verbose ? line('debug', { message, ...facts }) : undefined),
    };
  }
  const width = terminal.errWidth;
  const line = (message: string): void => terminal.err(`${wrap(sanitizeLine(message), width).join('\n')}\n`);
  const colored = wantsColor(color, terminal.env, terminal.errIsTty);
  return {
    error: (error) => terminal.err(renderError(error, { color: colored, width })),
    info: (message) => (quiet ? undefined : line(message)),
    notice: line,
    debug: (message) => (verbose ? line(message) : undefined),
  };
}
