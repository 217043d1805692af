import { setTimeout as sleep } from 'node:timers/promises';
import { type PlacedProblem, parseConfig, refuseProblems } from '../config/document.ts';
import { readConfigFile } from '../config/file.ts';
import { describeProblem } from '../config/problem.ts';
import type { PermitSettings } from '../config/settings.ts';
import { suggestion } from '../config/suggest.ts';
import { SyncError } from '../model/errors.ts';
import { namesOrganization, tenantFor } from '../model/rule.ts';
import { createPolicyReader, createPolicyWriter } from '../permit/permit-schema.ts';
import { openPermit } from '../permit/permit-sdk.ts';
import { defaultPolicy } from '../policy/default-policy.ts';
import { withGranted } from '../policy/granted.ts';
import type { PermissionProblem } from '../policy/permissions.ts';
import { type PolicySetUp, setUpPolicy } from '../policy/set-up-policy.ts';
import type { Context } from './command.ts';

/** Compares Permit's schema with the policy, and applies the difference unless `dryRun`. */
export function runPolicy(
  { settings, control: { stop }, counter, progress }: Context<PermitSettings>,
  { dryRun, allowRevoke }: { readonly dryRun: boolean; readonly allowRevoke: number },
): Promise<PolicySetUp> {
  const sdk = openPermit({ ...settings.permit, stop, observer: counter, mayWrite: !dryRun });
  const request = {
    wanted: withGranted(settings.policy ?? defaultPolicy(tenantsOf(settings)), settings),
    allowRevoke,
    mayRevoke: settings.mode === 'sync',
  };
  return setUpPolicy(request, {
    reader: createPolicyReader({ sdk, stop }),
    writer: dryRun ? undefined : createPolicyWriter({ sdk, stop }),
    suggest: suggestion,
    refuse: (flaws) => flawed(flaws, settings, counter.requests.permit > 0),
    announce: (step) => progress.show(step === 'read' ? "Reading Permit's policy" : 'Applying the plan'),
    pause: async (attempt) => {
      const waitMs = Math.random() * Math.min(30_000, 1000 * 2 ** (attempt - 1));
      await sleep(waitMs, undefined, { signal: stop.signal }).catch(() => stop.signal.throwIfAborted());
    },
  });
}

/** Where the default rules give their roles: the tenant, or one for each organization. */
function tenantsOf({ permit, orgs }: PermitSettings): readonly string[] {
  if (!namesOrganization(permit.tenant)) return [permit.tenant];
  if (orgs.length === 0) {
    throw new SyncError(
      'CONFIG_INVALID',
      `the tenant "${permit.tenant}" is one for each organization, and no organization is given`,
      'give --org ORG, set GITHUB_ORG=ORG, or write the tenants under policy in the config file',
    );
  }
  return orgs.map((org) => tenantFor(permit.tenant, org));
}

/** The flaws with their places in the config file, like every other mistake in it. */
function flawed(flaws: readonly PermissionProblem[], settings: PermitSettings, asked: boolean): SyncError {
  const problems = flaws.map((flaw): PlacedProblem => ({ ...flaw, part: 'value' }));
  const error = located(problems, settings);
  if (!asked) return error;
  return new SyncError(error.code, error.message, 'correct the config and run again; nothing was written');
}

function located(problems: readonly PlacedProblem[], { configFile }: PermitSettings): SyncError {
  try {
    const file = configFile && readConfigFile({ path: configFile, by: '--config' }, process.cwd());
    if (file) refuseProblems(parseConfig(file.name, file.text), problems);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  const lines = problems.map(describeProblem).join('\n');
  return new SyncError('CONFIG_INVALID', lines, 'correct the config and run again');
}
