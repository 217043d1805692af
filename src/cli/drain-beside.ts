import { openWaker } from '../drain/waker.ts';
import { type StopControl, startStop } from '../http/stop.ts';
import type { RedisConnection } from '../queue/redis.ts';
import { sharedStateOn } from '../queue/shared-state.ts';
import { auditLine } from '../report/audit.ts';
import type { RunReport } from '../report/run-report.ts';
import { summarize } from '../report/summary.ts';
import { warningsOf } from '../report/warnings.ts';
import { openAudit } from '../sync/audit.ts';
import { openDrainSession } from './drain-session.ts';
import { loadDrainSettings } from './drain-settings.ts';
import { watchQueue } from './drain-watch.ts';
import type { Log } from './log.ts';
import { namedPath } from './new-file.ts';
import { refusal } from './print-report.ts';
import { openProgress } from './progress.ts';
import type { ReceiveOptions } from './receive-options.ts';
import { repeatedFlags } from './run-notes.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Terminal } from './terminal.ts';

/** The drain of `receive --drain`: the whole system in one process. */
export type DrainBeside = {
  /** Something was queued: it is worked off at once. */
  readonly wake: () => void;
  /** Rejects when the drain can't go on; resolves once it has ended. */
  readonly ended: Promise<void>;
  /** Ends it after the requests under way. */
  readonly end: () => Promise<void>;
};

/** The longest delay that a Node timer can hold. */
const LONGEST_MS = 2 ** 31 - 1;

/** @throws SyncError for settings, before anything is received. */
export async function openDrainBeside(
  options: ReceiveOptions,
  {
    terminal,
    log,
    redis,
  }: { readonly terminal: Terminal; readonly log: Log; readonly redis: RedisConnection },
): Promise<DrainBeside> {
  keepHeapSmall();
  const settings = loadDrainSettings(options, terminal.env);
  terminal.conceal(settings.secrets);
  const place = namedPath('--audit', options.audit);
  const audit =
    place &&
    openAudit(place, { now: () => new Date(), concealed: terminal.concealed, renderLine: auditLine });
  const { owner, redis: queue, retryIntervalMs } = settings;
  const shared = sharedStateOn(redis, { prefix: queue.prefix, owner, command: 'receive --drain' });
  const control: StopControl = startStop(LONGEST_MS);
  const progress = await openProgress(terminal, true);
  const stop = control.stop;
  const flags = repeatedFlags(options);
  const ports = { shared, terminal, log, progress, audit, flags, stop, stays: true };
  const session = openDrainSession(settings, ports);
  const waker = openWaker(stop.signal);
  const tell = (report: RunReport): void => tellRound(report, log);
  const ended = watchQueue(session, {
    retryIntervalMs,
    stop,
    waker,
    log,
    record: shared.record,
    tell,
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
      control.end({ kind: 'signal', name: 'a signal to the receiver' });
      // What broke it is told by `ended`.
      await ended.catch(() => undefined);
    },
  };
}

/** A line for a round, and one for each warning: stdout is nobody's here. */
function tellRound(report: RunReport, log: Log): void {
  const { verdict, sentence, facts } = summarize(report);
  log.info(`${verdict}: ${sentence} (${facts})`);
  for (const { code, message } of warningsOf(report)) log.info(`${code}: ${message}`);
  if (report.status === 'refused') log.error(refusal(report));
}
