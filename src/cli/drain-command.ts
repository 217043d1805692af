import { openWaker } from '../drain/waker.ts';
import { type Stop, startStop } from '../http/stop.ts';
import type { RunRecord } from '../model/queue.ts';
import { openSharedState } from '../queue/shared-state.ts';
import { auditLine } from '../report/audit.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import { openAudit } from '../sync/audit.ts';
import { endOnSignals } from './bounded-run.ts';
import type { DrainOptions } from './drain-options.ts';
import { type DrainSession, openDrainSession, undrainedReport } from './drain-session.ts';
import { loadDrainSettings } from './drain-settings.ts';
import { watchQueue } from './drain-watch.ts';
import { exitCodeOf } from './exit-code.ts';
import { reportToActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { namedPath } from './new-file.ts';
import { logOptions } from './options.ts';
import { printReport, refusal } from './print-report.ts';
import { openProgress } from './progress.ts';
import { lastingWarnings, repeatedFlags } from './run-notes.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Terminal } from './terminal.ts';

/** @returns the exit code: of the one drain, or 0 when a signal ended the watch. */
export async function drainCommand(options: DrainOptions, terminal: Terminal): Promise<number> {
  keepHeapSmall();
  const log = openLog(terminal, logOptions(options));
  const began = performance.now();
  let orgs: readonly string[] = [];
  let session: DrainSession | undefined;
  let notes = (): readonly Warning[] => [];
  try {
    const settings = loadDrainSettings(options, terminal.env);
    terminal.conceal(settings.secrets);
    orgs = settings.orgs;
    const place = namedPath('--audit', options.audit);
    const audit =
      place &&
      openAudit(place, { now: () => new Date(), concealed: terminal.concealed, renderLine: auditLine });
    const { owner, redis, redisUrl: url, retryIntervalMs } = settings;
    const shared = await openSharedState({ url, prefix: redis.prefix, owner, command: 'drain' });
    notes = () => [...lastingWarnings(settings, undefined), ...shared.takeTampering()];
    // The bound of a watch is a signal; each of its rounds is bounded by --timeout.
    const control = startStop(LONGEST_MS);
    const progress = await openProgress(terminal, options.quiet === true);
    const flags = repeatedFlags(options);
    const { stop } = control;
    const stays = options.watch === true;
    const drains = openDrainSession(settings, { shared, terminal, log, progress, audit, flags, stop, stays });
    session = drains;
    const release = endOnSignals(control, { log, observer: drains });
    try {
      if (options.watch)
        return await stay(session, shared.record, retryIntervalMs, control.stop, { options, terminal, log });
      const { report } = await session.round('now');
      return finish(report, options, terminal, log);
    } finally {
      await session.queue.leave();
      audit?.close();
      progress.done();
      release();
      control.dispose();
      shared.close();
    }
  } catch (error) {
    const requests = session?.requests();
    const tookMs = Math.round(performance.now() - began);
    const report = undrainedReport(error, orgs, tookMs, requests, notes());
    return finish(report, options, terminal, log);
  }
}

/** The longest delay that a Node timer can hold. */
const LONGEST_MS = 2 ** 31 - 1;

type Telling = { readonly options: DrainOptions; readonly terminal: Terminal; readonly log: Log };

async function stay(
  session: DrainSession,
  record: RunRecord,
  retryIntervalMs: number,
  stop: Stop,
  { options, terminal, log }: Telling,
): Promise<0> {
  log.info('watching the queue');
  const tell = (report: RunReport): void => void finish(report, options, terminal, log);
  await watchQueue(session, { retryIntervalMs, stop, waker: openWaker(stop.signal), log, record, tell });
  return 0;
}

/** Tells how it ended, as `reconcile` does. @returns the exit code. */
function finish(report: RunReport, options: DrainOptions, terminal: Terminal, log: Log): number {
  if (report.error) log.error(report.error);
  if (report.status === 'refused') log.error(refusal(report));
  printReport(report, options, terminal);
  reportToActions(report, terminal, log);
  return exitCodeOf(report, false);
}
