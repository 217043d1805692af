import type { Command, CommandGroup } from './command.ts';
import type { Flag } from './flags.ts';

const PROGRAM = 'gh-permit-sync';
const HELP: Flag<unknown> = { syntax: '-h, --help', description: 'show help' };

/** What can follow one command: the words below it and its flags. `path` is "queue status", or "" for the program. */
type CompletionPlace = {
  readonly path: string;
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag<unknown>[];
};

/** A script to be sourced by the shell. Completing does not run the program. */
export function completionScript(
  shell: 'bash' | 'zsh' | 'fish',
  commands: readonly (Command | CommandGroup)[],
): string {
  const places = placesOf(commands);
  switch (shell) {
    case 'bash':
      return bashScript(places);
    case 'zsh':
      return zshScript(places);
    case 'fish':
      return fishScript(places);
  }
}

function placesOf(commands: readonly (Command | CommandGroup)[]): readonly CompletionPlace[] {
  const version: Flag<unknown> = { syntax: '-V, --version', description: 'print the version' };
  const help = { name: 'help', summary: 'show the help of a command' };
  return [
    { path: '', words: [...commands, help], flags: [version, HELP] },
    { path: 'help', words: commands, flags: [HELP] },
    ...commands.flatMap((command) =>
      'commands' in command
        ? [
            { path: command.name, words: command.commands, flags: [HELP] },
            ...command.commands.map((one) => placeOf(`${command.name} ${one.name}`, one)),
          ]
        : [placeOf(command.name, command)],
    ),
  ];
}

function placeOf(path: string, { args = {}, flags }: Command): CompletionPlace {
  const words = Object.values(args)
    .flatMap(({ choices = [] }) => choices)
    .map((name) => ({ name, summary: '' }));
  return { path, words, flags: [...Object.values(flags), HELP] };
}

/** `-o` and `--output` of `-o, --output <format>`. */
const namesOf = ({ syntax }: Flag<unknown>): readonly string[] =>
  syntax.split(/[ ,]+/).filter((part) => part.startsWith('-'));

const longOf = (flag: Flag<unknown>): string => namesOf(flag).at(-1) ?? '';
const takesValue = ({ syntax }: Flag<unknown>): boolean => /<\w/.test(syntax);
const takesPath = ({ syntax }: Flag<unknown>): boolean => /<(?:file|folder)(?:\.\.\.)?>/.test(syntax);

/**
 * The lines of a `case` that complete the values of flags, each spelling of a flag once.
 * @param open begins a pattern.
 */
function valueCases(
  places: readonly CompletionPlace[],
  open: '' | '(',
  complete: { readonly path: string; readonly choices: (words: string) => string },
): string {
  const valued = places.flatMap(({ flags }) => flags).filter(takesValue);
  const commands = new Map(
    valued.flatMap((flag) => {
      const ofPath = takesPath(flag) ? `${complete.path}; ` : '';
      const command = flag.choices ? `${complete.choices(flag.choices.join(' '))}; ` : ofPath;
      return namesOf(flag).map((name) => [name, command] as const);
    }),
  );
  return [...commands].map(([name, command]) => `    ${open}${name}) ${command}return ;;`).join('\n');
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bashScript(places: readonly CompletionPlace[]): string {
  const cases = valueCases(places, '', {
    path: 'COMPREPLY=($(compgen -f -- "$cur"))',
    choices: (words) => `COMPREPLY=($(compgen -W ${quote(words)} -- "$cur"))`,
  });
  const words = places.map(({ path, words: below, flags }) => {
    const flagWords = flags.map(longOf).join(' ');
    return `    ${quote(path)}) words=${quote(below.map(({ name }) => name).join(' '))} flags=${quote(flagWords)} ;;`;
  });
  return `# bash completion for ${PROGRAM}
_gh_permit_sync() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place='' word words flags
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${place:+$place }$word" in
      ${pathPattern(places)}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$prev" in
${cases}
  esac
  case "$place" in
${words.join('\n')}
  esac
  [[ $cur == -* ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _gh_permit_sync ${PROGRAM}
`;
}

const pathPattern = (places: readonly CompletionPlace[]): string =>
  places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quote(path))
    .join('|');

function zshScript(places: readonly CompletionPlace[]): string {
  const cases = valueCases(places, '(', { path: '_files', choices: (words) => `compadd -- ${words}` });
  const item = (name: string, description: string): string =>
    quote(description === '' ? name : `${name}:${description.replaceAll(':', '\\:')}`);
  const words = places.map(({ path, words: below, flags }) => {
    const belowItems = below.map(({ name, summary }) => item(name, summary)).join(' ');
    const flagItems = flags.map((flag) => item(longOf(flag), flag.description)).join(' ');
    return `    (${quote(path)}) below=(${belowItems}) flags=(${flagItems}) ;;`;
  });
  return `#compdef ${PROGRAM}
compdef _gh_permit_sync ${PROGRAM}
_gh_permit_sync() {
  local place='' word
  local -a below flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
      (${pathPattern(places)}) place="\${place:+$place }$word" ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
${cases}
  esac
  case "$place" in
${words.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then _describe -o flag flags
  elif (( \${#below} )); then _describe command below
  else _files
  fi
}
# Sourced, it only registers; as a file of fpath it is called as well.
case "$funcstack[1]" in (_gh[_-]permit[_-]sync) _gh_permit_sync ;; esac
`;
}

function fishScript(places: readonly CompletionPlace[]): string {
  const lines = places.flatMap(({ path, words, flags }) => {
    const where = `-n ${quote(
      fishCondition(
        path,
        words.map(({ name }) => name),
      ),
    )}`;
    const deep = `-n ${quote(fishCondition(path, []))}`;
    return [
      ...words.map(({ name, summary }) => `${where} -f -a ${name} -d ${quote(summary)}`),
      ...flags.map((flag) => {
        const short = namesOf(flag).find((name) => !name.startsWith('--'));
        const values = flag.choices
          ? ` -x -a ${quote(flag.choices.join(' '))}`
          : takesPath(flag)
            ? ' -r -F'
            : ' -x';
        return [
          `${path === '' ? where : deep} -l ${longOf(flag).slice(2)}`,
          short === undefined ? '' : ` -s ${short.slice(1)}`,
          takesValue(flag) ? values : '',
          ` -d ${quote(flag.description)}`,
        ].join('');
      }),
    ];
  });
  return [
    `# fish completion for ${PROGRAM}`,
    ...lines.map((line) => `complete -c ${PROGRAM} ${line}`),
    '',
  ].join('\n');
}

/** @param below words that must not have been given yet. */
function fishCondition(path: string, below: readonly string[]): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(' ')}`];
  return [...seen, ...unseen].join('; and ');
}
