import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createGitHubSource } from '../github/github-source.ts';
import type { Pace } from '../http/pace.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { DEFAULT_RETRY } from '../http/retry.ts';
import { folded } from '../model/identity.ts';
import type { Schedule } from '../model/pace.ts';
import type {
  AuditLogReader,
  GitHubSource,
  OwnerLister,
  PermitReader,
  PermitWriter,
  PersonLookup,
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
import { type ClientPorts, gitHubOptions } from './clients.ts';
import { withoutSuspended } from './installed-orgs.ts';

export type Services = {
  readonly github: GitHubSource & PersonLookup & OwnerLister & AuditLogReader;
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
   * @param over resolves when the run has ended. What may not be read before is read then.
   */
  readonly environmentKeys: (over: Promise<void>) => Promise<PermitPlace>;
};

type ServiceOptions = ClientPorts & {
  readonly mayWrite: boolean;
  /** Proves, right before each write, that this run still holds the lock. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
  /** Undefined if runs share no Redis: then nothing is remembered. */
  readonly teams?: TeamMemory | undefined;
  /** For a process that runs repeatedly. */
  readonly sharedPace?: Pace | undefined;
  /** For such a process too. */
  readonly sharedScope?: SharedScope | undefined;
};

/**
 * How many requests about roles, tenants, resources and instances leave one to spare for the project's key: Permit gets
 * at most 6 beside the pages of users (CONTRACT §11), and the scope and the environment's key are two.
 */
const MAX_OTHER_REQUESTS = 3;

/** Wires the adapters together: the only place that knows all of them. */
export function openServices(
  settings: Settings,
  { mayWrite, beforeWrite, teams, sharedPace, sharedScope, ...ports }: ServiceOptions,
): Services {
  const shared = { sharedPace, sharedScope };
  const { stop, observer } = ports;
  let sent = 0;
  const onStart: RequestObserver['onStart'] = (service, isWrite) => {
    if (service === 'Permit') sent += 1;
    observer.onStart(service, isWrite);
  };
  const permit = { ...settings.permit, stop, observer: { ...observer, onStart }, mayWrite, beforeWrite };
  const sdk = openPermit({ ...permit, ...shared });
  const reader = createPermitReader({ sdk, stop });
  let asked = 0;
  const github = createGitHubSource({
    ...gitHubOptions(settings.github, settings.github.auth, ports),
    configuredOrgs: settings.configuredOrgs.map((org) => ({ org, id: settings.orgPins?.[folded(org)] })),
  });
  const watch = teams && { memory: teams, accepted: settings.acceptedTeams, remembers: mayWrite };
  return {
    github: withoutSuspended(watch ? watchTeams(github, watch) : github, settings.suspendedOrgs),
    reader: {
      ...reader,
      findMissing: async (...about) => {
        const before = sent;
        const missing = await reader.findMissing(...about);
        asked += sent - before;
        return missing;
      },
    },
    writer: mayWrite ? createPermitWriter({ sdk, stop }) : undefined,
    environment: () => readEnvironment({ sdk, stop, retry: DEFAULT_RETRY }),
    // Rules about resources can cost two more reads of Permit: only the end of the run shows whether one is left.
    environmentKeys: (over) =>
      readEnvironmentKeys(
        sdk,
        settings.rules.every(({ resource }) => resource === undefined) ||
          over.then(() => asked <= MAX_OTHER_REQUESTS),
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
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const keys = environmentKeys(over).catch(() => undefined);
  // A stopped run may not know it, and has more important things to report.
  const known = async () => (await keys) ?? (await environment().catch(() => undefined));
  return async () => {
    end();
    const place = await known();
    return place && { ...place, apiUrl };
  };
}
