import type { AddHelpTextContext, Command } from 'commander';
import { wrap } from '../report/columns.ts';

/** What the help of a command says below its flags. Nothing in it is broken by hand: it is wrapped to the terminal. */
type MoreHelp = {
  /** Paragraphs. */
  readonly about?: readonly string[];
  /** Commands, without the prompt; each is a line, or one with what it shows beside it. */
  readonly examples: readonly (string | readonly [command: string, shows: string])[];
  readonly exitCodes?: string;
};

/** Where the width of the terminal is not known, as commander has it. */
const USUAL_WIDTH = 80;

export const addMoreHelp = (command: Command, more: MoreHelp): Command =>
  command.addHelpText('after', (context: AddHelpTextContext) => {
    const { getOutHelpWidth } = context.command.configureOutput();
    return renderMoreHelp(more, getOutHelpWidth?.() ?? USUAL_WIDTH);
  });

/** @param width in columns; no line but an example is longer. */
export function renderMoreHelp({ about = [], examples, exitCodes }: MoreHelp, width: number): string {
  const shown = examples.map((one) => (typeof one === 'string' ? ([one, ''] as const) : one));
  const column = Math.max(...shown.map(([command, shows]) => (shows === '' ? 0 : command.length)));
  const beside = shown.map(([command, shows]) => `  $ ${command.padEnd(column)}  ${shows}`.trimEnd());
  const fits = beside.every((line) => line.length <= width);
  const below = shown.flatMap(([command, shows]) => [...(shows ? [`  # ${shows}`] : []), `  $ ${command}`]);
  const lines = fits ? beside : below;
  return [
    ...about.map((paragraph) => wrap(paragraph, width).join('\n')),
    [examples.length === 1 ? 'Example:' : 'Examples:', ...lines].join('\n'),
    ...(exitCodes === undefined ? [] : [wrap(`Exit codes: ${exitCodes}`, width).join('\n')]),
  ]
    .map((part) => `\n${part}`)
    .join('\n');
}
