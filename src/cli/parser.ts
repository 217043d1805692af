import { type AddHelpTextContext, Argument, Option, Command as Parser } from 'commander';
import { wrap } from '../report/columns.ts';
import { VERSION } from '../version.ts';
import type { Command, CommandGroup } from './command.ts';
import { COMMON_GROUP, type Flag } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** Called with the command that was asked for, and its options and arguments by name. */
type Start = (command: Command, options: Readonly<Record<string, unknown>>) => Promise<void>;

/**
 * The commander program for a list of commands. Usage errors are thrown, not printed.
 * @param argv the words of the command line. Only commands among them get their flags: there are hundreds in all.
 */
export function buildParser(
  commands: readonly (Command | CommandGroup)[],
  argv: readonly string[],
  terminal: Pick<Terminal, 'out' | 'err'>,
  start: Start,
): Parser {
  const program = new Parser('gh-permit-sync')
    .description('Keeps Permit.io in sync with your GitHub organizations.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    // Commander's own help command is silent about a command that does not exist.
    .helpCommand(false)
    .configureHelp({ subcommandTerm: termOf })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined });
  addMoreHelp(program, {
    examples: [
      ['gh-permit-sync demo', 'see it work, no account'],
      ['gh-permit-sync reconcile --org acme --dry-run', 'show what would change'],
      ['gh-permit-sync reconcile --org acme', 'apply it'],
    ],
  });
  for (const command of commands) addCommand(program, command, argv, start);
  addHelpCommand(program);
  return program;
}

/** `help check` is `check --help`. */
function addHelpCommand(program: Parser): void {
  program
    .command('help [command]')
    .summary('show the help of a command')
    .description('Show the help of a command.')
    .action(async (name: string | undefined) => {
      const asked = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (asked !== undefined) return asked.outputHelp();
      const { unknownCommand } = await import('./usage-error.ts');
      const known = program.commands.map((one) => one.name());
      throw unknownCommand(name ?? '', known);
    });
}

function addCommand(
  parent: Parser,
  command: Command | CommandGroup,
  argv: readonly string[],
  start: Start,
): void {
  const { name, summary, description } = command;
  const parser = addMoreHelp(parent.command(name).summary(summary).description(description), command);
  if ('commands' in command) {
    for (const one of command.commands) addCommand(parser, one, argv, start);
    return;
  }
  const args = Object.entries(command.args ?? {});
  for (const [, one] of args) parser.addArgument(argumentOf(one));
  if (!argv.includes(name)) return;
  for (const one of Object.values(command.flags)) parser.addOption(optionOf(one));
  const grouped = Object.values(command.flags).some(({ group }) => group === COMMON_GROUP);
  if (grouped) parser.addHelpOption(new Option('-h, --help', 'show help').helpGroup(COMMON_GROUP));
  parser.action((...parsed: readonly unknown[]) => {
    const positional = args.map(([key], index) => [key, parsed[index]] as const);
    return start(command, { ...parser.opts(), ...Object.fromEntries(positional) });
  });
}

function argumentOf({ syntax, description, choices }: Flag<unknown>): Argument {
  const made = new Argument(syntax, description);
  return choices ? made.choices(choices) : made;
}

function optionOf({ syntax, description, choices, parse, group, ...rest }: Flag<unknown>): Option {
  const made = new Option(syntax, description);
  if (rest.default !== undefined) made.default(rest.default);
  if (choices) made.choices(choices);
  if (parse) made.argParser(parse);
  return group === undefined ? made : made.helpGroup(group);
}

/** `check <login> <action> <resource>`: without "[options]", which every command has. */
const termOf = (command: Parser): string =>
  [
    command.name(),
    ...command.registeredArguments.map((one) => {
      const name = `${one.name()}${one.variadic ? '...' : ''}`;
      return one.required ? `<${name}>` : `[${name}]`;
    }),
  ].join(' ');

/** What the help of a command says below its flags. It is wrapped to the width of the terminal. */
type MoreHelp = Pick<Command, 'about' | 'examples' | 'exitCodes'>;

/** Commander's default, for a terminal of unknown width. */
const USUAL_WIDTH = 80;

const addMoreHelp = (command: Parser, more: MoreHelp): Parser =>
  command.addHelpText('after', (context: AddHelpTextContext) => {
    const { getOutHelpWidth } = context.command.configureOutput();
    return renderMoreHelp(more, getOutHelpWidth?.() ?? USUAL_WIDTH);
  });

/** @param width in columns. Only examples may be longer. */
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
