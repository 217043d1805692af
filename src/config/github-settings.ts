import { SyncError } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import { chooseProxies } from './address.ts';
import {
  chooseGitHubUrl,
  chooseOrganizations,
  chooseTimeoutMs,
  durationOf,
  isInstalled,
  requireAuth,
  requireOrganizations,
} from './choose.ts';
import { gitHubAuth } from './credentials.ts';
import { concealing, readConfig } from './load.ts';
import type { Input } from './parser.ts';
import { invalid, quoted } from './problem.ts';
import type { Settings } from './settings.ts';
import { fromFlag, requireAll } from './source.ts';

/** What a command that talks only to GitHub knows: Permit's key and tenant are not needed. */
export type GitHubSettings = Pick<
  Settings,
  'orgs' | 'isInstalled' | 'github' | 'warnings' | 'timeoutMs' | 'secrets' | 'configFile'
>;

/**
 * The settings of a command that uses only GitHub.
 * @throws SyncError as `loadSettings` does, except about Permit and Redis.
 */
export function loadGitHubSettings(input: Input): GitHubSettings {
  return concealing(input.env, () => {
    const { flags, env } = input;
    const timeoutMs = chooseTimeoutMs(flags);
    const sources = readConfig(input);
    const orgs = chooseOrganizations(sources);
    requireAll([() => requireOrganizations(orgs, sources), () => requireAuth(sources)]);
    const { apiUrl, warnings } = chooseGitHubUrl(sources);
    return {
      orgs,
      isInstalled: isInstalled(sources.config),
      github: { apiUrl, proxies: chooseProxies(env), auth: gitHubAuth(env) },
      warnings,
      timeoutMs,
      configFile: sources.document?.name,
    };
  });
}

/**
 * Which deliveries `redeliver` looks for, and how far back.
 * @throws SyncError `USAGE`: an invalid duration, path or number.
 */
export function chooseRedelivery({ since, path, hook }: RedeliveryFlags) {
  return {
    spanMs: durationOf('--since', since) ?? 0,
    choice:
      hook === undefined
        ? ({ kind: 'path', path: matching('--path', path, /^\/[^?#\s]*$/, NOT_A_PATH) } as const)
        : ({ kind: 'id', id: Number(matching('--hook', hook, /^[1-9]\d{0,14}$/, NOT_A_HOOK)) } as const),
  };
}

type RedeliveryFlags = {
  readonly since: string;
  readonly path: string;
  readonly hook?: string | undefined;
};

const NOT_A_PATH = invalid(
  'is not a path',
  'give only the path, beginning with a slash, such as /github-membership',
);
const NOT_A_HOOK = invalid(
  'is not a webhook ID',
  'give the number at the end of the address of its settings page',
);

function matching(flag: string, text: string, pattern: RegExp, { message, hint }: Problem): string {
  const value = fromFlag(flag, text)?.text ?? '';
  if (pattern.test(value)) return value;
  throw new SyncError('USAGE', `${flag}: ${quoted(value)} ${message}`, hint);
}
