import { SyncError } from '../model/errors.ts';
import { chooseProxies } from './address.ts';
import { chooseGitHubUrl, chooseOrganizations, chooseTimeoutMs, requireOrganizations } from './choose.ts';
import { gitHubAuth } from './credentials.ts';
import { durationProblem, parseDuration } from './duration.ts';
import { concealing, type Input, readConfig } from './load.ts';
import { quoted } from './problem.ts';
import type { Settings } from './settings.ts';
import { fromFlag, refuse, requireAll } from './source.ts';

/** What a command knows that speaks with GitHub alone: Permit's key and tenant are not asked for. */
export type GitHubSettings = Pick<Settings, 'orgs' | 'github' | 'timeoutMs' | 'secrets' | 'configFile'>;

/**
 * The settings of a command that speaks with GitHub alone.
 * @throws SyncError as `loadSettings` does, but for nothing that concerns Permit or Redis.
 */
export function loadGitHubSettings(input: Input): GitHubSettings {
  return concealing(input.env, () => {
    const { flags, env } = input;
    const timeoutMs = chooseTimeoutMs(flags);
    const { document, config } = readConfig(input);
    const orgs = chooseOrganizations(flags, env, config);
    requireAll([() => requireOrganizations(orgs, document), () => gitHubAuth(env)]);
    const { apiUrl } = chooseGitHubUrl(flags, env, document, config);
    return {
      orgs,
      github: { apiUrl, proxies: chooseProxies(env), auth: gitHubAuth(env) },
      timeoutMs,
      configFile: document?.name,
    };
  });
}

/** Which deliveries `redeliver` is asked to look for. */
export type Redelivery = {
  /** How far back, in milliseconds. */
  readonly spanMs: number;
  readonly choice:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'id'; readonly id: number };
};

export type RedeliveryFlags = {
  readonly since: string;
  readonly path: string;
  readonly hook?: string | undefined;
};

/** @throws SyncError `USAGE`: a time, a path or a number that is none. */
export function chooseRedelivery({ since, path, hook }: RedeliveryFlags): Redelivery {
  return { spanMs: spanMs(since), choice: hook === undefined ? byPath(path) : byNumber(hook) };
}

function spanMs(since: string): number {
  const given = fromFlag('--since', since);
  if (given !== undefined) refuse(given, durationProblem(given.text));
  return parseDuration(given?.text ?? '') ?? 0;
}

function byPath(text: string): Redelivery['choice'] {
  const given = fromFlag('--path', text);
  const path = given?.text ?? '';
  const whole = given !== undefined && /^\/[^?#\s]*$/.test(path);
  if (whole) return { kind: 'path', path };
  const mend = 'give the path alone, beginning with a slash, such as /github-membership';
  throw new SyncError('USAGE', `--path: ${quoted(path)} is no path`, mend);
}

function byNumber(text: string): Redelivery['choice'] {
  const given = fromFlag('--hook', text);
  const id = /^[1-9]\d{0,14}$/.test(given?.text ?? '') ? Number(given?.text) : undefined;
  if (id !== undefined) return { kind: 'id', id };
  const mend = 'give the number at the end of the address of its settings page';
  throw new SyncError('USAGE', `--hook: ${quoted(given?.text ?? '')} is no number of a webhook`, mend);
}
