import { quantity } from '../model/text/text.ts';
import { duration } from '../report/words.ts';
import type { Log } from './log.ts';
import type { Terminal } from './terminal.ts';

/** Shows the progress of a long run: continuously on a terminal, elsewhere with a line every 15 seconds. */
export type Progress = {
  /** Begins a step. @param total the number of changes, if the step is measured in changes. */
  readonly show: (text: string, total?: number) => void;
  /** Records completed changes of the step. */
  readonly did: (changes: number) => void;
  /** Records an answered request of the step. */
  readonly answered: () => void;
  /**
   * Shows a wait beside the step.
   * @param ms the longest wait. @returns a function, called when the wait is over.
   */
  readonly waits: (limit: string, ms: number) => () => void;
  readonly done: () => void;
};

const NONE: Progress = {
  show: () => undefined,
  did: () => undefined,
  answered: () => undefined,
  waits: () => () => undefined,
  done: () => undefined,
};

export async function openProgress(
  terminal: Terminal,
  log: Pick<Log, 'info'>,
  quiet: boolean,
): Promise<Progress> {
  if (quiet) return NONE;
  if (!terminal.errIsTty || terminal.env.CI || terminal.env.TERM === 'dumb') {
    return progressOn(linesOn(log.info));
  }
  const { default: yoctoSpinner } = await import('yocto-spinner');
  // The program listens for signals itself, to print its report.
  return progressOn(onSpinner(yoctoSpinner({ stream: process.stderr, handleSignals: false })));
}

/** Where progress is shown. */
type Display = {
  /** How often the progress of the step is shown. */
  readonly everyMs: number;
  /** Shorter waits are not shown. */
  readonly shortestWaitMs: number;
  readonly draw: (text: string, why: 'begun' | 'waits' | 'over' | 'tick') => void;
  readonly clear: () => void;
};

/** The parts of a spinner that are used. */
export type Spinner = {
  readonly isSpinning: boolean;
  text: string;
  readonly start: (text: string) => unknown;
  readonly stop: () => unknown;
};

export const onSpinner = (spinner: Spinner): Display => ({
  everyMs: 500,
  shortestWaitMs: 1000,
  draw: (text) => {
    if (!spinner.isSpinning) spinner.start(text);
    else if (spinner.text !== text) spinner.text = text;
  },
  clear: () => {
    if (spinner.isSpinning) spinner.stop();
  },
});

/** Quick steps leave no line. */
export const linesOn = (print: (line: string) => void): Display => ({
  everyMs: 15_000,
  shortestWaitMs: 5000,
  draw: (text, why) => {
    if (why === 'tick' || why === 'waits') print(text);
  },
  clear: () => undefined,
});

/** The remaining time is shown once the pace is known. */
const PACE_SHOWS_MS = 5000;

type ProgressStep = {
  readonly text: string;
  readonly total: number | undefined;
  readonly began: number;
  changes: number;
  requests: number;
};

export function progressOn(display: Display, now: () => number = () => performance.now()): Progress {
  let step: ProgressStep | undefined;
  const waits = new Set<{ readonly limit: string; readonly until: number }>();
  /** When each wait was last shown: many requests wait for one limit, one after the other. */
  const told = new Map<string, number>();
  let ticking: NodeJS.Timeout | undefined;
  const draw = (why: Parameters<Display['draw']>[1]): void => {
    const [longest] = [...waits].sort((a, b) => b.until - a.until);
    const left = longest && Math.max(0, Math.ceil((longest.until - now()) / 1000));
    const parts = [
      ...(step ? [describeStep(step, now(), longest?.until)] : []),
      ...(longest ? [`waiting for ${longest.limit}, ${left} s`] : []),
    ];
    if (parts.length > 0) display.draw(parts.join('; '), why);
    ticking ??= setInterval(() => draw('tick'), display.everyMs).unref();
  };
  const rest = (): void => {
    clearInterval(ticking);
    ticking = undefined;
  };
  return {
    show: (text, total) => {
      step = { text, total, began: now(), changes: 0, requests: 0 };
      draw('begun');
    },
    did: (changes) => {
      if (step) step.changes += changes;
    },
    answered: () => {
      if (step) step.requests += 1;
    },
    waits: (limit, ms) => {
      if (ms < display.shortestWaitMs) return () => undefined;
      const wait = { limit, until: now() + ms };
      waits.add(wait);
      const last = told.get(limit);
      const isNews = last === undefined || now() - last >= display.everyMs;
      if (isNews) told.set(limit, now());
      draw(isNews ? 'waits' : 'over');
      return () => {
        if (!waits.delete(wait)) return;
        draw('over');
      };
    },
    done: () => {
      step = undefined;
      waits.clear();
      rest();
      display.clear();
    },
  };
}

/** "Applying the plan: 1,200 of 4,000 changes, about 2 min 5 s left"; never less than what the step waits for. */
function describeStep(
  { text, total, began, changes, requests }: ProgressStep,
  now: number,
  waitsUntil = now,
): string {
  if (total === undefined) return requests === 0 ? text : `${text}: ${quantity(requests)} requests answered`;
  const passedMs = now - began;
  const leftMs = Math.max((passedMs * (total - changes)) / changes, waitsUntil - now);
  const left =
    changes > 0 && changes < total && passedMs >= PACE_SHOWS_MS ? `, about ${duration(leftMs)} left` : '';
  return `${text}: ${quantity(changes)} of ${quantity(total)} changes${left}`;
}
