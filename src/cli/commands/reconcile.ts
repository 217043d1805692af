import { SyncError } from '../../model/errors.ts';
import { defineCommand } from '../command.ts';
import {
  commonFlags,
  dryRunFlags,
  fullFlag,
  listFlag,
  pruneUnmanaged,
  requireDryRun,
  runFlags,
  switchFlag,
  textFlag,
} from '../flags.ts';

export const reconcile = defineCommand({
  name: 'reconcile',
  summary: 'bring Permit in sync with GitHub',
  description: 'List members and roles on GitHub, compare with Permit, and apply the difference.',
  flags: {
    ...dryRunFlags,
    out: textFlag(
      '--out <file>',
      'save the plan for gh-permit-sync apply; only its owner can read the file; - prints it, and the report goes to stderr',
    ),
    review: listFlag(
      '--review <file...>',
      'with --dry-run: write an access review for auditors, as .html to read and print or .csv for a spreadsheet; --audit names the file that records since when',
    ),
    user: listFlag('--user <login...>', 'only these people; may be repeated'),
    drain: switchFlag('--drain', 'also settle the queue entries that the run covers (needs REDIS_URL)'),
    ...runFlags,
    pruneUnmanaged,
    ...fullFlag,
    ...commonFlags,
  },
  about: [
    'Credentials come from the environment: GH_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY; and PERMIT_API_KEY.',
  ],
  examples: [
    'gh-permit-sync reconcile --org acme --dry-run',
    'gh-permit-sync reconcile --org acme --user octocat hubot',
    'gh-permit-sync reconcile -n --detailed-exitcode -o json > report.json',
    'gh-permit-sync reconcile --dry-run --out plan.json',
    'gh-permit-sync reconcile -n --audit audit.jsonl --review review.html',
  ],
  exitCodes:
    '0 in sync or applied, 1 error and nothing written, 2 changes pending (--detailed-exitcode), 3 refused by a limit and nothing written, 4 partly done.',
  validate: (options) => {
    const { drain, user, dryRun } = options;
    if (loginsIn(user)?.length === 0) {
      throw new SyncError('USAGE', '--user: is empty', 'give --user a value, or omit it');
    }
    if (drain && user) {
      throw new SyncError(
        'USAGE',
        '--drain needs a run over everyone, and --user narrows the run',
        'leave one of them out; gh-permit-sync drain processes the queue person by person',
      );
    }
    if (drain && dryRun) {
      throw new SyncError(
        'USAGE',
        '--drain settles the queue, and a --dry-run changes nothing',
        'leave one of them out; gh-permit-sync queue list shows what waits',
      );
    }
    requireDryRun(options);
    refuseReviewOfSome(options);
  },
  settings: async (input) => {
    const { loadSettings } = await import('../../config/load.ts');
    const { requireRedisUrl } = await import('../../config/queue-settings.ts');
    const settings = loadSettings(input);
    if (input.flags.drain) requireRedisUrl(input.env);
    return settings;
  },
  run: async (context, options) => {
    const { runReconcile } = await import('../runs/reconcile-run.ts');
    const { dryRun = false, detailedExitcode = false, drain = false, user, out, review } = options;
    return runReconcile(
      { command: 'reconcile', dryRun, detailedExitcode, logins: loginsIn(user), out, review, drain },
      context,
      options,
    );
  },
  failed: async (error, facts) =>
    (await import('../runs/run-outcome.ts')).failedRun(error, facts, 'reconcile'),
});

/** Names separated by commas; blanks around them and empty ones do not count. */
const loginsIn = (user: readonly string[] | undefined): readonly string[] | undefined =>
  user
    ?.flatMap((names) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** A review shows what Permit holds, for everyone. A run that writes changes it while it is written. */
function refuseReviewOfSome({
  review,
  dryRun,
  user,
}: {
  readonly [flag in 'review' | 'user']: readonly string[] | undefined;
} & { readonly dryRun: boolean | undefined }): void {
  if (review === undefined) return;
  if (!dryRun) {
    throw new SyncError(
      'USAGE',
      '--review shows what Permit holds, and a run that writes changes it',
      'add --dry-run; to review the result of a run, write the review after it',
    );
  }
  if (user) {
    throw new SyncError(
      'USAGE',
      '--review covers everyone, and --user narrows the run',
      'leave one of them out',
    );
  }
}
