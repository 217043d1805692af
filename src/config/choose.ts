import { identitiesIn } from '../model/corporate-identity.ts';
import { SyncError } from '../model/errors.ts';
import { MODES, type Mode } from '../model/limits.ts';
import { namesOrganization, ORG_PLACEHOLDER } from '../model/rule.ts';
import { parseRedisAddress, REDIS_ADDRESS_FORMS } from '../model/webhooks/redis-address.ts';
import { addressProblem, normalizeAddress, plainHttpProblem } from './address.ts';
import { gitHubAuth } from './credentials.ts';
import type { ConfigDocument } from './document/document.ts';
import type { Config } from './document/schema.ts';
import { parseDuration } from './duration.ts';
import { DEFAULT_USER_KEY, tenantProblem, userKeyProblem } from './keys.ts';
import {
  entriesOf,
  INSTALLED,
  nameOfEntry,
  narrowOrganizations,
  organizationProblem,
  repeatedOrganization,
  splitOrganizations,
} from './organization.ts';
import type { Sources } from './parser.ts';
import { invalid, quoted, suggestion } from './problem.ts';
import {
  ADOPTIONS,
  DEFAULTS,
  type Environment,
  type GitHubAuth,
  type SettingFlags,
  type Settings,
} from './settings.ts';
import { fromEnvironment, fromFile, fromFlag, refuse, type SettingText } from './source.ts';

/** @throws SyncError `USAGE`: an unknown mode. */
export function chooseMode({ flags, config }: Sources): Mode {
  const given = fromFlag('--mode', flags.mode);
  if (given === undefined) return config.mode ?? 'sync';
  return oneOf(MODES, given, 'unknown mode');
}

/** @throws SyncError `USAGE`: an unknown word. `--adopt` alone adopts plain users. */
export function chooseAdoption({ flags, config }: Sources): (typeof ADOPTIONS)[number] {
  if (flags.adopt === undefined || flags.adopt === false) return config.users?.adopt ?? 'none';
  if (flags.adopt === true) return 'plain';
  const given = fromFlag('--adopt', flags.adopt);
  return given ? oneOf(ADOPTIONS, given, 'unknown value') : 'none';
}

function oneOf<W extends string>(words: readonly W[], given: SettingText, problem: string): W {
  const word = words.find((known) => known === given.text);
  if (word !== undefined) return word;
  const message = `${given.by}: ${problem} ${quoted(given.text)}`;
  throw new SyncError(given.code, message, suggestion(given.text, words));
}

/**
 * The template of user keys. `chosen` is false if it is just the default.
 * @throws SyncError `USAGE`, `CONFIG_INVALID`: a template that cannot make user keys, or one with {map} without a map.
 */
export function chooseUserKey({ flags, env, config, document }: Sources): {
  readonly key: string;
  readonly chosen: boolean;
} {
  const given =
    fromFlag('--user-key', flags.userKey) ??
    fromEnvironment(env, 'PERMIT_USER_KEY') ??
    fromFile(document, ['users', 'key'], config.users?.key);
  if (given === undefined) return { key: DEFAULT_USER_KEY, chosen: false };
  refuse(given, userKeyProblem(given.text));
  if (identitiesIn(given.text).includes('map') && config.users?.map === undefined) {
    const hint = 'add users.map, the path of a CSV file with the header github,key';
    refuse(given, invalid('{map} needs a map of people', hint));
  }
  return { key: given.text, chosen: true };
}

/** @throws SyncError `USAGE`: no duration with a unit. */
export function chooseTimeoutMs(flags: SettingFlags): number {
  return durationOf('--timeout', flags.timeout) ?? DEFAULTS.timeoutMs;
}

/** The owner in the marks of our users. */
export const chooseOwner = (config: Config): string => config.owner ?? DEFAULTS.owner;

/** The prefix of every key in Redis. */
export const choosePrefix = (config: Config, owner: string): string =>
  config.redis?.prefix ?? `gh-permit-sync:${owner}`;

/**
 * @returns undefined if REDIS_URL is unset or blank.
 * @throws SyncError `CONFIG_INVALID`: not a Redis address. It is never shown, because it may hold a password.
 */
export function chooseRedisUrl(env: Environment): string | undefined {
  const url = env.REDIS_URL?.trim() ?? '';
  if (url === '') return undefined;
  if (parseRedisAddress(url) !== undefined) return url;
  throw new SyncError(
    'CONFIG_INVALID',
    'REDIS_URL is not a Redis address',
    `use ${REDIS_ADDRESS_FORMS}; percent-encode characters such as @ / : # in a password`,
  );
}

/**
 * @param leastMs 0 if the flag limits a wait: then `0` means "do not wait".
 * @returns milliseconds, or undefined for a flag that was not given. @throws SyncError `USAGE`
 */
export function durationOf(flag: string, value: string | undefined, leastMs: 0 | 1 = 1): number | undefined {
  const given = fromFlag(flag, value);
  if (given === undefined) return undefined;
  const duration = parseDuration(given.text, leastMs);
  if (typeof duration !== 'number') return refuse(given, duration);
  return duration;
}

/** Every organization that flags or environment name, whether or not they take effect. */
export const namedOrganizations = (given: Pick<Sources, 'flags' | 'env'>): readonly string[] => [
  ...(flaggedOrganizations(given) ?? []),
  ...(environmentOrganizations(given) ?? []),
];

/** @returns an empty list where nothing names an organization. */
export const chooseOrganizations = (sources: Sources): readonly string[] =>
  flaggedOrganizations(sources) ??
  environmentOrganizations(sources) ??
  entriesOf(sources.config.github?.orgs).map(nameOfEntry);

/** Whether all organizations that the GitHub App is installed in are synced. */
export const isInstalled = (config: Config): boolean => config.github?.orgs === INSTALLED;

/** @throws SyncError `CONFIG_INVALID`: none is given, and GitHub can't be asked. */
export function requireOrganizations(orgs: readonly string[], { document, config }: Sources): void {
  if (orgs.length === 0 && !isInstalled(config)) throw noOrganization(document);
}

/**
 * @throws SyncError `GITHUB_AUTH`: no usable credential. `CONFIG_INVALID`: the organizations are those of the App, and
 * there is no App.
 */
export function requireAuth({ env, config }: Sources): void {
  const auth = gitHubAuth(env);
  if (isInstalled(config)) requireAppFor(auth);
}

/** @throws SyncError `CONFIG_INVALID`: a token can't tell where an App is installed. */
export function requireAppFor({ kind }: GitHubAuth): void {
  if (kind === 'app') return;
  throw new SyncError(
    'CONFIG_INVALID',
    'github.orgs: installed needs a GitHub App: a token is not installed anywhere',
    'set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, or name the organizations in github.orgs',
  );
}

/** The error of a command that needs organizations when none is given. */
export function noOrganization(document: ConfigDocument | undefined): SyncError {
  const file = document === undefined ? 'gh-permit-sync.yaml' : document.name;
  return new SyncError(
    'CONFIG_INVALID',
    'no organization is given: neither by --org, nor by GITHUB_ORG, nor by github.orgs in a config file',
    `give --org ORG, set GITHUB_ORG=ORG, or write "github: { orgs: [ORG] }" into ${file}`,
  );
}

const flaggedOrganizations = ({ flags: { org = [] } }: Pick<Sources, 'flags'>) =>
  organizationsIn(org.length > 0 ? fromFlag('--org', org.join(',')) : undefined);

const environmentOrganizations = ({ env }: Pick<Sources, 'env'>) =>
  organizationsIn(fromEnvironment(env, 'GITHUB_ORG'));

/** @throws SyncError: a name that GitHub does not allow, a name twice, or only commas. */
function organizationsIn(given: SettingText | undefined): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const names = splitOrganizations(given.text);
  if (names.length === 0) refuse(given, invalid('names no organization', 'give at least one name'));
  for (const name of names) refuse(given, organizationProblem(name));
  refuse(given, repeatedOrganization(names));
  return names;
}

/**
 * The tenant of rules that name none; `{org}` in it is kept, to be replaced for each organization.
 * @throws SyncError: no tenant key, or one tenant in which the owners of one organization would be administrators
 * of all, since the default rules give the same roles in each.
 */
export function chooseTenant({ flags, env, config, document }: Sources, orgs: readonly string[]): string {
  const given =
    fromFlag('--tenant', flags.tenant) ??
    fromEnvironment(env, 'PERMIT_TENANT') ??
    fromFile(document, ['permit', 'tenant'], config.permit?.tenant);
  if (given !== undefined) refuse(given, tenantProblem(given.text));
  const tenant = given?.text ?? DEFAULTS.tenant;
  if (config.grants === undefined)
    requireOwnTenants(orgs, tenant, given === undefined ? '' : `${given.by}: `);
  return tenant;
}

/**
 * Which organizations' repositories are mirrored. `orgs` narrows those that the config file names.
 * @param orgs the organizations of the run; empty while GitHub has not been asked where the App is installed.
 */
export function chooseRepositories(
  { repositories }: Config,
  orgs: readonly string[],
  tenant: string,
): Settings['repositories'] {
  if (repositories === undefined) return undefined;
  const { orgs: named, match = ['*'] } = repositories;
  return {
    orgs: orgs.length === 0 ? (named ?? []) : narrowOrganizations(named ?? orgs, orgs),
    match,
    tenant: repositories.tenant ?? tenant,
  };
}

/**
 * @param by where the tenant comes from, for the message.
 * @throws SyncError `CONFIG_INVALID`: the default rules would give the owners of each organization a role over all.
 */
export function requireOwnTenants(orgs: readonly string[], tenant: string, by = ''): void {
  if (orgs.length <= 1 || namesOrganization(tenant)) return;
  throw new SyncError(
    'CONFIG_INVALID',
    `${by}${orgs.length} organizations would share the tenant ` +
      `${quoted(tenant)}, so owning one of them would give the role admin in all`,
    `put ${ORG_PLACEHOLDER} into the tenant, such as permit.tenant: "${ORG_PLACEHOLDER}" or ` +
      `PERMIT_TENANT=${ORG_PLACEHOLDER}, or say who gets what by grants in the config file`,
  );
}

/**
 * The address of Permit's API or of its PDP, without a slash at its end.
 * @throws SyncError: no absolute http(s) address, or plain http to another machine without `--allow-http`.
 */
export function choosePermitUrl(
  { flags, env, config, document }: Sources,
  key: 'apiUrl' | 'pdpUrl',
  variable: string,
): string {
  const given = fromEnvironment(env, variable) ?? fromFile(document, ['permit', key], config.permit?.[key]);
  if (given !== undefined) return checkedAddress(given, flags.allowHttp === true);
  return key === 'apiUrl' ? DEFAULTS.permitUrl : DEFAULTS.pdpUrl;
}

function checkedAddress(given: SettingText, allowHttp: boolean): string {
  refuse(given, addressProblem(given.text));
  if (!allowHttp) refuse(given, plainHttpProblem(given.text));
  return normalizeAddress(given.text);
}

/**
 * The address of GitHub's API. GitHub Actions sets GITHUB_API_URL in every workflow, so an environment that disagrees
 * with the config file may be nobody's intention: unless a flag decides, a warning says so.
 * @throws SyncError as `choosePermitUrl` does.
 */
export function chooseGitHubUrl({ flags, env, config, document }: Sources): {
  readonly apiUrl: string;
  readonly warnings: Settings['warnings'];
} {
  const allowHttp = flags.allowHttp === true;
  const flag = fromFlag('--github-url', flags.githubUrl);
  if (flag) return { apiUrl: checkedAddress(flag, allowHttp), warnings: [] };
  const variable = fromEnvironment(env, 'GITHUB_API_URL');
  const entry = fromFile(document, ['github', 'apiUrl'], config.github?.apiUrl);
  const given = variable ?? entry;
  if (given === undefined) return { apiUrl: DEFAULTS.gitHubUrl, warnings: [] };
  const apiUrl = checkedAddress(given, allowHttp);
  if (entry === undefined || normalizeAddress(entry.text) === apiUrl) return { apiUrl, warnings: [] };
  const message =
    `GITHUB_API_URL and the config file name different servers: ${apiUrl} is used, and not ` +
    `${normalizeAddress(entry.text)} (${entry.by})`;
  const hint =
    'make them agree, or choose with --github-url; GitHub Actions sets GITHUB_API_URL to the server of the workflow';
  return { apiUrl, warnings: [{ code: 'GITHUB_URL_CONFLICT', message, hint }] };
}
