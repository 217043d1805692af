import type { Command, CommanderError } from 'commander';
import { organizationFlaw } from '../config/organization.ts';
import { looksSecret, secretFlaw, variableInsteadOf } from '../config/secret.ts';
import { suggestion } from '../config/suggest.ts';
import { SyncError } from '../model/errors.ts';

const HELP = 'gh-permit-sync --help lists the commands, gh-permit-sync COMMAND --help its flags';

/**
 * What the parser of the command line had to object to, in the form of all errors. Nothing that may be a secret is
 * repeated: somebody who gives one in a flag has already shown it to the shell's history, and not yet to a log.
 * @param command the one that was called; undefined where none was.
 */
export function usageError({ code, message }: CommanderError, command: Command | undefined): SyncError {
  const [said = '', ...more] = message
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  if (code === 'commander.excessArguments' && command !== undefined) return tooMany(command);
  const [, flag] = /^unknown option '(-[^'=]*)/.exec(said) ?? [];
  if (code === 'commander.unknownOption' && flag !== undefined) return unknownFlag(flag, more.join(' '));
  const about = looksSecret(said) ? 'an argument holds what looks like a secret' : said;
  return new SyncError('USAGE', about, [unwrapped(more.join(' ')), HELP].filter(Boolean).join('\n'));
}

/** `help nosuch`. */
export const unknownCommand = (name: string, known: readonly string[]): SyncError =>
  new SyncError(
    'USAGE',
    `unknown command '${looksSecret(name) ? '***' : name}'`,
    `${suggestion(name, known)}\n${HELP}`,
  );

/** The parser writes its own suggestions in brackets. */
const unwrapped = (text: string): string => text.replace(/^\((.*)\)$/, '$1').trim();

function unknownFlag(flag: string, suggested: string): SyncError {
  const variable = variableInsteadOf([flag]);
  const hint =
    variable === undefined
      ? [unwrapped(suggested), HELP]
      : [`secrets and credentials come from the environment only: set ${variable}`];
  return new SyncError('USAGE', `unknown option '${flag}'`, hint.filter(Boolean).join('\n'));
}

/** More words than the command takes: most often an organization without its flag. */
function tooMany(command: Command): SyncError {
  const taken = command.registeredArguments.length;
  const [extra = ''] = command.args.slice(taken);
  const takes =
    taken === 0 ? 'takes flags only' : `takes ${taken === 1 ? 'one argument' : `${taken} arguments`}`;
  const secret = secretFlaw(extra);
  const shown = secret === undefined ? `"${extra}"` : 'what looks like a secret';
  const what = `${command.name()} ${takes}, and was given ${shown} besides`;
  return new SyncError('USAGE', what, secret?.mend ?? meantBy(extra, command));
}

function meantBy(extra: string, command: Command): string {
  const takesOrgs =
    command.registeredArguments.length === 0 && command.options.some(({ long }) => long === '--org');
  return takesOrgs && organizationFlaw(extra) === undefined
    ? `did you mean --org ${extra}?`
    : `gh-permit-sync ${command.name()} --help shows what it takes`;
}
