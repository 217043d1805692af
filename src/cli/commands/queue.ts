import type { QueueSettings } from '../../config/queue-settings.ts';
import { SyncError } from '../../model/errors.ts';
import { printable } from '../../model/text/text.ts';
import { type EntryId, isEntryId, type QueueAdmin } from '../../model/webhooks/queue.ts';
import type { QueueReport } from '../../report/pages/queue.ts';
import { type CommandGroup, type CommandOutcome, type Context, defineCommand } from '../command.ts';
import { commonFlags, type Flag, switchFlag } from '../flags.ts';

const ids: Flag<readonly string[]> = {
  syntax: '[id...]',
  description: 'ids of dead letters, as queue list prints them',
};

/** What the four commands share. */
const shared = {
  exitCodes: '0 done, 1 error.',
  settings: async (
    input: Parameters<typeof import('../../config/queue-settings.ts')['loadQueueSettings']>[0],
  ) => (await import('../../config/queue-settings.ts')).loadQueueSettings(input),
};

const status = defineCommand({
  ...shared,
  name: 'status',
  summary: 'how many entries wait, and how many are dead',
  description: 'Print how many entries wait, how many are dead, and how old the oldest is.',
  flags: commonFlags,
  examples: ['gh-permit-sync queue status', 'gh-permit-sync queue status -o json | jq .pending'],
  run: (context) => ask(context, async (admin) => ({ kind: 'status', status: await admin.status() })),
});

const list = defineCommand({
  ...shared,
  name: 'list',
  summary: 'every entry, and every dead letter with its reason',
  description: 'Print every entry, the oldest first, and then every dead letter with its reason.',
  flags: { dead: switchFlag('--dead', 'dead letters only'), ...commonFlags },
  about: ['An entry is waiting, taken by a drain, failed and waiting for a retry, or dead.'],
  examples: ['gh-permit-sync queue list', 'gh-permit-sync queue list --dead --output json'],
  run: (context, { dead = false }) =>
    ask(context, async (admin) => {
      const listed = await admin.list();
      const entries = dead ? listed.filter(({ state }) => state === 'dead') : listed;
      return { kind: 'list', dead, entries };
    }),
});

const retry = defineCommand({
  ...shared,
  name: 'retry',
  summary: 'put dead letters back',
  description: 'Put dead letters back at the end of the queue, as if they had never failed.',
  args: { ids },
  flags: { all: switchFlag('--all', 'every dead letter'), ...commonFlags },
  examples: ['gh-permit-sync queue retry 1760000000000-0', 'gh-permit-sync queue retry --all'],
  validate: (options) => void chosenIds('retry', '--all', options.ids, options.all),
  run: (context, options) => {
    const chosen = chosenIds('retry', '--all', options.ids, options.all);
    return ask(context, async (admin) => ({
      kind: 'retry',
      asked: countOf(chosen),
      done: await admin.retry(chosen),
    }));
  },
});

const discard = defineCommand({
  ...shared,
  name: 'discard',
  summary: 'drop entries or dead letters',
  description: 'Permanently drop entries or dead letters. The next full run still covers their people.',
  args: { ids: { ...ids, description: 'ids of entries or dead letters, as queue list prints them' } },
  flags: { allDead: switchFlag('--all-dead', 'every dead letter'), ...commonFlags },
  examples: ['gh-permit-sync queue discard 1760000000000-0', 'gh-permit-sync queue discard --all-dead'],
  validate: (options) => void chosenIds('discard', '--all-dead', options.ids, options.allDead),
  run: (context, options) => {
    const chosen = chosenIds('discard', '--all-dead', options.ids, options.allDead);
    return ask(context, async (admin) => ({
      kind: 'discard',
      asked: countOf(chosen),
      done: await admin.discard(chosen === 'all' ? 'all dead' : chosen),
    }));
  },
});

export const queue: CommandGroup = {
  name: 'queue',
  summary: 'inspect the queue and its dead letters',
  description: 'Inspect the queue and its dead letters, put dead letters back, drop them.',
  about: [
    'The queue is a Redis stream at REDIS_URL, under redis.prefix of the config file. An entry means "look this person up"; one that failed 10 times is a dead letter.',
  ],
  examples: [
    'gh-permit-sync queue status',
    'gh-permit-sync queue list --dead',
    'gh-permit-sync queue retry --all',
  ],
  commands: [status, list, retry, discard],
};

/** @throws SyncError `USAGE` if nothing is named, ids and the flag for all are combined, or an id is invalid. */
function chosenIds(
  command: 'retry' | 'discard',
  flag: string,
  named: readonly string[],
  all = false,
): readonly EntryId[] | 'all' {
  const hint = `gh-permit-sync queue list prints the ids; ${flag} means every dead letter`;
  if (all && named.length > 0) throw new SyncError('USAGE', `${flag} and ids can't be combined`, hint);
  if (!all && named.length === 0) throw new SyncError('USAGE', `queue ${command}: no id is given`, hint);
  const wrong = named.find((id) => !isEntryId(id));
  if (wrong !== undefined) {
    throw new SyncError('USAGE', `"${printable(wrong).slice(0, 100)}" is not the id of an entry`, hint);
  }
  return all ? 'all' : [...new Set(named as readonly EntryId[])];
}

const countOf = (chosen: readonly EntryId[] | 'all'): number | undefined =>
  chosen === 'all' ? undefined : chosen.length;

async function ask(
  { settings: { redis: address, owner }, control: { stop } }: Context<QueueSettings>,
  work: (admin: QueueAdmin) => Promise<QueueReport>,
): Promise<CommandOutcome> {
  const { bind } = await import('../../queue/binding.ts');
  const { openQueue } = await import('../../queue/queue.ts');
  const { openRedis } = await import('../../queue/redis.ts');
  const { url, prefix } = address;
  const redis = await openRedis({ url });
  const answer = async (): Promise<QueueReport> => {
    await bind(redis, prefix, { owner }, 'check');
    return work(openQueue(redis, { prefix }));
  };
  try {
    const report = await Promise.race([answer(), stopped(stop.signal)]);
    const { queuePage } = await import('../../report/pages/queue.ts');
    return { exitCode: 0, page: queuePage(report) };
  } finally {
    redis.close();
  }
}

/** Redis may not answer, and its calls ignore the signal. */
const stopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
