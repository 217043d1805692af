import { folded } from '../model/identity.ts';
import { PUBLISHED_PACE } from '../model/pace.ts';
import { defined, getOrMake } from '../model/text/record.ts';
import { shellWord } from '../model/text/text.ts';
import { chooseProxies } from './address.ts';
import {
  chooseAdoption,
  chooseGitHubUrl,
  chooseMode,
  chooseOrganizations,
  chooseOwner,
  choosePermitUrl,
  choosePrefix,
  chooseRedisUrl,
  chooseRepositories,
  chooseTenant,
  chooseTimeoutMs,
  chooseUserKey,
  durationOf,
  isInstalled,
  namedOrganizations,
  requireAuth,
  requireOrganizations,
} from './choose.ts';
import {
  gitHubAuth,
  NO_GITHUB_AUTH,
  optionalGitHubAuth,
  optionalPermitKey,
  permitKey,
} from './credentials.ts';
import { limitsOf } from './limits.ts';
import { entriesOf, nameOfEntry, pinsOf } from './organization.ts';
import { acceptedTeamsOf, overridesOf, pruneUnmanagedOf, retiredOrgsOf } from './overrides.ts';
import { findConfigFile, type Input, type Sources } from './parser.ts';
import { rulesOf } from './rules.ts';
import { secretsOf, withoutSecrets } from './secret.ts';
import {
  DEFAULTS,
  type Environment,
  type GitHubAuth,
  type PermitSettings,
  type SettingFlags,
  type Settings,
} from './settings.ts';
import { requireAll } from './source.ts';
import { readPeopleMap } from './users/people-map.ts';

/**
 * All settings of a run: a flag beats the environment, which beats the config file, which beats the default (CONTRACT
 * §3). No request is sent to GitHub or Permit.
 * @throws SyncError `USAGE`: a flag. `CONFIG_INVALID`: the file, a variable, or no organization.
 * `GITHUB_AUTH`, `PERMIT_AUTH`: credentials that are missing or can't be sent. No message holds a secret.
 */
export const loadSettings = (input: Input): Settings =>
  concealing(input.env, () =>
    complete(resolveSettings(input, 'organizations and credentials'), gitHubAuth(input.env), input.env),
  );

/**
 * The settings for a caller that may bring its own source or target: missing credentials are left empty, see
 * {@link requireCredentials}. @throws SyncError as `loadSettings` does for the rest.
 */
export const loadLibrarySettings = (input: Input): Settings =>
  concealing(input.env, () =>
    complete(
      resolveSettings(input, 'organizations'),
      optionalGitHubAuth(input.env) ?? NO_GITHUB_AUTH,
      input.env,
    ),
  );

/** Adds what a command that uses only Permit does not need. */
const complete = (
  settled: SettingsWithoutSecrets,
  auth: GitHubAuth,
  env: Environment,
): Omit<Settings, 'secrets'> => ({
  ...settled,
  github: { ...settled.github, auth },
  redis: { ...settled.redis, url: chooseRedisUrl(env) },
});

/** @throws SyncError `GITHUB_AUTH`, `PERMIT_AUTH`: a credential is missing or can't be sent. */
export function requireCredentials(
  env: Environment,
  of: { readonly github: boolean; readonly permit: boolean },
): void {
  requireAll([...(of.github ? [() => gitHubAuth(env)] : []), ...(of.permit ? [() => permitKey(env)] : [])]);
}

/**
 * The settings of a command that talks only to Permit: it needs neither an organization nor a GitHub credential, and
 * `orgs` may be empty.
 * @throws SyncError as `loadSettings` does for the rest.
 */
export const loadPermitSettings = (input: Input): PermitSettings =>
  concealing(input.env, () => resolveSettings(input, 'the Permit key'));

/** The same, with the GitHub credential if there is one. @throws SyncError also for one that can't be used. */
export const loadPermitSettingsAndAuth = (
  input: Input,
): PermitSettings & { readonly auth: GitHubAuth | undefined } =>
  concealing(input.env, () => ({
    ...resolveSettings(input, 'the Permit key'),
    auth: optionalGitHubAuth(input.env),
  }));

/** Adds the secrets to the loaded settings, and keeps them out of errors. */
export function concealing<S extends object>(env: Environment, load: () => S): S & Pick<Settings, 'secrets'> {
  const secrets = secretsOf(env);
  try {
    return { ...load(), secrets };
  } catch (error) {
    throw withoutSecrets(error, secrets);
  }
}

/** What a caller requires. */
type Needs = 'organizations and credentials' | 'organizations' | 'the Permit key';

type SettingsWithoutSecrets = Omit<PermitSettings, 'secrets'>;

function resolveSettings(input: Input, needs: Needs): SettingsWithoutSecrets {
  const { flags, env } = input;
  const overrides = overridesOf(flags);
  const timeoutMs = chooseTimeoutMs(flags);
  const sources = readConfig(input);
  const { document, config } = sources;

  const mode = chooseMode(sources);
  const orgs = chooseOrganizations(sources);
  if (needs === 'organizations and credentials') {
    requireAll([() => requireOrganizations(orgs, sources), () => requireAuth(sources), () => permitKey(env)]);
  } else if (needs === 'organizations') requireOrganizations(orgs, sources);
  const tenant = chooseTenant(sources, orgs);
  const { apiUrl: gitHubUrl, warnings } = chooseGitHubUrl(sources);
  const proxies = chooseProxies(env);
  const owner = chooseOwner(config);
  const userKey = chooseUserKey(sources);
  const map = readPeopleMap(document, config.users?.map, input.cwd, input.readFile);
  return {
    owner,
    mode,
    orgs,
    configuredOrgs: allOrganizations(sources),
    orgPins: pinsOf(config.github?.orgs),
    isInstalled: isInstalled(config),
    suspendedOrgs: [],
    hasRules: config.grants !== undefined,
    github: { apiUrl: gitHubUrl, proxies, ...defined({ enterprise: config.github?.enterprise }) },
    permit: {
      apiUrl: choosePermitUrl(sources, 'apiUrl', 'PERMIT_API_URL'),
      pdpUrl: choosePermitUrl(sources, 'pdpUrl', 'PERMIT_PDP_URL'),
      proxies,
      apiKey: needs === 'organizations' ? (optionalPermitKey(env) ?? '') : permitKey(env),
      tenant,
      pace: { ...PUBLISHED_PACE, ...defined(config.permit?.pace ?? {}) },
    },
    ...defined({ repositories: chooseRepositories(config, orgs, tenant) }),
    users: {
      key: userKey.key,
      onLeave: config.users?.onLeave ?? 'delete',
      adopt: chooseAdoption(sources),
      protect: config.users?.protect ?? [],
      ...defined({ map, profile: config.users?.profile }),
    },
    userKeyChosen: userKey.chosen,
    rules: rulesOf(config.grants, tenant),
    manages: config.manages ?? [],
    limits: limitsOf(config.limits),
    overrides,
    retiredOrgs: retiredOrgsOf(flags),
    acceptedTeams: acceptedTeamsOf(flags),
    pruneUnmanaged: pruneUnmanagedOf(flags),
    policy: config.policy && { ...NO_POLICY, ...defined(config.policy) },
    redis: { prefix: choosePrefix(config, owner) },
    warnings,
    timeoutMs,
    lockWaitMs: durationOf('--lock-wait', flags.lockWait, 0) ?? DEFAULTS.lockWaitMs,
    configFile: document?.name,
    repeatedFlags: repeatedFlags(flags),
    planFlags: planFlags(flags),
  };
}

/** What another command needs to reach the same organizations and the same config. */
const repeatedFlags = ({ config, org, githubUrl, tenant, allowHttp }: SettingFlags): readonly string[] => [
  ...flagWords('--config', config),
  ...flagWords('--org', org),
  ...flagWords('--github-url', githubUrl),
  ...flagWords('--tenant', tenant),
  ...(allowHttp === true ? ['--allow-http'] : []),
];

const planFlags = (flags: SettingFlags): readonly string[] => [
  ...flagWords('--user-key', flags.userKey),
  ...flagWords('--mode', flags.mode),
  ...flagWords('--adopt', flags.adopt === true ? 'plain' : flags.adopt || undefined),
  ...flagWords('--retire-org', flags.retireOrg),
  ...flagWords('--accept-team', flags.acceptTeam),
  ...flagWords('--prune-unmanaged', flags.pruneUnmanaged),
];

/** A flag as it was given, quoted for a shell; nothing for one that was not. */
const flagWords = (
  flag: string,
  value: string | number | readonly string[] | undefined,
): readonly string[] =>
  value === undefined ? [] : [flag, ...[value].flat().map((word) => shellWord(String(word)))];

const NO_POLICY = { tenants: {}, resources: {}, roles: {} };

/** All organizations of flags, environment and config file, each once; those that the run is about come first. */
export function allOrganizations(sources: Sources): readonly string[] {
  const named = new Map<string, string>();
  for (const org of [
    ...chooseOrganizations(sources),
    ...namedOrganizations(sources),
    ...entriesOf(sources.config.github?.orgs).map(nameOfEntry),
  ])
    getOrMake(named, folded(org), () => org);
  return [...named.values()];
}

/** Flags and environment with the config file; with an empty config where there is no file. */
export function readConfig(input: Input): Sources {
  const { flags, env, parse } = input;
  const elsewhere = namedOrganizations(input);
  const file = findConfigFile(input);
  return {
    flags,
    env,
    ...(file === undefined ? { document: undefined, config: {} } : parse(file, elsewhere)),
  };
}
