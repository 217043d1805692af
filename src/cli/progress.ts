import type { Terminal } from './terminal.ts';

/** Shows on a terminal what a long run is at; nothing in a pipe, in CI, or when told to be quiet. */
export type Progress = {
  readonly show: (text: string) => void;
  /** Beside what is shown, for as long as requests wait for a limit. @returns called when the wait is over. */
  readonly waits: (limit: string, ms: number) => () => void;
  readonly done: () => void;
};

const NONE: Progress = { show: () => undefined, waits: () => () => undefined, done: () => undefined };

export async function openProgress(terminal: Terminal, quiet: boolean): Promise<Progress> {
  if (!terminal.errIsTty || terminal.env.CI || terminal.env.TERM === 'dumb' || quiet) return NONE;
  const { default: yoctoSpinner } = await import('yocto-spinner');
  // The program listens for signals itself, to print its report.
  return progressOn(yoctoSpinner({ stream: process.stderr, handleSignals: false }));
}

/** As much of a spinner as is needed. */
export type Spinner = {
  readonly isSpinning: boolean;
  text: string;
  readonly start: (text: string) => unknown;
  readonly stop: () => unknown;
};

/** A shorter wait is over before it is read. */
const SHORTEST_WAIT_MS = 1000;

export function progressOn(spinner: Spinner, now: () => number = () => performance.now()): Progress {
  let step = '';
  const waits = new Set<{ readonly limit: string; readonly until: number }>();
  let ticking: NodeJS.Timeout | undefined;
  const draw = (): void => {
    const [longest] = [...waits].sort((a, b) => b.until - a.until);
    const left = longest && Math.max(0, Math.ceil((longest.until - now()) / 1000));
    const text = longest ? `${step}; waiting for ${longest.limit}, ${left} s` : step;
    if (spinner.isSpinning) spinner.text = text;
    else spinner.start(text);
  };
  const rest = (): void => {
    clearInterval(ticking);
    ticking = undefined;
  };
  return {
    show: (text) => {
      step = text;
      draw();
    },
    waits: (limit, ms) => {
      if (ms < SHORTEST_WAIT_MS) return () => undefined;
      const wait = { limit, until: now() + ms };
      waits.add(wait);
      ticking ??= setInterval(draw, 1000).unref();
      draw();
      return () => {
        if (!waits.delete(wait)) return;
        if (waits.size === 0) rest();
        draw();
      };
    },
    done: () => {
      waits.clear();
      rest();
      if (spinner.isSpinning) spinner.stop();
    },
  };
}
