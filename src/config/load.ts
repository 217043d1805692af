import { folded } from '../model/identity.ts';
import { PUBLISHED_PACE } from '../model/pace.ts';
import { defined } from '../model/text/record.ts';
import { shellWord } from '../model/text/text.ts';
import { chooseProxies } from './address.ts';
import {
  apiAddress,
  chooseAdoption,
  chooseGitHubUrl,
  chooseLockWaitMs,
  chooseMode,
  chooseOrganizations,
  chooseOwner,
  choosePrefix,
  chooseRedisUrl,
  chooseRepositories,
  chooseTenant,
  chooseTimeoutMs,
  chooseUserKey,
  isInstalled,
  namedOrganizations,
  requireApp,
  requireOrganizations,
} from './choose.ts';
import {
  gitHubAuth,
  NO_GITHUB_AUTH,
  optionalGitHubAuth,
  optionalPermitKey,
  permitKey,
} from './credentials.ts';
import type { ConfigFile } from './document/check.ts';
import type { Config } from './document/schema.ts';
import { limitsOf } from './limits.ts';
import { entriesOf, nameOf, pinsOf } from './organization.ts';
import { acceptedTeamsOf, overridesOf, pruneUnmanagedOf, retiredOrgsOf } from './overrides.ts';
import { findConfigFile, type Input } from './parser.ts';
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
    complete(settle(input, 'organizations and credentials'), gitHubAuth(input.env), input.env),
  );

/**
 * The settings for a caller that may bring its own source or target: missing credentials are left empty, see
 * {@link requireCredentials}. @throws SyncError as `loadSettings` does for the rest.
 */
export const loadLibrarySettings = (input: Input): Settings =>
  concealing(input.env, () =>
    complete(settle(input, 'organizations'), optionalGitHubAuth(input.env) ?? NO_GITHUB_AUTH, input.env),
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
export function loadPermitSettings(input: Input): PermitSettings {
  return concealing(input.env, () => settle(input, 'the Permit key'));
}

/** The same, with the GitHub credential if there is one. @throws SyncError also for one that can't be used. */
export const loadPermitSettingsAndAuth = (
  input: Input,
): PermitSettings & { readonly auth: GitHubAuth | undefined } => ({
  ...loadPermitSettings(input),
  ...concealing(input.env, () => ({ auth: optionalGitHubAuth(input.env) })),
});

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

function settle(input: Input, needs: Needs): SettingsWithoutSecrets {
  const { flags, env } = input;
  const overrides = overridesOf(flags);
  const timeoutMs = chooseTimeoutMs(flags);
  const { document, config } = readConfig(input);

  const mode = chooseMode(flags, config);
  const orgs = chooseOrganizations(flags, env, config);
  if (needs === 'organizations and credentials') {
    requireAll([
      () => requireOrganizations(orgs, document, config),
      () => requireApp(config, gitHubAuth(env)),
      () => permitKey(env),
    ]);
  } else if (needs === 'organizations') requireOrganizations(orgs, document, config);
  const tenant = chooseTenant(flags, env, config, document, orgs);
  const api = apiAddress(env, flags.allowHttp === true, document);
  const { apiUrl: gitHubUrl, warnings } = chooseGitHubUrl(flags, env, document, config);
  const { apiUrl, pdpUrl } = config.permit ?? {};
  const proxies = chooseProxies(env);
  const owner = chooseOwner(config);
  const userKey = chooseUserKey(flags, env, config, document);
  const map = readPeopleMap(document, config.users?.map, input.cwd, input.readFile);
  return {
    owner,
    mode,
    orgs,
    configuredOrgs: allOrganizations(input, config),
    orgPins: pinsOf(config.github?.orgs),
    isInstalled: isInstalled(config),
    suspendedOrgs: [],
    hasRules: config.grants !== undefined,
    github: { apiUrl: gitHubUrl, proxies, ...defined({ enterprise: config.github?.enterprise }) },
    permit: {
      apiUrl: api('PERMIT_API_URL', ['permit', 'apiUrl'], apiUrl, DEFAULTS.permitUrl),
      pdpUrl: api('PERMIT_PDP_URL', ['permit', 'pdpUrl'], pdpUrl, DEFAULTS.pdpUrl),
      proxies,
      apiKey: needs === 'organizations' ? (optionalPermitKey(env) ?? '') : permitKey(env),
      tenant,
      pace: { ...PUBLISHED_PACE, ...defined(config.permit?.pace ?? {}) },
    },
    ...defined({ repositories: chooseRepositories(config, orgs, tenant) }),
    users: {
      key: userKey.key,
      onLeave: config.users?.onLeave ?? 'delete',
      adopt: chooseAdoption(flags, config),
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
    lockWaitMs: chooseLockWaitMs(flags),
    configFile: document?.name,
    repeatedFlags: repeatedFlags(flags),
    planFlags: planFlags(flags),
  };
}

/** What another command needs to reach the same organizations and the same config. */
const repeatedFlags = ({ config, org, githubUrl, tenant, allowHttp }: SettingFlags): readonly string[] => [
  ...(config === undefined ? [] : ['--config', shellWord(config)]),
  ...(org === undefined ? [] : ['--org', ...org.map(shellWord)]),
  ...(githubUrl === undefined ? [] : ['--github-url', shellWord(githubUrl)]),
  ...(tenant === undefined ? [] : ['--tenant', shellWord(tenant)]),
  ...(allowHttp === true ? ['--allow-http'] : []),
];

const planFlags = ({
  userKey,
  mode,
  adopt,
  retireOrg,
  acceptTeam,
  pruneUnmanaged,
}: SettingFlags): readonly string[] => [
  ...(userKey === undefined ? [] : ['--user-key', shellWord(userKey)]),
  ...(mode === undefined ? [] : ['--mode', shellWord(mode)]),
  ...(adopt === undefined || adopt === false ? [] : ['--adopt', shellWord(adopt === true ? 'plain' : adopt)]),
  ...(retireOrg === undefined ? [] : ['--retire-org', ...retireOrg.map(shellWord)]),
  ...(acceptTeam === undefined ? [] : ['--accept-team', ...acceptTeam.map(shellWord)]),
  ...(pruneUnmanaged === undefined ? [] : ['--prune-unmanaged', shellWord(String(pruneUnmanaged))]),
];

const NO_POLICY = { tenants: {}, resources: {}, roles: {} };

/** All organizations of flags, environment and config file, each once; those that the run is about come first. */
export const allOrganizations = ({ flags, env }: Input, config: Config): readonly string[] =>
  together(chooseOrganizations(flags, env, config), [
    ...namedOrganizations(flags, env),
    ...entriesOf(config.github?.orgs).map(nameOf),
  ]);

/** The config file's content; an empty config where there is no file. */
export function readConfig(input: Input): ConfigFile {
  const elsewhere = namedOrganizations(input.flags, input.env);
  const file = findConfigFile(input);
  return file === undefined ? { document: undefined, config: {} } : input.parse(file, elsewhere);
}

/** Names of both lists, each once, whatever its case. */
function together(orgs: readonly string[], more: readonly string[]): readonly string[] {
  const named = new Map<string, string>();
  for (const org of [...orgs, ...more]) if (!named.has(folded(org))) named.set(folded(org), org);
  return [...named.values()];
}
