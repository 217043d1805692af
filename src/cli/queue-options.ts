import type { Command } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions, type CommonOptions } from './options.ts';

/** What is asked of `queue`. Nothing named, or both a name and a flag for all, is for `queueCommand` to refuse. */
export type QueueRequest =
  | { readonly kind: 'status' }
  | { readonly kind: 'list'; readonly dead: boolean }
  | { readonly kind: 'retry' | 'discard'; readonly ids: readonly string[]; readonly all: boolean };

type Act = (request: QueueRequest, options: CommonOptions) => Promise<void>;

const EXIT_CODES = '0 done, 1 error.';

/** The four commands below `queue`, with their flags and their help. @param act is called with what was asked. */
export function addQueueOptions(command: Command, act: Act): Command {
  addMoreHelp(
    command
      .summary('look into the queue and its dead letters')
      .description('Look into the queue and its dead letters, put dead letters back, drop them.'),
    {
      about: [
        'The queue is kept in Redis, at REDIS_URL, under redis.prefix of the config file. An entry means "look at this person"; one that failed 10 times is a dead letter.',
      ],
      examples: [
        'gh-permit-sync queue status',
        'gh-permit-sync queue list --dead',
        'gh-permit-sync queue retry --all',
      ],
    },
  );
  addMoreHelp(
    addCommonOptions(
      command
        .command('status')
        .description('Print how many entries wait, how many are dead, and how old the oldest is.'),
    ),
    {
      examples: ['gh-permit-sync queue status', 'gh-permit-sync queue status -o json | jq .pending'],
      exitCodes: EXIT_CODES,
    },
  ).action((options: CommonOptions) => act({ kind: 'status' }, options));
  addMoreHelp(
    addCommonOptions(
      command
        .command('list')
        .description('Print every entry, the oldest first, and then every dead letter with its reason.')
        .option('--dead', 'dead letters alone'),
    ),
    {
      about: ['An entry is waiting, taken by a drain, failed and to be tried again, or dead.'],
      examples: ['gh-permit-sync queue list', 'gh-permit-sync queue list --dead --output json'],
      exitCodes: EXIT_CODES,
    },
  ).action((options: CommonOptions & { readonly dead?: boolean }) =>
    act({ kind: 'list', dead: options.dead === true }, options),
  );
  addMoreHelp(
    addCommonOptions(
      command
        .command('retry')
        .description('Put dead letters back at the end of the queue, as if they had never failed.')
        .argument('[id...]', 'ids of dead letters, as queue list prints them')
        .option('--all', 'every dead letter'),
    ),
    {
      examples: ['gh-permit-sync queue retry 1760000000000-0', 'gh-permit-sync queue retry --all'],
      exitCodes: EXIT_CODES,
    },
  ).action((ids: readonly string[], options: CommonOptions & { readonly all?: boolean }) =>
    act({ kind: 'retry', ids, all: options.all === true }, options),
  );
  addMoreHelp(
    addCommonOptions(
      command
        .command('discard')
        .description(
          'Drop entries or dead letters for good. The next full run sees their people all the same.',
        )
        .argument('[id...]', 'ids of entries or dead letters, as queue list prints them')
        .option('--all-dead', 'every dead letter'),
    ),
    {
      examples: ['gh-permit-sync queue discard 1760000000000-0', 'gh-permit-sync queue discard --all-dead'],
      exitCodes: EXIT_CODES,
    },
  ).action((ids: readonly string[], options: CommonOptions & { readonly allDead?: boolean }) =>
    act({ kind: 'discard', ids, all: options.allDead === true }, options),
  );
  return command;
}
