import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createGitHubSource } from '../github/github-source.ts';
import type { Service } from '../http/http-failure.ts';
import type { Pace } from '../http/pace.ts';
import type { RequestObserver } from '../http/request-observer.ts';
import { DEFAULT_RETRY } from '../http/retry.ts';
import type { Stop } from '../http/stop.ts';
import type { Schedule } from '../model/pace.ts';
import type { GitHubAcquaintance, GitHubSource, PermitReader, PermitWriter } from '../model/ports.ts';
import type { TeamMemory } from '../model/queue.ts';
import { readEnvironment } from '../permit/permit-environment.ts';
import { createPermitReader } from '../permit/permit-reader.ts';
import { openPermit } from '../permit/permit-sdk.ts';
import { createPermitWriter } from '../permit/permit-writer.ts';
import { watchTeams } from '../sync/watch-teams.ts';
import { VERSION } from '../version.ts';
import type { Log } from './log.ts';
import type { Progress } from './progress.ts';

export type Services = {
  readonly github: GitHubSource & GitHubAcquaintance;
  readonly reader: PermitReader;
  /** Undefined unless the run may write. */
  readonly writer: PermitWriter | undefined;
  readonly pause: (attempt: number) => Promise<void>;
  readonly schedule: Schedule;
  /** The ids of the project and the environment that are written to. */
  readonly environment: () => Promise<{ readonly project: string; readonly environment: string }>;
};

export type CountingObserver = RequestObserver & {
  readonly requests: { github: number; permit: number };
  /** Writes to Permit, repeated ones included. */
  readonly writes: { readonly begun: number; readonly underWay: number };
  /** When the GitHub token expires, in milliseconds since the epoch; undefined until GitHub says it. */
  readonly tokenExpiresMs: () => number | undefined;
};

/** An observer that counts, tells `log` how each request ended, and `progress` what is waited for. */
export function countingObserver(log: Log, progress?: Pick<Progress, 'waits'>): CountingObserver {
  const writes = { begun: 0, underWay: 0 };
  const requests = { github: 0, permit: 0 };
  let tokenExpiresMs: number | undefined;
  const name = (service: Service): 'github' | 'permit' => (service === 'GitHub' ? 'github' : 'permit');
  return {
    requests,
    writes,
    tokenExpiresMs: () => tokenExpiresMs,
    onTokenExpiry: (expiresMs) => {
      tokenExpiresMs = expiresMs;
    },
    onStart: (service, isWrite = false) => {
      requests[name(service)]++;
      if (!isWrite) return;
      writes.begun++;
      writes.underWay++;
    },
    onWait: (limit, ms) => {
      log.debug(`waiting for ${limit} (${Math.ceil(ms / 1000)} s)`);
      return progress?.waits(limit, ms) ?? (() => undefined);
    },
    onEnd: (service, request, status, durationMs) => {
      if (service === 'Permit' && !request.startsWith('GET '))
        writes.underWay = Math.max(0, writes.underWay - 1);
      log.debug(`${service} ${request} ${status ?? 'no answer'} (${Math.round(durationMs)} ms)`, {
        service: name(service),
        request,
        status,
        durationMs: Math.round(durationMs),
      });
    },
  };
}

export type ServiceOptions = {
  readonly stop: Stop;
  readonly observer: RequestObserver;
  readonly mayWrite: boolean;
  readonly inActions: boolean;
  /** Proves, right before each write, that it is still this run's turn. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
  /** Undefined where runs share no Redis, and nothing remembers. */
  readonly teams?: TeamMemory | undefined;
  /** Of a process that runs again and again. */
  readonly sharedPace?: Pace | undefined;
};

/** Puts the adapters together: the one place that knows all of them. */
export function openServices(
  settings: Settings,
  { stop, observer, mayWrite, inActions, beforeWrite, teams, sharedPace }: ServiceOptions,
): Services {
  const sdk = openPermit({ ...settings.permit, stop, observer, mayWrite, beforeWrite, sharedPace });
  const github = createGitHubSource({
    apiUrl: settings.github.apiUrl,
    proxies: settings.github.proxies,
    credentials: settings.github.auth,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    observer,
    inActions,
  });
  const watch = teams && { memory: teams, accepted: settings.acceptedTeams, remembers: mayWrite };
  return {
    github: watch ? watchTeams(github, watch) : github,
    reader: createPermitReader({ sdk, stop }),
    writer: mayWrite ? createPermitWriter({ sdk, stop }) : undefined,
    environment: () => readEnvironment({ sdk, stop, retry: DEFAULT_RETRY }),
    schedule: {
      forecast: sdk.forecast,
      remainingMs: stop.remainingMs,
      timeoutMs: settings.timeoutMs,
    },
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
