import { Chalk } from 'chalk';
import type { Span } from './page.ts';

/** @param color the 16 colours that every terminal and CI log knows; without colour, text stays as it is. */
export function painter(color: boolean): (span: Span) => string {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const colors = {
    plain: chalk,
    faint: chalk.dim,
    good: chalk.green,
    caution: chalk.yellow,
    alarm: chalk.red,
    news: chalk.cyan,
  };
  return ({ text, tone = 'plain', strong }) => (strong ? colors[tone].bold(text) : colors[tone](text));
}
