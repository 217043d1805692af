import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { Schedule } from '../model/pace.ts';
import type { GitHubAcquaintance, GitHubSource, PermitReader, PermitWriter } from '../model/ports.ts';
import type { TeamMemory } from '../model/queue.ts';
import type { Service } from '../net/http-failure.ts';
import type { Pace } from '../net/pace.ts';
import { DEFAULT_RETRY } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import type { Wire } from '../net/wire.ts';
import { watchTeams } from '../reconcile/watch-teams.ts';
import { createGitHubSource } from '../source/github-source.ts';
import { readEnvironment } from '../target/permit-environment.ts';
import { createPermitReader } from '../target/permit-reader.ts';
import { openPermit } from '../target/permit-sdk.ts';
import { createPermitWriter } from '../target/permit-writer.ts';
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

export type CountingWire = Wire & {
  readonly requests: { github: number; permit: number };
  /** Writes to Permit, repeated ones included. */
  readonly writes: { readonly begun: number; readonly underWay: number };
};

/** A wire that counts, tells `log` how each request ended, and `progress` what is waited for. */
export function countingWire(log: Log, progress?: Pick<Progress, 'waits'>): CountingWire {
  const writes = { begun: 0, underWay: 0 };
  const requests = { github: 0, permit: 0 };
  const name = (service: Service): 'github' | 'permit' => (service === 'GitHub' ? 'github' : 'permit');
  return {
    requests,
    writes,
    began: (service, isWrite = false) => {
      requests[name(service)]++;
      if (!isWrite) return;
      writes.begun++;
      writes.underWay++;
    },
    waits: (limit, ms) => {
      log.debug(`waiting for ${limit} (${Math.ceil(ms / 1000)} s)`);
      return progress?.waits(limit, ms) ?? (() => undefined);
    },
    ended: (service, request, status, durationMs) => {
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
  readonly wire: Wire;
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
  { stop, wire, mayWrite, inActions, beforeWrite, teams, sharedPace }: ServiceOptions,
): Services {
  const sdk = openPermit({ ...settings.permit, stop, wire, mayWrite, beforeWrite, sharedPace });
  const github = createGitHubSource({
    apiUrl: settings.github.apiUrl,
    proxies: settings.github.proxies,
    credentials: settings.github.auth,
    userAgent: `gh-permit-sync/${VERSION}`,
    stop,
    wire,
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
      const over = wire.waits?.('Permit to show what it holds', waitMs);
      await sleep(waitMs, undefined, { signal: stop.signal })
        .catch(() => stop.signal.throwIfAborted())
        .finally(over);
    },
  };
}
