import { loadReceiverSettings } from '../config/queue-settings.ts';
import { SyncError } from '../model/errors.ts';
import { defaultRules } from '../model/rule.ts';
import { needsOf as needsFor } from '../plan/needs.ts';
import { bind } from '../queue/binding.ts';
import { openQueue } from '../queue/queue.ts';
import { openRedis } from '../queue/redis.ts';
import { boundProducer } from '../receiver/bound-producer.ts';
import { type Receiver, startReceiver } from '../receiver/server.ts';
import { ENDING_SIGNALS } from './bounded-run.ts';
import { openLog } from './log.ts';
import { logOptions } from './options.ts';
import { beginning, INSECURE, openReceiverLog } from './receive-log.ts';
import type { ReceiveOptions } from './receive-options.ts';
import type { Terminal } from './terminal.ts';

/** Receives until a signal ends it. @throws SyncError when it can't begin; Redis may be away by then. */
export async function receiveCommand(options: ReceiveOptions, terminal: Terminal): Promise<0> {
  const log = openLog(terminal, logOptions(options));
  const insecure = options.insecure === true;
  const settings = loadReceiverSettings({ flags: options, env: terminal.env, cwd: process.cwd(), insecure });
  terminal.conceal(settings.secrets);
  const signal = firstSignal();
  const redis = await openRedis({ url: settings.redis.url });
  try {
    const { prefix } = settings.redis;
    const ownQueue = openQueue(redis, { prefix, maxEntries: options.maxEntries });
    const queue = boundProducer(ownQueue, () => bind(redis, prefix, { owner: settings.owner }));
    // Who has a secret wants it checked, whatever else was said.
    const secrets = settings.webhookSecrets.length > 0 ? settings.webhookSecrets : 'insecure';
    const told = openReceiverLog(log, terminal, logOptions(options));
    const misfit = refusal();
    // Without a config file the rules of a drain elsewhere may be others; those of a drain in here are the same.
    const rules = settings.rules ?? (options.drain ? defaultRules('default') : undefined);
    const needsOf = rules && ((org: string) => needsFor(rules, org));
    // GitHub's and Permit's clients are loaded by whoever drains, and by nobody else.
    const beside = options.drain
      ? await (await import('./drain-beside.ts')).openDrainBeside(options, { terminal, log, redis })
      : undefined;
    let receiver: Receiver | undefined;
    try {
      receiver = await startReceiver({
        ...options,
        ...{
          secrets,
          queue,
          queueStatus: ownQueue.status,
          orgs: settings.orgs,
          needsOf,
          onQueued: beside?.wake,
          logLinesLost: terminal.errLost,
        },
        log: {
          ...told,
          queueAway: (reason) => {
            if (!misfit.judge(reason)) told.queueAway(reason);
          },
        },
      });
      if (secrets === 'insecure') log.error({ code: 'USAGE', ...INSECURE });
      log.info(beginning(receiver.url, settings.orgs));
      const broken = beside?.ended.then(() => never) ?? never;
      const name = await Promise.race([signal, misfit.found, broken]);
      log.notice(`${name}: finishing the deliveries under way; a second signal ends at once`);
    } finally {
      await Promise.all([receiver?.close(), beside?.end()]);
    }
    return 0;
  } finally {
    redis.close();
  }
}

/**
 * A queue that is somebody else's, or no queue, ends the receiver: waiting does not mend it, as it does an outage.
 * `found` rejects with the first such reason; `judge` says whether a reason is one.
 */
function refusal(): { readonly found: Promise<never>; readonly judge: (reason: unknown) => boolean } {
  let reject: (reason: unknown) => void = () => undefined;
  const found = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It may come after a signal, when nobody waits for it any more.
  found.catch(() => undefined);
  return {
    found,
    judge: (reason) => {
      const is = reason instanceof SyncError && reason.code === 'CONFIG_INVALID';
      if (is) reject(reason);
      return is;
    },
  };
}

const never = new Promise<never>(() => undefined);

/** A second signal ends the program at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const listeners = ENDING_SIGNALS.map((name) => {
      const listener = (): void => {
        for (const release of listeners) release();
        resolve(name);
      };
      process.once(name, listener);
      return () => void process.off(name, listener);
    });
  });
}
