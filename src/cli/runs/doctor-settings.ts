import { noOrganization, requireAppFor } from '../../config/choose.ts';
import { gitHubAuth, permitKey } from '../../config/credentials.ts';
import { type ReadFile, readRegularFile } from '../../config/file.ts';
import { loadPermitSettings } from '../../config/load.ts';
import type { Input } from '../../config/parser.ts';
import { secretsOf, withoutSecrets } from '../../config/secret.ts';
import type { GitHubAuth, PermitSettings } from '../../config/settings.ts';
import { failedFinding, type ProbeId } from '../../doctor/examine.ts';
import { SyncError } from '../../model/errors.ts';
import { type Finding, findingsIn } from '../../model/finding.ts';
import { ORG_PLACEHOLDER } from '../../model/rule.ts';
import { count, enumerate } from '../../model/text/text.ts';
import type { ClientPorts } from '../../run/clients.ts';
import { withInstalledOrgs } from '../../run/installed-orgs.ts';

const { ok, warning, failed } = findingsIn('settings');

/** What is known even if something else is wrong. */
export type KnownSettings = {
  readonly findings: readonly Finding[];
  /** Undefined if the config file is broken and may name other addresses: no credential may go to the wrong one. */
  readonly settings:
    | Pick<
        PermitSettings,
        | 'github'
        | 'permit'
        | 'orgs'
        | 'isInstalled'
        | 'hasRules'
        | 'timeoutMs'
        | 'owner'
        | 'redis'
        | 'users'
        | 'userKeyChosen'
        | 'repositories'
      >
    | undefined;
  /** Undefined if the config is broken. */
  readonly rules: PermitSettings['rules'] | undefined;
  readonly gitHub: GitHubAuth | undefined;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
};

type SettingsSources = Omit<Input, 'readFile'>;

const TIMEOUT = '1m';
const TIMEOUT_MS = 60_000;

/**
 * All settings that can be determined.
 * @throws SyncError only `USAGE`: a wrong flag is not a finding.
 */
export function loadKnownSettings({ flags, env, cwd, parse }: SettingsSources): KnownSettings {
  const secrets = secretsOf(env);
  // Stands in for the key and is never sent. Whether there is a key is checked separately below.
  const keyed = { ...env, PERMIT_API_KEY: 'none' };
  const input = { flags: { ...flags, timeout: flags.timeout ?? TIMEOUT }, env: keyed, cwd, parse };
  const gitHub = attempt('settings.github-credential', secrets, () => gitHubAuth(env));
  const apiKey = attempt('settings.permit-key', secrets, () => permitKey(env));
  const { readFile, textRead } = recording();
  const config = attempt('settings.config', secrets, () => loadPermitSettings({ ...input, readFile }));
  const settings = config.value ?? withoutFile(input, textRead());
  const noOrg =
    config.value?.orgs.length === 0 && !config.value.isInstalled
      ? [failedFinding('settings.organizations', noOrganization(undefined))]
      : [];
  return {
    findings: [
      ...(config.value ? [describe(config.value), ...aboutSettings(config.value)] : config.findings),
      ...noOrg,
      ...(config.value || settings ? [] : [NOT_CHECKED]),
      ...gitHub.findings,
      ...apiKey.findings,
    ],
    settings,
    rules: config.value?.rules,
    gitHub: gitHub.value,
    apiKey: apiKey.value,
    timeoutMs: settings?.timeoutMs ?? TIMEOUT_MS,
  };
}

function attempt<T>(
  id: ProbeId,
  secrets: readonly string[],
  load: () => T,
): { readonly value: T | undefined; readonly findings: readonly Finding[] } {
  try {
    return { value: load(), findings: [] };
  } catch (error) {
    const clean = withoutSecrets(error, secrets);
    if (!(clean instanceof SyncError) || clean.code === 'USAGE') throw clean;
    return { value: undefined, findings: [failedFinding(id, clean)] };
  }
}

function describe({ configFile, rules, orgs }: PermitSettings): Finding {
  const file =
    configFile === undefined ? 'there is no config file, and none is needed' : `${configFile} is valid`;
  const message = `${file} (${count(rules.length, 'rule')}, ${count(orgs.length, 'organization')})`;
  return ok('settings.config', message);
}

const aboutSettings = ({ warnings }: PermitSettings): readonly Finding[] =>
  warnings.map(({ message, hint }) => warning('settings.github-url', message, hint));

/**
 * The settings from flags and environment alone, for a broken file.
 * @param text of the file; undefined if it could not even be read.
 * @returns undefined if the file may name other addresses.
 */
function withoutFile(input: SettingsSources, text: string | undefined): KnownSettings['settings'] {
  const elsewhere = text === undefined || /apiUrl|pdpUrl/i.test(text);
  const { flags, env } = input;
  const named = [flags.githubUrl ?? env.GITHUB_API_URL, env.PERMIT_API_URL, env.PERMIT_PDP_URL].every((url) =>
    url?.trim(),
  );
  if (elsewhere && !named) return undefined;
  try {
    return loadPermitSettings({
      ...input,
      // The rules are not known, so no tenant is checked.
      flags: { ...input.flags, config: undefined, tenant: ORG_PLACEHOLDER },
      env: { ...input.env, GH_PERMIT_SYNC_CONFIG: undefined },
      readFile: () => {
        throw Object.assign(new Error('not read'), { code: 'ENOENT' });
      },
    });
  } catch {
    return undefined;
  }
}

const NOT_CHECKED = warning(
  'settings.not-checked',
  'GitHub, Permit and the PDP were not asked, because their addresses are not known',
  'correct the settings, and run doctor again',
);

/** Reads files as the config does, and remembers what it has read. */
function recording(): { readonly readFile: ReadFile; readonly textRead: () => string | undefined } {
  const texts: string[] = [];
  return {
    readFile: (path, most) => {
      const bytes = readRegularFile(path, most);
      texts.push(new TextDecoder().decode(bytes));
      return bytes;
    },
    textRead: () => (texts.length === 0 ? undefined : texts.join('\n')),
  };
}

/** With `github.orgs: installed`: the settings with the organizations of the App, and what is wrong with them. */
export async function askForInstalledOrgs(known: KnownSettings, ports: ClientPorts): Promise<KnownSettings> {
  const { settings, gitHub, findings } = known;
  if (!settings?.isInstalled || gitHub === undefined) return known;
  const id = 'settings.organizations';
  try {
    requireAppFor(gitHub);
    const given = { ...settings, github: { ...settings.github, auth: gitHub } };
    const asked = await withInstalledOrgs({ ...given, suspendedOrgs: [] as readonly string[] }, ports);
    return {
      ...known,
      settings: asked,
      gitHub: asked.github.auth,
      findings: [
        ...findings,
        ok(id, `the GitHub App is installed in ${enumerate(asked.orgs)}`),
        ...asked.suspendedOrgs.map((org) =>
          warning(
            `${id}:${org}`,
            `the installation in ${org} is suspended: nothing is given or taken there`,
            'unsuspend it, or uninstall it',
          ),
        ),
      ],
    };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return { ...known, findings: [...findings, failed(id, error.message, error.hint)] };
  }
}
