import { openWaker } from '../../drain/waker.ts';
import { openSharedState } from '../../queue/shared-state.ts';
import type { Context, Outcome } from '../command.ts';
import type { CommonOptions } from '../flags.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { type loadDrainSettings, openDrainSession } from './drain-session.ts';
import { watchQueue } from './drain-watch.ts';
import { type AuditOptions, openRunAudit } from './run-audit.ts';
import { lastingWarnings, repeatedFlags } from './run-notes.ts';
import { runOutcome } from './run-outcome.ts';

type DrainOptions = CommonOptions & AuditOptions & { readonly watch: boolean | undefined };

/** Processes the queue once, or with `watch` until a signal ends it. */
export async function runDrain(
  context: Context<ReturnType<typeof loadDrainSettings>>,
  options: DrainOptions,
): Promise<Outcome> {
  keepHeapSmall();
  const { settings, terminal, log, progress, counter, control } = context;
  const { owner, redis, redisUrl: url, retryIntervalMs } = settings;
  const { stop } = control;
  const stays = options.watch === true;
  const audit = openRunAudit(options, terminal);
  const shared = await openSharedState({ url, prefix: redis.prefix, owner, command: 'drain' });
  context.noteOnFailure(() => [...lastingWarnings(settings, undefined), ...shared.takeTampering()]);
  const flags = repeatedFlags(options);
  const ports = { shared, terminal, progress, counter, audit, flags, stop, stays };
  const session = openDrainSession(settings, ports);
  try {
    if (!stays) return runOutcome((await session.round('now')).report, false);
    log.info('watching the queue');
    await watchQueue(session, {
      ...{ retryIntervalMs, stop, waker: openWaker(stop.signal), log, runs: shared.record },
      tell: (report) => context.print(runOutcome(report, false)),
      record: (report) => context.record(report ? runOutcome(report, false) : { exitCode: 1 }),
    });
    return { exitCode: 0 };
  } finally {
    await session.queue.leave();
    audit?.close();
    shared.close();
  }
}
