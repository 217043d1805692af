import { Chalk } from 'chalk';
import { runDemo } from '../demo/run-demo.ts';
import { wrap } from '../report/columns.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** @returns 0 when Permit equals GitHub at the end, 1 otherwise. */
export function demoCommand(options: { readonly color?: boolean }, terminal: Terminal): Promise<number> {
  const color = wantsColor(options.color, terminal.env, terminal.outIsTty);
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return runDemo({
    say: terminal.out,
    wrap: (text) => wrap(text, terminal.width).join('\n'),
    strong: chalk.bold,
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    env: terminal.env,
    color,
  });
}
