import { withParser } from '../../config/parser.ts';
import type { QueueSettings } from '../../config/queue-settings.ts';
import { openWaker, type Waker, watch, watchSchedule } from '../../drain/watch.ts';
import { auditLogChanges, ownerChanges, watchRoles } from '../../drain/watch-roles.ts';
import { startStopWithin } from '../../http/stop.ts';
import { SyncError } from '../../model/errors.ts';
import type { QueueProducer } from '../../model/webhooks/queue.ts';
import { hearArrivals } from '../../queue/arrivals.ts';
import type { RedisConnection } from '../../queue/redis.ts';
import { openSharedState, type RedisState, sharedStateOn } from '../../queue/shared-state.ts';
import { summarize } from '../../report/pages/run-summary.ts';
import type { RunReport } from '../../report/run-report.ts';
import { warningsOf } from '../../report/warnings.ts';
import { duration } from '../../report/words.ts';
import type { ClientPorts } from '../../run/clients.ts';
import { withInstalledOrgs } from '../../run/installed-orgs.ts';
import { refusal } from '../../run/run-status.ts';
import { openServices } from '../../run/services.ts';
import type { CommandOutcome, Context } from '../command.ts';
import type { CommonOptions, receiverDrainFlags, ValuesOf } from '../flags.ts';
import type { Log } from '../log.ts';
import { openProgress } from '../progress.ts';
import { keepHeapSmall } from '../small-heap.ts';
import {
  type DrainSession,
  type DrainSettings,
  loadDrainSettings,
  openDrainSession,
  type SessionPorts,
} from './drain-session.ts';
import { type AuditOptions, openRunAudit } from './run-audit.ts';
import { lastingWarnings } from './run-notes.ts';
import { runOutcome } from './run-outcome.ts';

/** Processes the queue once, or with `watch` until a signal ends it. */
export async function runDrain(
  context: Context<DrainSettings>,
  options: CommonOptions & AuditOptions & { readonly watch: boolean | undefined },
): Promise<CommandOutcome> {
  const { log, ports } = context;
  const { stop } = ports;
  const settings = await withInstalledOrgs(context.settings, ports);
  const { owner, redis, redisUrl: url } = settings;
  const stays = options.watch === true;
  const shared = await openSharedState({
    ...{ url, prefix: redis.prefix, owner, command: 'drain' },
    onWait: context.counter.onWait,
  });
  try {
    context.noteOnFailure(() => [...lastingWarnings(settings, undefined), ...shared.takeTampering()]);
    const draining = openDraining(settings, options, { ...context, shared, stays });
    try {
      if (!stays) return runOutcome((await draining.session.round('now')).report, false);
      log.info('watching the queue');
      const waker = openWaker(stop.signal);
      const over = new AbortController();
      const hearing = hearArrivals({ url, prefix: redis.prefix }, waker.wake, over.signal);
      try {
        await draining.watch(waker, (report) => context.print(runOutcome(report, false)));
      } finally {
        over.abort();
        await hearing;
      }
      return { exitCode: 0 };
    } finally {
      await draining.close();
    }
  } finally {
    shared.close();
  }
}

/**
 * Opens the drain of `receive --drain`: the whole system in one process.
 * @returns `wake` makes it process new entries at once. `ended` resolves once it has ended, and rejects if it can't
 *   continue. `end` ends it after the requests in flight.
 * @throws SyncError for settings, before anything is received.
 */
export async function openDrainBeside(
  context: Context<Pick<QueueSettings, 'redis'>>,
  options: CommonOptions & ValuesOf<typeof receiverDrainFlags>,
  redis: RedisConnection,
): Promise<{
  readonly wake: () => void;
  readonly ended: Promise<void>;
  readonly end: () => Promise<void>;
}> {
  const { terminal, log } = context;
  const given = loadDrainSettings(
    await withParser({ flags: options, env: terminal.env, cwd: process.cwd() }),
  );
  const settings = await withInstalledOrgs(given, context.ports);
  const { prefix } = settings.redis;
  const shared = sharedStateOn(redis, {
    ...{ prefix, owner: settings.owner, command: 'receive --drain' },
    onWait: context.counter.onWait,
  });
  const progress = await openProgress(terminal, log, true);
  const control = startStopWithin(context.control.stop, Number.POSITIVE_INFINITY);
  const { stop } = control;
  const draining = openDraining(settings, options, {
    ...{ ...context, progress, shared, stays: true },
    ports: { ...context.ports, stop },
  });
  const waker = openWaker(stop.signal);
  const ended = draining
    .watch(waker, (report) => logRound(report, log))
    .finally(async () => {
      await draining.close();
      control.dispose();
    });
  // Awaited later; until then a failure must not crash the program.
  ended.catch(() => undefined);
  return {
    wake: waker.wake,
    ended,
    end: async () => {
      control.end({ kind: 'signal', name: 'the end of the receiver' });
      // `ended` reports what broke it.
      await ended.catch(() => undefined);
    },
  };
}

/** A line for a round, and one for each warning: stdout is not used here. */
function logRound(report: RunReport, log: Log): void {
  const { verdict, sentence, facts } = summarize(report);
  log.info(`${verdict}: ${sentence} (${facts})`);
  for (const { code, message } of warningsOf(report)) log.info(`${code}: ${message}`);
  if (report.status === 'refused') log.error(refusal(report));
}

type DrainingPorts = Omit<SessionPorts, 'audit' | 'flags'> & Pick<Context<unknown>, 'log' | 'record'>;

/** @throws SyncError `USAGE` if the audit file can't be written. */
function openDraining(settings: DrainSettings, options: CommonOptions & AuditOptions, ports: DrainingPorts) {
  keepHeapSmall();
  const { shared, log } = ports;
  const { stop } = ports.ports;
  const audit = openRunAudit(options, ports.terminal);
  const session = openDrainSession(settings, { ...ports, audit, flags: settings.repeatedFlags });
  return {
    session,
    /**
     * Drains until it is stopped. With `--watch-owners`, also watches the roles of organizations.
     * @param tell receives the report of every round that had something to do or to warn about.
     */
    watch: async (waker: Waker, tell: (report: RunReport) => void): Promise<void> => {
      const { watchOwnersMs, retryIntervalMs } = settings;
      const over = new AbortController();
      const ended = AbortSignal.any([over.signal, stop.signal]);
      const watching =
        watchOwnersMs > 0 && watchAllRoles(settings, ports, waker, session.queue.append, ended);
      try {
        await drainUntilStopped(session, {
          ...{ waker, log, tell, stop, runs: shared.record, retryIntervalMs },
          record: (report) => ports.record(report ? runOutcome(report, false) : { exitCode: 1 }),
        });
      } finally {
        over.abort();
        await watching;
      }
    },
    close: async (): Promise<void> => {
      await session.queue.leave();
      audit?.close();
    },
  };
}

/** Watches owners and audit logs until `ended`. Reports an error and returns, since the rounds report it too. */
async function watchAllRoles(
  settings: DrainSettings,
  { ports: clientPorts, shared, log }: DrainingPorts,
  waker: Waker,
  append: QueueProducer['append'],
  ended: AbortSignal,
): Promise<void> {
  const ports = {
    ...{ everyMs: settings.watchOwnersMs, wake: waker.wake, append },
    orgs: settings.orgs.filter((org) => !settings.suspendedOrgs.includes(org)),
    isStopped: () => ended.aborted,
    now: () => new Date(),
  };
  try {
    const { github } = openServices(settings, { ...clientPorts, mayWrite: false });
    await Promise.all([
      watchRoles(ownerChanges(github.listOwners), {
        ...ports,
        pause: openWaker(ended).pause,
        onUnreadable: (org) => log.info(`the owners of ${org} can't be read; a full run finds changed roles`),
      }),
      watchRoles(auditLogChanges(github.readRoleChanges, shared.auditCursor), {
        ...ports,
        pause: openWaker(ended).pause,
        onUnreadable: (org) =>
          log.info(
            `GitHub shows no audit log of ${org} to this credential; a full run finds changed organization roles`,
          ),
      }),
    ]);
  } catch (error) {
    if (!clientPorts.stop.signal.aborted && error instanceof SyncError) log.error(error);
  }
}

/** Drains again and again until it is stopped. */
export function drainUntilStopped(
  session: DrainSession,
  {
    retryIntervalMs,
    stop,
    runs,
    waker,
    log,
    tell,
    record,
  }: Pick<DrainSettings, 'retryIntervalMs'> &
    Pick<ClientPorts, 'stop'> & {
      readonly runs: Pick<RedisState['record'], 'fullRuns'>;
      readonly waker: Waker;
      readonly log: Log;
      readonly tell: (report: RunReport) => void;
      /** Receives the report of every round, for monitoring; undefined for one that could do nothing. */
      readonly record: (report: RunReport | undefined) => Promise<void>;
    },
): Promise<void> {
  const checkSchedule = watchSchedule(runs, log.info, () => performance.now());
  return watch({
    round: async (retry) => {
      await checkSchedule();
      const { drained, report, isTampered } = await session.round(retry);
      if (drained.reconciled || drained.failed > 0 || isTampered) tell(report);
      await record(report);
      return drained;
    },
    queue: session.queue,
    retryIntervalMs,
    pause: waker.pause,
    isStopped: () => stop.signal.aborted,
    onFailure: async ({ code, message, hint }, waitMs) => {
      log.error({
        code,
        message,
        hint: `${hint}\nnothing is lost: the next attempt is in ${duration(waitMs)}`,
      });
      await record(undefined);
    },
    now: () => performance.now(),
  });
}
