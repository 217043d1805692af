import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createGitHubSource } from '../github/github-source.ts';
import type { Pace } from '../http/pace.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { DEFAULT_RETRY } from '../http/retry.ts';
import type { Stop } from '../http/stop.ts';
import { folded } from '../model/identity.ts';
import type { Schedule } from '../model/pace.ts';
import type {
  AuditLogReader,
  GitHubAcquaintance,
  GitHubSource,
  OwnerLister,
  PermitReader,
  PermitWriter,
} from '../model/ports.ts';
import { defined } from '../model/text/record.ts';
import type { TeamMemory } from '../model/webhooks/queue.ts';
import { createPermitReader } from '../permit/permit-reader.ts';
import { openPermit, type SharedScope } from '../permit/permit-sdk.ts';
import { createPermitWriter } from '../permit/permit-writer.ts';
import { readEnvironment, readEnvironmentKeys } from '../permit/requests.ts';
import type { Target } from '../report/run-report.ts';
import type { ApiUrls, PermitPlace } from '../sync/config-digest.ts';
import type { ReconcileRequest } from '../sync/run.ts';
import { watchTeams } from '../sync/watch-teams.ts';
import { VERSION } from '../version.ts';
import { withoutSuspended } from './installed-orgs.ts';

export type Services = {
  readonly github: GitHubSource & GitHubAcquaintance & OwnerLister & AuditLogReader;
  readonly reader: PermitReader;
  /** Undefined unless the run may write. */
  readonly writer: PermitWriter | undefined;
  readonly pause: (attempt: number) => Promise<void>;
  readonly now: () => Date;
  readonly schedule: Schedule;
  /** The ids of the project and the environment that are written to. */
  readonly environment: () => Promise<PermitPlace>;
  /**
   * The same for the report: their keys, if the API key may read them. It runs in parallel, so it costs no time.
   */
  readonly environmentKeys: () => Promise<PermitPlace>;
};

type ServiceOptions = {
  readonly stop: Stop;
  readonly observer: RequestObserver;
  readonly mayWrite: boolean;
  readonly inActions: boolean;
  /** Proves, right before each write, that this run still holds the lock. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
  /** Undefined if runs share no Redis: then nothing is remembered. */
  readonly teams?: TeamMemory | undefined;
  /** For a process that runs repeatedly. */
  readonly sharedPace?: Pace | undefined;
  /** For such a process too. */
  readonly sharedScope?: SharedScope | undefined;
};

/** Wires the adapters together: the only place that knows all of them. */
export function openServices(
  settings: Settings,
  { stop, observer, mayWrite, inActions, beforeWrite, teams, sharedPace, sharedScope }: ServiceOptions,
): Services {
  const shared = { sharedPace, sharedScope };
  const sdk = openPermit({ ...settings.permit, stop, observer, mayWrite, beforeWrite, ...shared });
  const github = createGitHubSource({
    apiUrl: settings.github.apiUrl,
    proxies: settings.github.proxies,
    credentials: settings.github.auth,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    observer,
    inActions,
    configuredOrgs: settings.configuredOrgs.map((org) => ({ org, id: settings.orgPins?.[folded(org)] })),
  });
  const watch = teams && { memory: teams, accepted: settings.acceptedTeams, remembers: mayWrite };
  return {
    github: withoutSuspended(watch ? watchTeams(github, watch) : github, settings.suspendedOrgs),
    reader: createPermitReader({ sdk, stop }),
    writer: mayWrite ? createPermitWriter({ sdk, stop }) : undefined,
    environment: () => readEnvironment({ sdk, stop, retry: DEFAULT_RETRY }),
    // Rules about resources cost two more reads of Permit, and CONTRACT §11 limits their number.
    environmentKeys: () =>
      readEnvironmentKeys(
        sdk,
        settings.rules.every(({ resource }) => resource === undefined),
      ),
    schedule: {
      forecast: sdk.forecast,
      remainingMs: stop.remainingMs,
      timeoutMs: settings.timeoutMs,
    },
    now: () => new Date(),
    pause: async (attempt) => {
      // Never shorter than this: six of them have to outlast the minute by which Permit's listings may lag.
      const waitMs = Math.min(30_000, 1000 * 2 ** (attempt - 1)) * (1 + Math.random() / 4);
      const over = observer.onWait?.('Permit to show what it holds', waitMs);
      await sleep(waitMs, undefined, { signal: stop.signal })
        .catch(() => stop.signal.throwIfAborted())
        .finally(over);
    },
  };
}

/** The request that the settings describe. @param logins narrows it to these people. */
export const requestOf = (settings: Settings, logins?: readonly string[]): ReconcileRequest => ({
  rules: settings.rules,
  configuredOrgs: settings.configuredOrgs,
  listedOrgs: settings.orgs,
  owner: settings.owner,
  tenant: settings.permit.tenant,
  manages: settings.manages,
  userSettings: settings.users,
  userKeyChosen: settings.userKeyChosen,
  mode: settings.mode,
  ...defined({
    orgPins: settings.orgPins,
    enterprise: settings.github.enterprise,
    repositories: settings.repositories,
  }),
  logins,
  limits: settings.limits,
  overrides: settings.overrides,
  retiredOrgs: settings.retiredOrgs,
  pruneUnmanaged: settings.pruneUnmanaged,
  policyCommand: ['gh-permit-sync policy', ...settings.repeatedFlags].join(' '),
});

export const apiUrlsOf = ({ github, permit }: Settings): ApiUrls => ({
  github: github.apiUrl,
  permit: permit.apiUrl,
});

/**
 * Begins to read where the run writes.
 * @returns waits for it, once the run is over: by then nothing new has to be asked.
 */
export function targetOf(
  { permit: { apiUrl } }: Pick<Settings, 'permit'>,
  { environment, environmentKeys }: Pick<Services, 'environment' | 'environmentKeys'>,
): () => Promise<Target | undefined> {
  const keys = environmentKeys().catch(() => undefined);
  // A stopped run may not know it, and has more important things to report.
  const known = async () => (await keys) ?? (await environment().catch(() => undefined));
  return async () => {
    const place = await known();
    return place && { ...place, apiUrl };
  };
}
