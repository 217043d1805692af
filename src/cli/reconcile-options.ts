import { type Command, Option } from 'commander';
import { addMoreHelp } from './more-help.ts';
import { addCommonOptions } from './options.ts';

/** The flags of `reconcile`, its description and its examples. */
export const addReconcileOptions = (command: Command): Command =>
  addMoreHelp(
    addCommonOptions(
      addPruneOption(
        addRunOptions(
          command
            .summary('make Permit equal to GitHub')
            .description('List members and roles on GitHub, compare with Permit, and apply the difference.')
            .option('-n, --dry-run', 'plan only; built without anything that can write')
            .option('--detailed-exitcode', 'with --dry-run: exit 2 when changes are pending')
            .option(
              '--out <file>',
              'save the plan, for gh-permit-sync apply; only its owner can read the file',
            )
            .option('--user <login...>', 'only these people; may be repeated')
            .option('--drain', 'also settle what the run covers of the queue (needs REDIS_URL)'),
        ),
      ),
    ),
    {
      about: [
        'Credentials come from the environment: GH_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY; and PERMIT_API_KEY.',
      ],
      examples: [
        'gh-permit-sync reconcile --org acme --dry-run',
        'gh-permit-sync reconcile --org acme --user octocat hubot',
        'gh-permit-sync reconcile -n --detailed-exitcode -o json > report.json',
        'gh-permit-sync reconcile --dry-run --out plan.json',
      ],
      exitCodes:
        '0 in sync or applied, 1 error and nothing written, 2 changes pending (--detailed-exitcode), 3 refused by a limit and nothing written, 4 partly done.',
    },
  );

/** The flag of both commands that see everybody. */
export const addPruneOption = (command: Command): Command =>
  command.option(
    '--prune-unmanaged <n>',
    'unassign the unmanaged grants of unmarked users, if at most N users hold any',
  );

/** The flags of every command that applies a plan: `reconcile`, `apply` and `drain`. */
export const addRunOptions = (command: Command): Command =>
  command
    .option('--mode <mode>', 'sync, or upsert-only, which never takes anything away')
    .option(
      '--adopt [which]',
      "take over users that stand under a member's key without our mark: plain (those that hold nothing beyond the managed grants), or all",
    )
    .option('--allow-removals <n>', 'let up to N people lose everything (with REDIS_URL: within 24 hours)')
    .option('--allow-demotions <n>', 'let up to N people lose a role for a weaker one (likewise)')
    .option('--allow-moves <n>', 'let up to N people move to another user key, since users.key was changed')
    .option(
      '--allow-duplicates <n>',
      'first run: create second users for up to N people who have a user already',
    )
    .addOption(
      new Option('--allow-floor <tenant/role=n...>', 'let the holders of a role fall to N in this run'),
    )
    .option(
      '--retire-org <id...>',
      'give up an organization for good, by its numeric id: its people lose what it gave',
    )
    .option(
      '--accept-team <slug...>',
      'trust the team that stands behind this slug now (see TEAM_CHANGED; with REDIS_URL)',
    )
    .option('--audit <file>', 'append a line of JSON for each change as soon as it is applied')
    .option(
      '--lock-wait <duration>',
      'wait so long for the turn of other runs (default: 5m; with REDIS_URL)',
    );
