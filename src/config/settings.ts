import type { GitHubAppCredentials, GitHubToken } from '../model/connections/github-credentials.ts';
import type { Proxies } from '../model/connections/proxies.ts';
import type { OrgId, OrgPins } from '../model/identity.ts';
import type { Limits, Mode, Overrides } from '../model/limits.ts';
import type { PaceLimits } from '../model/pace.ts';
import type { WantedPolicy } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';
import type { RepositorySettings } from '../model/repositories/facts.ts';
import type { Rule } from '../model/rule.ts';
import type { UserSettings } from '../model/user.ts';

/** Credentials for GitHub, and which variable a token comes from. */
export type GitHubAuth =
  | (GitHubToken & { readonly variable: 'GH_TOKEN' | 'GITHUB_TOKEN' })
  | GitHubAppCredentials;

export const ADOPTIONS = ['none', 'plain', 'all'] as const satisfies readonly UserSettings['adopt'][];

/** The values that apply if neither a flag, the environment nor the file sets others. */
export const DEFAULTS = {
  owner: 'default',
  tenant: 'default',
  gitHubUrl: 'https://api.github.com',
  permitUrl: 'https://api.permit.io',
  pdpUrl: 'https://cloudpdp.api.permit.io',
  timeoutMs: 30 * 60_000,
  lockWaitMs: 5 * 60_000,
} as const;

/** All settings of a run, checked and complete: no other module reads flags, environment or files. */
export type Settings = {
  /** Follows `gh-permit-sync:` in `managed_by`. */
  readonly owner: string;
  readonly mode: Mode;
  /** No two differ only in case. Empty with `isInstalled` until GitHub was asked, otherwise at least one. */
  readonly orgs: readonly string[];
  /** `orgs`, and those of the config file that `--org` or GITHUB_ORG left out of this run. */
  readonly configuredOrgs: readonly string[];
  /** Whether all organizations that the GitHub App is installed in are synced. */
  readonly isInstalled: boolean;
  /** Organizations in which the App's installation is suspended: they cannot be read. */
  readonly suspendedOrgs: readonly string[];
  /** Undefined if the config pins no id. */
  readonly orgPins: OrgPins | undefined;
  readonly github: {
    readonly apiUrl: string;
    readonly proxies: Proxies;
    readonly auth: GitHubAuth;
    /** The slug of the enterprise whose identity provider is used for organizations that show none. */
    readonly enterprise?: string | undefined;
  };
  readonly permit: {
    readonly apiUrl: string;
    readonly pdpUrl: string;
    readonly proxies: Proxies;
    readonly apiKey: string;
    /** Tenant of rules that name none; may contain `{org}`. */
    readonly tenant: string;
    /** Permit's rate limits. Requests wait to stay within them. */
    readonly pace: PaceLimits;
  };
  /** Undefined if the config mirrors no repositories. */
  readonly repositories?: RepositorySettings | undefined;
  readonly users: UserSettings;
  /** Whether a flag, the environment or the file set `users.key`; if not, a run never moves anyone to that template. */
  readonly userKeyChosen: boolean;
  /** Whether the config file has rules. Without them the default ones apply. */
  readonly hasRules: boolean;
  /** From the strongest to the weakest. */
  readonly rules: readonly Rule[];
  /** Patterns `tenant/role` of grants that are managed even though no rule gives them. */
  readonly manages: readonly string[];
  readonly limits: Limits;
  readonly overrides: Overrides;
  /** Organizations to permanently stop managing in this run, by numeric id. */
  readonly retiredOrgs: readonly OrgId[];
  /** Slugs, in lower case, that may belong to another team from now on. */
  readonly acceptedTeams: readonly string[];
  /** Undefined unless unmanaged grants are to be pruned. */
  readonly pruneUnmanaged: number | undefined;
  /** Undefined if the config says nothing about it. */
  readonly policy: WantedPolicy | undefined;
  readonly redis: {
    readonly prefix: string;
    /** Where Redis is. It may hold a password. Undefined if REDIS_URL is unset. */
    readonly url: string | undefined;
  };
  /** Warnings about the settings. They change no exit code. */
  readonly warnings: readonly Problem<'GITHUB_URL_CONFLICT'>[];
  /** For the whole run. */
  readonly timeoutMs: number;
  /** How long a run waits for the lock, where runs share a Redis. */
  readonly lockWaitMs: number;
  /** Path of the config file that was read, as it was named, if there was one. */
  readonly configFile: string | undefined;
  /**
   * Flags that a suggested command has to repeat, each quoted for a shell: those that name organizations, config and
   * target.
   */
  readonly repeatedFlags: readonly string[];
  /** The flags that `apply` must repeat, since they change the plan. */
  readonly planFlags: readonly string[];
  /** Every secret value of the environment in every form that could leak, the longest first. */
  readonly secrets: readonly string[];
};

/**
 * What a command that talks only to Permit knows: `orgs` may be empty, and neither GitHub's credentials nor the address
 * of Redis are read.
 */
export type PermitSettings = Omit<Settings, 'github' | 'redis'> & {
  readonly github: Omit<Settings['github'], 'auth'>;
  readonly redis: Pick<Settings['redis'], 'prefix'>;
};

/** What the command line says; an absent flag is undefined, and then environment, file or default decide. */
export type SettingFlags = {
  readonly config?: string | undefined;
  /** Each may hold several names, separated by commas. */
  readonly org?: readonly string[] | undefined;
  readonly githubUrl?: string | undefined;
  readonly tenant?: string | undefined;
  readonly userKey?: string | undefined;
  readonly mode?: string | undefined;
  readonly timeout?: string | undefined;
  readonly lockWait?: string | undefined;
  readonly allowHttp?: boolean | undefined;
  /** True for `--adopt` without a value. */
  readonly adopt?: string | boolean | undefined;
  readonly allowRemovals?: string | number | undefined;
  readonly allowDemotions?: string | number | undefined;
  readonly allowMoves?: string | number | undefined;
  readonly allowRepositories?: string | number | undefined;
  readonly allowLinks?: string | number | undefined;
  readonly allowDuplicates?: string | number | undefined;
  readonly retireOrg?: readonly string[] | undefined;
  readonly acceptTeam?: readonly string[] | undefined;
  readonly pruneUnmanaged?: string | number | undefined;
  /** Each "TENANT/ROLE=N". */
  readonly allowFloor?: readonly string[] | undefined;
};

export type Environment = Readonly<Record<string, string | undefined>>;
