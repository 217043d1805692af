import type { Terminal } from './terminal.ts';

/** Shows on a terminal what a long run is at; nothing in a pipe, in CI, or when told to be quiet. */
export type Progress = { readonly show: (text: string) => void; readonly done: () => void };

const NONE: Progress = { show: () => undefined, done: () => undefined };

export async function openProgress(terminal: Terminal, quiet: boolean): Promise<Progress> {
  if (!terminal.errIsTty || terminal.env.CI || terminal.env.TERM === 'dumb' || quiet) return NONE;
  const { default: yoctoSpinner } = await import('yocto-spinner');
  // The program listens for signals itself, to print its report.
  const spinner = yoctoSpinner({ stream: process.stderr, handleSignals: false });
  return {
    show: (text) => {
      if (spinner.isSpinning) spinner.text = text;
      else spinner.start(text);
    },
    done: () => void (spinner.isSpinning && spinner.stop()),
  };
}
