import { SyncError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import {
  chooseOwner,
  choosePrefix,
  chooseRedisUrl,
  chooseTimeoutMs,
  isInstalled,
  requireOrganizations,
} from './choose.ts';
import type { Config } from './document/schema.ts';
import { allOrganizations, concealing, readConfig } from './load.ts';
import type { Input } from './parser.ts';
import { rulesOf } from './rules.ts';
import type { Environment, Settings } from './settings.ts';
import { requireAll } from './source.ts';

/** What a command that talks only to Redis needs. */
export type QueueSettings = Pick<Settings, 'owner' | 'timeoutMs' | 'configFile' | 'secrets'> & {
  readonly redis: { readonly prefix: string; readonly url: string };
};

/** What the receiver needs: neither a credential for GitHub nor one for Permit. */
export type ReceiverSettings = Omit<QueueSettings, 'timeoutMs'> & {
  /** All organizations of flags, environment and config file; at least one, unless `isInstalled`. */
  readonly orgs: readonly string[];
  /** Whether all organizations that the GitHub App is installed in are synced. */
  readonly isInstalled: boolean;
  /** The rules of the config file; undefined without one, since a drain elsewhere may have one. */
  readonly rules: readonly Rule[] | undefined;
  /** Which repositories the config file mirrors. Without `orgs`: those of every configured organization. */
  readonly repositories: Config['repositories'];
  /** Each may have signed a delivery, so that a secret can be rotated. Empty only with `--insecure`. */
  readonly webhookSecrets: readonly string[];
};

/**
 * The settings of `queue`.
 * @throws SyncError `USAGE`: a flag. `CONFIG_INVALID`: the file, or no REDIS_URL. No message holds a secret.
 */
export function loadQueueSettings(input: Input): QueueSettings {
  return concealing(input.env, () => {
    const timeoutMs = chooseTimeoutMs(input.flags);
    const { document, config } = readConfig(input);
    const owner = chooseOwner(config);
    const redis = { prefix: choosePrefix(config, owner), url: requireRedisUrl(input.env) };
    return { owner, redis, timeoutMs, configFile: document?.name };
  });
}

/**
 * The settings of `receive`.
 * @throws SyncError as {@link loadQueueSettings} does; `CONFIG_INVALID` too where no organization or no webhook
 * secret is given.
 */
export function loadReceiverSettings(input: Input & { readonly insecure: boolean }): ReceiverSettings {
  return concealing(input.env, () => {
    const sources = readConfig(input);
    const { document, config } = sources;
    const owner = chooseOwner(config);
    const orgs = allOrganizations(sources);
    requireAll([
      () => requireOrganizations(orgs, sources),
      () => requireRedisUrl(input.env),
      () => webhookSecrets(input.env, input.insecure),
    ]);
    return {
      owner,
      orgs,
      isInstalled: isInstalled(config),
      rules: document && rulesOf(config.grants, '*'),
      repositories: config.repositories,
      redis: { prefix: choosePrefix(config, owner), url: requireRedisUrl(input.env) },
      webhookSecrets: webhookSecrets(input.env, input.insecure),
      configFile: document?.name,
    };
  });
}

/**
 * The address of Redis, for a command that can't work without it.
 * @throws SyncError `CONFIG_INVALID`.
 */
export function requireRedisUrl(env: Environment): string {
  const url = chooseRedisUrl(env);
  if (url !== undefined) return url;
  throw new SyncError(
    'CONFIG_INVALID',
    `REDIS_URL is ${env.REDIS_URL === undefined ? 'not set' : 'empty'}, and the queue is kept in Redis`,
    'set REDIS_URL, for instance to redis://localhost:6379',
  );
}

const SECRETS = 'GITHUB_WEBHOOK_SECRET';

/** @throws SyncError `CONFIG_INVALID`: an empty secret would let anyone sign. */
function webhookSecrets(env: Environment, insecure: boolean): readonly string[] {
  const text = env[SECRETS]?.trim() ?? '';
  if (text === '') {
    if (insecure) return [];
    throw new SyncError(
      'CONFIG_INVALID',
      `${SECRETS} is ${env[SECRETS] === undefined ? 'not set' : 'empty'}, so anyone could send deliveries`,
      `set ${SECRETS} to the secret of the webhook on GitHub, or pass --insecure to accept unsigned deliveries`,
    );
  }
  const secrets = text.split(',').map((secret) => secret.trim());
  if (secrets.every((secret) => secret !== '')) return [...new Set(secrets)];
  throw new SyncError(
    'CONFIG_INVALID',
    `${SECRETS}: one of the secrets between the commas is empty`,
    'remove the extra comma; it may be at the end',
  );
}
