import type { Settings } from '../config/settings.ts';
import { type Drained, drain, NOTHING_DRAINED } from '../drain/drain.ts';
import { openPace } from '../http/pace.ts';
import { type Stop, type StopControl, startStop, stopError } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import type { Step } from '../sync/reconcile.ts';
import type { Audit } from './audit.ts';
import { drainedReport } from './drained-report.ts';
import { failedReport } from './failed-report.ts';
import { inGitHubActions } from './github-actions.ts';
import type { Log } from './log.ts';
import type { Progress } from './progress.ts';
import { requestOf } from './requests.ts';
import { lastingWarnings } from './run-notes.ts';
import { planKeeper } from './saved-plans.ts';
import { type CountingObserver, countingObserver, openServices } from './services.ts';
import type { SharedState } from './shared-state.ts';
import type { Terminal } from './terminal.ts';

/** What the drains of one process have in common. */
export type DrainSession = {
  /** One drain, bounded by `--timeout`. @throws SyncError when nothing could be done. */
  readonly round: (
    retry: 'now' | 'when due',
  ) => Promise<{ readonly drained: Drained; readonly report: RunReport }>;
  /** The queue of this process: what one of its rounds has given back, the next may take. */
  readonly queue: ReturnType<SharedState['openQueue']>;
  /** Of the last round, however it ended. */
  readonly requests: () => RunReport['requests'];
  /** Of the last round. */
  readonly writes: CountingObserver['writes'];
};

export type DrainSettings = Settings & { readonly settleMs: number };

type SessionPorts = {
  readonly shared: SharedState;
  readonly terminal: Terminal;
  readonly log: Log;
  readonly progress: Progress;
  readonly audit: Audit | undefined;
  /** The flags that a suggested command has to repeat. */
  readonly flags: readonly string[];
  /** Of the process; every round has its own bound besides. */
  readonly stop: Stop;
  /** Whether it goes on draining: then hints don't make it list organizations again and again. */
  readonly stays: boolean;
};

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Asking GitHub and Permit about the people in the queue',
  look: 'Asking GitHub again about everybody who would lose something',
  apply: 'Applying the plan',
};

export function openDrainSession(
  settings: DrainSettings,
  { shared, terminal, log, progress, audit, flags, stop, stays }: SessionPorts,
): DrainSession {
  let isRepaired = false;
  const queue = shared.openQueue({
    onRepair: () => {
      isRepaired = true;
    },
  });
  // The limits are the environment's: rounds that follow one another share them.
  const pace = openPace(settings.permit.pace, stop.signal, countingObserver(log, progress).onWait);
  let requests: RunReport['requests'] = { github: 0, permit: 0 };
  let writes: CountingObserver['writes'] = { begun: 0, underWay: 0 };
  const round: DrainSession['round'] = async (retry) => {
    const began = performance.now();
    const observer = countingObserver(log, progress);
    requests = observer.requests;
    writes = observer.writes;
    const control = boundBy(stop, settings.timeoutMs);
    const facts = () => ({
      command: 'drain' as const,
      dryRun: false,
      orgs: settings.orgs,
      flags,
      notes: [...lastingWarnings(settings, observer.tokenExpiresMs()), ...shared.takeTampering()],
      requests: { ...observer.requests },
      durationMs: Math.round(performance.now() - began),
    });
    try {
      // Nothing is asked of Permit as long as nothing waits.
      if ((await queue.status()).pending === 0) {
        return { drained: NOTHING_DRAINED, report: drainedReport(NOTHING_DRAINED, 0, control, facts()) };
      }
      const { environment, ...services } = openServices(settings, {
        stop: control.stop,
        observer,
        mayWrite: true,
        inActions: inGitHubActions(terminal.env),
        beforeWrite: shared.turn.prove,
        teams: shared.teams,
        sharedPace: pace,
      });
      const { writer } = services;
      if (!writer) throw new Error('a drain without a writer');
      const place = await environment();
      await shared.bind(`${place.project}/${place.environment}`, 'record');
      const request = requestOf(settings);
      const keeping = { approved: undefined, logins: undefined, out: undefined };
      const keep = planKeeper(keeping, {
        request,
        settings,
        environment,
        audit,
        now: () => new Date(),
        concealed: terminal.concealed,
      });
      const drained = await drain(
        {
          ...request,
          settleMs: settings.settleMs,
          lockWaitMs: settings.lockWaitMs,
          retry,
          listings: stays ? 'bounded' : 'unbounded',
        },
        {
          ...services,
          writer,
          queue,
          lock: shared.turn.lock,
          budget: shared.budget,
          listingBudget: shared.listingBudget,
          record: shared.record,
          onJudged: keep.onJudged,
          onApplied: audit?.onApplied,
          announce: (step) => progress.show(STEP_TEXT[step]),
          signal: control.stop.signal,
          sleep: (ms) => pauseFor(ms, control.stop.signal),
          now: () => new Date(),
        },
      );
      const { pending } = await queue.status().catch(() => ({ pending: drained.released.length }));
      const report = drainedReport({ ...drained, isRepaired }, pending, control, facts());
      isRepaired = false;
      return { drained, report };
    } catch (error) {
      const reason = control.stop.reason();
      throw reason ? stopError(reason) : error;
    } finally {
      control.dispose();
      progress.done();
    }
  };
  return {
    round,
    queue,
    requests: () => ({ ...requests }),
    get writes() {
      return writes;
    },
  };
}

/** A bound of its own, which the end of the process ends as well. */
function boundBy(outer: Stop, timeoutMs: number): StopControl {
  const control = startStop(timeoutMs);
  const end = (): void => {
    const reason = outer.reason();
    if (reason) control.end(reason);
  };
  if (outer.signal.aborted) end();
  else outer.signal.addEventListener('abort', end, { once: true });
  return {
    ...control,
    stop: { ...control.stop, abandoned: outer.abandoned },
    dispose: () => {
      outer.signal.removeEventListener('abort', end);
      control.dispose();
    },
  };
}

/** @throws the signal's reason. */
async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises');
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** The report of a drain that could do nothing. */
export const undrainedReport = (
  error: unknown,
  orgs: readonly string[],
  durationMs: number,
  requests: RunReport['requests'] = { github: 0, permit: 0 },
  notes: readonly Warning[] = [],
): RunReport => {
  const facts = { command: 'drain' as const, orgs, durationMs, requests, notes };
  if (error instanceof SyncError) return failedReport(error, false, facts);
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return failedReport(
    { code: 'INTERNAL', message: words, hint: 'this is a bug: please report it' },
    false,
    facts,
  );
};
