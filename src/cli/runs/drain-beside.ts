import type { QueueSettings } from '../../config/queue-settings.ts';
import { openWaker } from '../../drain/waker.ts';
import { startStopWithin } from '../../http/stop.ts';
import type { RedisConnection } from '../../queue/redis.ts';
import { sharedStateOn } from '../../queue/shared-state.ts';
import { summarize } from '../../report/pages/run-summary.ts';
import type { RunReport } from '../../report/run-report.ts';
import { warningsOf } from '../../report/warnings.ts';
import type { Context } from '../command.ts';
import type { CommonOptions } from '../flags.ts';
import type { Log } from '../log.ts';
import { openProgress } from '../progress.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { loadDrainSettings, openDrainSession } from './drain-session.ts';
import { watchQueue } from './drain-watch.ts';
import { type AuditOptions, openRunAudit } from './run-audit.ts';
import { repeatedFlags } from './run-notes.ts';
import { refusal } from './run-outcome.ts';

/** The flags of `receive` that concern its drain. */
export type BesideOptions = CommonOptions &
  AuditOptions & {
    readonly settle: string | undefined;
    readonly retryInterval: string | undefined;
    readonly lockWait: string | undefined;
  };

/** The drain of `receive --drain`: the whole system in one process. */
type DrainBeside = {
  /** Something was queued: process it at once. */
  readonly wake: () => void;
  /** Rejects when the drain can't go on; resolves once it has ended. */
  readonly ended: Promise<void>;
  /** Ends it after the requests under way. */
  readonly end: () => Promise<void>;
};

/** @throws SyncError for settings, before anything is received. */
export async function openDrainBeside(
  { terminal, log, counter, control: { stop: outer } }: Context<Pick<QueueSettings, 'redis'>>,
  options: BesideOptions,
  redis: RedisConnection,
): Promise<DrainBeside> {
  keepHeapSmall();
  const settings = loadDrainSettings(options, terminal.env);
  const audit = openRunAudit(options, terminal);
  const { owner, redis: queue, retryIntervalMs } = settings;
  const shared = sharedStateOn(redis, { prefix: queue.prefix, owner, command: 'receive --drain' });
  const control = startStopWithin(outer, Number.POSITIVE_INFINITY);
  const progress = await openProgress(terminal, true);
  const { stop } = control;
  const flags = repeatedFlags(options);
  const ports = { shared, terminal, progress, counter, audit, flags, stop, stays: true };
  const session = openDrainSession(settings, ports);
  const waker = openWaker(stop.signal);
  const ended = watchQueue(session, {
    ...{ retryIntervalMs, stop, waker, log, runs: shared.record },
    tell: (report) => logRound(report, log),
  }).finally(async () => {
    await session.queue.leave();
    audit?.close();
    control.dispose();
  });
  // It is awaited later; until then a failure must not end the program by itself.
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
