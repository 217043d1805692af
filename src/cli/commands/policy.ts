import { SyncError } from '../../model/errors.ts';
import { defineCommand } from '../command.ts';
import { commonFlags, dryRunFlags, fullFlag, requireDryRun, textFlag } from '../flags.ts';

export const policy = defineCommand({
  name: 'policy',
  summary: 'create roles and tenants in Permit',
  description:
    "Bring Permit's resources, actions, roles, permissions and tenants in line with the config's `policy`.",
  flags: {
    ...dryRunFlags,
    allowRevoke: textFlag('--allow-revoke <n>', 'let up to N permissions be taken from roles in this run'),
    ...fullFlag,
    ...commonFlags,
  },
  about: [
    'Adds and changes, never deletes. Permissions of a role that the policy does not list are removed only with --allow-revoke; roles and resources that the policy does not name stay as they are. Roles (including resource roles) and tenants that only grants name are created without permissions. Without a policy in the config file, the policy of the demo is used: the resource membership, and the roles admin and member that the default rules give.',
    "With `repositories` in the config, it also creates the model of GitHub's repository access. It includes custom repository roles if there is a GitHub credential; nothing else is read from GitHub.",
    'PERMIT_API_KEY comes from the environment.',
  ],
  examples: [
    'gh-permit-sync policy --dry-run',
    'gh-permit-sync policy --config gh-permit-sync.yaml',
    'gh-permit-sync policy --allow-revoke 2',
  ],
  exitCodes:
    '0 in sync or applied, 1 error and nothing written, 2 changes pending (--detailed-exitcode), 3 refused by a limit and nothing written, 4 partly done.',
  validate: (options) => {
    requireDryRun(options);
    revocations(options.allowRevoke);
  },
  settings: async (input) => {
    const { loadPermitSettings, loadPermitSettingsAndAuth } = await import('../../config/load.ts');
    const settings = loadPermitSettings(input);
    // A credential that isn't needed isn't checked.
    return settings.repositories ? loadPermitSettingsAndAuth(input) : { ...settings, auth: undefined };
  },
  run: async (context, options) => {
    const { policyOutcome, runPolicy } = await import('../runs/policy-run.ts');
    const dryRun = options.dryRun === true;
    const done = await runPolicy(context, { dryRun, allowRevoke: revocations(options.allowRevoke) });
    const detailedExitcode = options.detailedExitcode === true;
    return policyOutcome(done, { dryRun, detailedExitcode, stop: context.control.stop }, context.facts());
  },
  failed: async (error, facts) => (await import('../runs/policy-run.ts')).failedPolicy(error, facts),
});

/** How many permissions may be taken. @throws SyncError `USAGE` */
function revocations(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text);
  throw new SyncError(
    'USAGE',
    '--allow-revoke: not a whole number',
    'give a number of permissions, such as --allow-revoke 2',
  );
}
