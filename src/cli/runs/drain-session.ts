import { durationOf } from '../../config/choose.ts';
import { loadSettings } from '../../config/load.ts';
import type { Input } from '../../config/parser.ts';
import { requireRedisUrl } from '../../config/queue-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { type DrainResult, drainRound, NOTHING_DRAINED } from '../../drain/drain.ts';
import { openPace } from '../../http/pace.ts';
import { type Stop, startStopWithin, stopError } from '../../http/stop.ts';
import type { Change } from '../../model/change.ts';
import type { GraphChange } from '../../model/repositories/graph-change.ts';
import { LOOK_AGAIN_MS } from '../../model/webhooks/queue.ts';
import { openSharedScope } from '../../permit/permit-sdk.ts';
import type { RedisState } from '../../queue/shared-state.ts';
import type { RunReport } from '../../report/run-report.ts';
import { describeDifferences } from '../../report/saved-plan.ts';
import type { ClientPorts } from '../../run/clients.ts';
import { drainedReport } from '../../run/finished-report.ts';
import { apiUrlsOf, openServices, requestOf, targetOf } from '../../run/services.ts';
import type { Audit } from '../../sync/audit/audit.ts';
import { planKeeper } from '../../sync/plan-keeper.ts';
import type { Step } from '../../sync/run.ts';
import type { Progress } from '../progress.ts';
import { countWithin, type RequestCounter } from '../request-counter.ts';
import type { Terminal } from '../terminal.ts';
import { lastingWarnings } from './run-notes.ts';

/** Waiting entries are retried after `--retry-interval`, but at least this often: the queue's longest wait. */
const MAX_POSTPONEMENT_MS = 15 * 60_000;

/** The drains of one process. */
export type DrainSession = {
  /** One drain, bounded by `--timeout`. @throws SyncError when nothing could be done. */
  readonly round: (retry: 'now' | 'when due') => Promise<{
    readonly drained: DrainResult;
    readonly report: RunReport;
    /** Whether the report says that someone else wrote to Redis. */
    readonly isTampered: boolean;
  }>;
  /** The consumer of this process: the next round may take what one round releases. */
  readonly queue: ReturnType<RedisState['openQueue']>;
};

export type DrainSettings = Settings & {
  readonly redisUrl: string;
  readonly settleMs: number;
  /** Entries that wait for an outage or a limit are retried after this, at the latest. */
  readonly retryIntervalMs: number;
  /** How often to read who the owners are; 0 for never. */
  readonly watchOwnersMs: number;
};

const SETTLE_MS = 2_000;
const RETRY_INTERVAL_MS = 5 * 60_000;

/**
 * The settings of a drain: those of a run, and Redis.
 * @throws SyncError as `loadSettings` does; `CONFIG_INVALID` without REDIS_URL.
 */
export function loadDrainSettings(
  input: Input & {
    readonly flags: {
      readonly settle?: string | undefined;
      readonly retryInterval?: string | undefined;
      readonly watchOwners?: string | undefined;
    };
  },
): DrainSettings {
  const { flags, env } = input;
  const settleMs = durationOf('--settle', flags.settle, 0) ?? SETTLE_MS;
  const retryIntervalMs = durationOf('--retry-interval', flags.retryInterval) ?? RETRY_INTERVAL_MS;
  const watchOwnersMs = durationOf('--watch-owners', flags.watchOwners, 0) ?? 0;
  const redisUrl = requireRedisUrl(env);
  const settings = loadSettings(input);
  return { ...settings, settleMs, retryIntervalMs, watchOwnersMs, redisUrl };
}

export type SessionPorts = {
  readonly shared: RedisState;
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** Counts all rounds. */
  readonly counter: RequestCounter;
  readonly audit: Audit | undefined;
  /** The flags that a suggested command has to repeat. */
  readonly flags: readonly string[];
  /** `stop` ends the process. Each round has its own time limit too. */
  readonly ports: ClientPorts;
  /** Whether the process keeps draining, so that webhooks may cause only a limited number of listings. */
  readonly stays: boolean;
};

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Asking GitHub and Permit about the people in the queue',
  look: 'Asking GitHub again about everyone who would lose something',
  apply: 'Applying the plan',
};

export function openDrainSession(
  settings: DrainSettings,
  { shared, terminal, progress, counter, audit, flags, ports, stays }: SessionPorts,
): DrainSession {
  const { stop } = ports;
  let isRepaired = false;
  const queue = shared.openQueue({
    putOffMs: [...LOOK_AGAIN_MS, MAX_POSTPONEMENT_MS].map((ms) => Math.min(ms, settings.retryIntervalMs)),
    onRepair: () => {
      isRepaired = true;
    },
  });
  // Permit's rate limits apply to the environment: consecutive rounds share them, and look up the environment once.
  const pace = openPace(settings.permit.pace, stop.signal, counter.onWait);
  const sharedScope = openSharedScope();
  const request = requestOf(settings);

  let target: ReturnType<typeof targetOf> | undefined;
  const openClients = (roundStop: Stop, observer: RequestCounter) => {
    const { writer, environment, environmentKeys, ...clients } = openServices(settings, {
      ...{ ...ports, stop: roundStop, observer, mayWrite: true },
      beforeWrite: shared.lock.assertHeld,
      teams: shared.teams,
      sharedPace: pace,
      sharedScope,
    });
    if (!writer) throw new Error('a drain without a writer');
    target ??= targetOf(settings, { environment, environmentKeys });
    const keep = planKeeper(request, {
      apiUrls: apiUrlsOf(settings),
      environment,
      now: () => new Date(),
      concealed: terminal.concealed,
      describeDifferences,
      keepers: audit ? [(saved, plan) => audit.begin(plan, saved.fingerprint)] : [],
    });
    return {
      ...clients,
      writer,
      environment,
      onJudged: keep.onJudged,
      onApplied: (changes: readonly (Change | GraphChange)[]) => {
        progress.did(changes.length);
        return audit?.onApplied(changes);
      },
    };
  };

  const round: DrainSession['round'] = async (retry) => {
    const began = performance.now();
    const ofRound = countWithin(counter);
    const control = startStopWithin(stop, settings.timeoutMs);
    try {
      const { settleMs, lockWaitMs } = settings;
      const listings = stays ? 'bounded' : 'unbounded';
      const { drained, pending } = await drainRound(
        { ...request, settleMs, lockWaitMs, retry, listings },
        {
          shared,
          queue,
          openClients: () => openClients(control.stop, ofRound),
          signal: control.stop.signal,
          announce: (step, changes) => progress.show(STEP_TEXT[step], changes),
        },
      );
      const tampering = shared.takeTampering();
      const hadEntries = pending > 0 || drained !== NOTHING_DRAINED;
      const more = { isRepaired: isRepaired && hadEntries, lostLock: shared.lostLock() };
      const report = drainedReport({ ...drained, ...more }, pending, control, {
        command: 'drain',
        dryRun: false,
        orgs: settings.orgs,
        ...{ owner: settings.owner, config: settings.configFile },
        target: await target?.(),
        flags,
        notes: [...lastingWarnings(settings, counter.tokenExpiresMs()), ...tampering],
        requests: { ...ofRound.requests },
        durationMs: Math.round(performance.now() - began),
      });
      if (hadEntries) isRepaired = false;
      return { drained, report, isTampered: tampering.length > 0 };
    } catch (error) {
      const reason = control.stop.reason();
      throw reason ? stopError(reason) : error;
    } finally {
      control.dispose();
      progress.done();
    }
  };

  return { round, queue };
}
