import type { Command, CommanderError } from 'commander';
import { organizationProblem } from '../config/organization.ts';
import { suggestion } from '../config/problem.ts';
import { looksSecret, secretProblem, variableInsteadOf } from '../config/secret.ts';
import { SyncError } from '../model/errors.ts';

const HELP = 'gh-permit-sync --help lists the commands, gh-permit-sync COMMAND --help its flags';

/** Commands of other tools, and their names here. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['sync', 'reconcile'],
  ['run', 'reconcile'],
  ['start', 'reconcile'],
  ['update', 'reconcile'],
  ['diff', 'reconcile --dry-run'],
  ['plan', 'reconcile --dry-run'],
  ['preview', 'reconcile --dry-run'],
  ['status', 'reconcile --dry-run" for pending changes, "queue status" for the queue, or "doctor'],
  ['version', '--version'],
  ['validate', 'doctor'],
  ['setup', 'init'],
  ['serve', 'receive'],
  ['listen', 'receive'],
  ['why', 'explain'],
]);

/**
 * Turns an error of commander into ours. Repeats nothing that may be a secret: a secret in a flag is in the shell's
 * history already, but not yet in a log.
 * @param command the command that was called, if any.
 */
export function usageError({ code, message }: CommanderError, command: Command | undefined): SyncError {
  const [first = '', ...more] = message
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  if (code === 'commander.excessArguments' && command !== undefined) return tooManyArguments(command);
  const [, flag] = /^unknown option '(-[^'=]*)/.exec(first) ?? [];
  if (code === 'commander.unknownOption' && flag !== undefined) return unknownFlag(flag, more.join(' '));
  const [, word] = /^unknown command '([^']*)'/.exec(first) ?? [];
  if (code === 'commander.unknownCommand' && word !== undefined && command === undefined) {
    return unknownCommand(word, [], more.join(' '));
  }
  const about = looksSecret(first) ? 'an argument contains what looks like a secret' : first;
  return new SyncError('USAGE', about, hintOf(withoutBrackets(more.join(' '))));
}

/**
 * `gh-permit-sync sync`, `help nosuch`.
 * @param known the commands to suggest from. @param suggested what the parser itself suggests.
 */
export function unknownCommand(name: string, known: readonly string[], suggested = ''): SyncError {
  const meant = OTHER_WORDS.get(name.toLowerCase());
  const near = known.length === 0 ? withoutBrackets(suggested) : suggestion(name, known);
  const next = meant === undefined ? near : `did you mean "${meant}"?`;
  return new SyncError('USAGE', `unknown command '${looksSecret(name) ? '***' : name}'`, hintOf(next));
}

const hintOf = (next: string): string => [next, HELP].filter(Boolean).join('\n');

/** The parser puts its suggestions in brackets. */
const withoutBrackets = (text: string): string => text.replace(/^\((.*)\)$/, '$1').trim();

function unknownFlag(flag: string, suggested: string): SyncError {
  const variable = variableInsteadOf([flag]);
  const hint =
    variable === undefined
      ? hintOf(withoutBrackets(suggested))
      : `secrets and credentials come from the environment only: set ${variable}`;
  return new SyncError('USAGE', `unknown option '${flag}'`, hint);
}

/** Usually an organization without its flag. */
function tooManyArguments(command: Command): SyncError {
  const taken = command.registeredArguments.length;
  const [extra = ''] = command.args.slice(taken);
  const takes =
    taken === 0 ? 'takes flags only' : `takes ${taken === 1 ? 'one argument' : `${taken} arguments`}`;
  const secret = secretProblem(extra);
  const shown = secret === undefined ? `"${extra}"` : 'what looks like a secret';
  const what = `${command.name()} ${takes}, but got ${shown} too`;
  return new SyncError('USAGE', what, secret?.hint ?? meaningOf(extra, command));
}

function meaningOf(extra: string, command: Command): string {
  const takesOrgs =
    command.registeredArguments.length === 0 && command.options.some(({ long }) => long === '--org');
  return takesOrgs && organizationProblem(extra) === undefined
    ? `did you mean --org ${extra}?`
    : `gh-permit-sync ${command.name()} --help shows what it takes`;
}
