import type { Limits, Overrides } from '../model/limits.ts';
import type { Statement } from '../model/statement.ts';

/** `upsert-only` never takes anything away: no user deleted, no grant unassigned, no mark removed. */
export type Mode = 'sync' | 'upsert-only';

/** How to authenticate to GitHub. `installationId` is looked up per organization when it is not given. */
export type GitHubAuth =
  | { readonly kind: 'token'; readonly token: string; readonly variable: 'GH_TOKEN' | 'GITHUB_TOKEN' }
  | {
      readonly kind: 'app';
      readonly appId: string;
      /** PEM text. */
      readonly privateKey: string;
      readonly installationId: number | undefined;
    };

/** Everything a run is told, checked and complete: no other module reads flags, environment or files. */
export type Settings = {
  /** Stands in `managed_by` behind `gh-permit-sync:`. */
  readonly owner: string;
  readonly mode: Mode;
  /** At least one, no two that differ only in case. */
  readonly orgs: readonly string[];
  readonly github: { readonly apiUrl: string; readonly auth: GitHubAuth };
  readonly permit: { readonly apiUrl: string; readonly pdpUrl: string; readonly apiKey: string };
  /** From the strongest to the weakest. */
  readonly statements: readonly Statement[];
  readonly limits: Limits;
  readonly overrides: Overrides;
  /** For the whole run. */
  readonly timeoutMs: number;
  /** Path of the config file that was read, if there was one. */
  readonly configFile: string | undefined;
  /** Every secret value among the settings, so that output can be checked for them. */
  readonly secrets: readonly string[];
};

/** What the command line says; an absent flag is undefined, and then environment, file or default decide. */
export type Flags = {
  readonly config?: string | undefined;
  readonly org?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly mode?: string | undefined;
  readonly timeout?: string | undefined;
  readonly allowHttp?: boolean | undefined;
  readonly allowRemovals?: number | undefined;
  readonly allowDemotions?: number | undefined;
  /** Each "TENANT/ROLE=N". */
  readonly allowFloor?: readonly string[] | undefined;
};
