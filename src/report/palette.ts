import { Chalk } from 'chalk';
import type { Status } from './run-report.ts';
import type { Sign } from './words.ts';

export type Paint = (text: string) => string;

/** Which colour means what. Without colour, every paint gives its text back as it is. */
export type Palette = {
  readonly sign: { readonly [sign in Sign]: Paint };
  readonly status: { readonly [status in Status]: Paint };
  readonly plain: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly alarm: Paint;
  readonly caution: Paint;
};

/** @param color the 16 colours that every terminal and CI log knows; decided by whoever writes the output. */
export function palette(color: boolean): Palette {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return {
    sign: { '+': chalk.green, '~': chalk.yellow, '-': chalk.red },
    status: {
      'in-sync': chalk.green.bold,
      pending: chalk.cyan.bold,
      applied: chalk.green.bold,
      partial: chalk.yellow.bold,
      refused: chalk.red.bold,
      error: chalk.red.bold,
    },
    plain: (text) => text,
    strong: chalk.bold,
    faint: chalk.dim,
    alarm: chalk.red,
    caution: chalk.yellow,
  };
}
