import type { ReceiverSettings } from '../../config/queue-settings.ts';
import { SyncError, WrongTypeError } from '../../model/errors.ts';
import { defaultRules } from '../../model/rule.ts';
import { orgNeedsOf } from '../../plan/needs.ts';
import { bind } from '../../queue/binding.ts';
import { openQueue } from '../../queue/queue.ts';
import { openRedis } from '../../queue/redis.ts';
import { type Receiver, startReceiver } from '../../receiver/server.ts';
import { boundProducer } from '../../receiver/watched-queue.ts';
import type { CommandOutcome, Context } from '../command.ts';
import type { CommonOptions, receiverDrainFlags, ValuesOf } from '../flags.ts';
import { beginning, INSECURE, openReceiverLog } from './receive-log.ts';

/**
 * Receives until a signal ends it. Redis may be down when it starts.
 * @throws SyncError if it can't start or continue.
 */
export async function runReceiver(
  context: Context<ReceiverSettings>,
  options: CommonOptions &
    ValuesOf<typeof receiverDrainFlags> & {
      readonly host: string;
      readonly port: number;
      readonly path: string;
      readonly maxEntries: number;
      readonly drain: boolean | undefined;
    },
): Promise<CommandOutcome> {
  const { settings, terminal, log, control } = context;
  const { stop } = control;
  const redis = await openRedis({ url: settings.redis.url });
  try {
    const { prefix } = settings.redis;
    const ownQueue = openQueue(redis, { prefix, maxEntries: options.maxEntries });
    const queue = boundProducer(ownQueue, () => bind(redis, prefix, { owner: settings.owner }));
    // Even with --insecure, a configured secret is checked.
    const secrets = settings.webhookSecrets.length > 0 ? settings.webhookSecrets : 'insecure';
    const receiverLog = openReceiverLog(log, terminal, {
      format: options.logFormat,
      quiet: options.quiet === true,
    });
    const misfit = watchForMisfit();
    // Without a config file, a drain elsewhere may have other rules, but a drain in this process has the same.
    const rules = settings.rules ?? (options.drain ? defaultRules('default') : undefined);
    const needsOf = rules && ((org: string) => orgNeedsOf(rules, org, repositoriesOf(settings, org)));
    // Only a process that drains loads the clients of GitHub and Permit.
    const beside = options.drain
      ? await (await import('./drain-run.ts')).openDrainBeside(context, options, redis)
      : undefined;
    let receiver: Receiver | undefined;
    try {
      receiver = await startReceiver({
        ...options,
        secrets,
        queue,
        queueStatus: ownQueue.status,
        orgs: settings.isInstalled ? undefined : settings.orgs,
        needsOf,
        onQueued: beside?.wake,
        logLinesLost: terminal.errLost,
        log: {
          ...receiverLog,
          queueAway: (reason) => {
            if (!misfit.judge(reason)) receiverLog.queueAway(reason);
          },
        },
      });
      if (secrets === 'insecure') log.error({ code: 'USAGE', ...INSECURE });
      log.info(beginning(receiver.url, settings.isInstalled ? undefined : settings.orgs));
      const broken = beside?.ended.then(() => never) ?? never;
      await Promise.race([aborted(stop.signal), misfit.found, broken]);
    } finally {
      // After a second signal only the report of the drain is awaited, not deliveries.
      await Promise.all([Promise.race([receiver?.close(), aborted(stop.abandoned)]), beside?.end()]);
    }
    return { exitCode: 0 };
  } finally {
    redis.close();
  }
}

/** Which repositories are mirrored, if `org` is one of the organizations whose repositories may be. */
const repositoriesOf = ({ repositories }: ReceiverSettings, org: string) =>
  repositories && { orgs: repositories.orgs ?? [org], match: repositories.match ?? ['*'] };

/**
 * Ends the receiver if the queue belongs to someone else: unlike an outage, that does not go away by itself. `found`
 * rejects with the first such reason. `judge` says whether an error is such a reason. A key of another type is none:
 * otherwise one wrong value in Redis would stop every receiver.
 */
function watchForMisfit(): {
  readonly found: Promise<never>;
  readonly judge: (reason: unknown) => boolean;
} {
  let reject: (reason: unknown) => void = () => undefined;
  const found = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It may come after a signal, when nothing awaits it anymore.
  found.catch(() => undefined);
  return {
    found,
    judge: (reason) => {
      const is =
        reason instanceof SyncError &&
        reason.code === 'CONFIG_INVALID' &&
        !(reason instanceof WrongTypeError);
      if (is) reject(reason);
      return is;
    },
  };
}

const never = new Promise<never>(() => undefined);

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
