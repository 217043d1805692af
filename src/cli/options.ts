import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LogOptions } from './log.ts';

/** The flags that every command understands (CONTRACT §2). */
export type CommonOptions = {
  readonly config?: string;
  readonly org?: readonly string[];
  readonly githubUrl?: string;
  readonly tenant?: string;
  readonly userKey?: string;
  readonly timeout?: string;
  readonly allowHttp?: boolean;
  readonly output: OutputFormat;
  readonly color?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly logFormat: 'text' | 'json';
};

export type OutputFormat = 'text' | 'json' | 'markdown';

export function addCommonOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      'config file (default: gh-permit-sync.yaml, .yml or .json, if there is one)',
    )
    .option('--org <org...>', 'GitHub organization; may be repeated')
    .option('--github-url <url>', "address of GitHub's API (default: https://api.github.com)")
    .option('--tenant <key>', 'tenant of the default mapping, in the place of permit.tenant')
    .option('--user-key <template>', 'template of user keys, of {login} or {id} (default: github|{id})')
    .addOption(
      new Option('-o, --output <format>', 'how the report on stdout reads')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .option('--timeout <duration>', 'bound of the whole run, e.g. 90s or 30m (default: 30m)')
    .option('--allow-http', 'allow an API address that is not https')
    .option('--color', 'colour, even in a pipe')
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .option('-q, --quiet', 'no progress; no text report when there is nothing to say')
    .option('-v, --verbose', 'tell every request on stderr, and print every change')
    .addOption(
      new Option('--log-format <format>', 'how stderr reads').choices(['text', 'json']).default('text'),
    );
}

export const logOptions = ({ logFormat, quiet, verbose, color }: CommonOptions): LogOptions => ({
  format: logFormat,
  quiet: quiet === true,
  verbose: verbose === true,
  color,
});

/** A repeatable option that also takes several values between commas. */
export function splitCommas(value: string, before: readonly string[] = []): readonly string[] {
  const names = value.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('a name is missing.');
  return [...before, ...names];
}
