import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig, refuseProblems } from '../../config/document/document.ts';
import { readConfigFile } from '../../config/file.ts';
import { describeProblem, suggestion } from '../../config/problem.ts';
import type { GitHubAuth, PermitSettings } from '../../config/settings.ts';
import { type Stop, stopError } from '../../http/stop.ts';
import { SyncError } from '../../model/errors.ts';
import type { PlacedProblem, Warning } from '../../model/problem.ts';
import type { CustomRole } from '../../model/repositories/ports.ts';
import { namesOrganization, tenantFor } from '../../model/rule.ts';
import { createPolicyReader, createPolicyWriter } from '../../permit/permit-schema.ts';
import { openPermit } from '../../permit/permit-sdk.ts';
import { readEnvironmentKeys } from '../../permit/requests.ts';
import { defaultPolicy } from '../../policy/default-policy.ts';
import { withGranted } from '../../policy/granted.ts';
import { withRepositoryModel } from '../../policy/repository-model.ts';
import { type PolicySetUp, setUpPolicy } from '../../policy/set-up-policy.ts';
import type { Page } from '../../report/page.ts';
import { keptPermissions, type PolicyReport, policyPage, policyRefusal } from '../../report/pages/policy.ts';
import type { Cost, Status } from '../../report/run-report.ts';
import { targetOf } from '../../run/services.ts';
import type { CommandOutcome, Context, ExitCode, FailureFacts, ShownError } from '../command.ts';

type PolicyRun = PolicySetUp & Pick<PolicyReport, 'target' | 'config' | 'warnings'>;

type Settings = PermitSettings & { readonly auth: GitHubAuth | undefined };

/** Compares Permit's schema with the policy, and applies the difference unless `dryRun`. */
export async function runPolicy(
  context: Context<Settings>,
  { dryRun, allowRevoke }: { readonly dryRun: boolean; readonly allowRevoke: number },
): Promise<PolicyRun> {
  const { stop } = context.control;
  const { counter, progress } = context;
  const { settings, custom, warnings } = await withCustomRoles(context);
  const sdk = openPermit({ ...settings.permit, stop, observer: counter, mayWrite: !dryRun });
  const target = targetOf(settings, {
    environment: sdk.environment,
    environmentKeys: () => readEnvironmentKeys(sdk, true),
  });
  const { repositories } = settings;
  const own = settings.policy ?? defaultPolicy(tenantsOf(settings));
  const request = {
    wanted: withGranted(repositories ? withRepositoryModel(own, repositories, custom) : own, settings),
    allowRevoke,
    mayRevoke: settings.mode === 'sync',
  };
  const done = await setUpPolicy(request, {
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
  return { ...done, warnings, target: await target(), config: settings.configFile };
}

/**
 * The custom repository roles of the mirrored organizations. None if GitHub can't be asked or does not show them. That
 * is logged: the model is created without them, and a later run adds them.
 */
async function withCustomRoles(context: Context<Settings>): Promise<{
  readonly settings: PermitSettings;
  readonly custom: readonly CustomRole[];
  readonly warnings: readonly Warning[];
}> {
  const { settings, log, progress, control, ports } = context;
  const { auth, github } = settings;
  if (settings.repositories === undefined) return { settings, custom: [], warnings: [] };
  if (auth === undefined) {
    log.info('custom repository roles are left out: there is no GitHub credential');
    return { settings, custom: [], warnings: [] };
  }
  const { gitHubOptions } = await import('../../run/clients.ts');
  const { openRepositoryInspector } = await import('../../run/repository-inspector.ts');
  const { withInstalledOrgs } = await import('../../run/installed-orgs.ts');
  progress.show('Reading custom repository roles on GitHub');
  const known = await withInstalledOrgs({ ...settings, github: { ...github, auth } }, ports);
  const inspector = openRepositoryInspector(gitHubOptions(known.github, known.github.auth, ports));
  const custom: CustomRole[] = [];
  const warnings: Warning[] = [];
  for (const org of known.repositories?.orgs ?? []) {
    try {
      const roles = await inspector.listCustomRoles(org);
      if (roles === undefined)
        log.info(`GitHub shows no custom repository roles of ${org}: ${WHO_SEES_ROLES}`);
      custom.push(...(roles ?? []));
    } catch (error) {
      if (!(error instanceof SyncError) || control.stop.reason()) throw error;
      const message = `the custom repository roles of ${org} could not be read, so none are created: ${error.message}`;
      warnings.push({ code: error.code, message });
    }
  }
  return { settings: known, custom, warnings };
}

const WHO_SEES_ROLES =
  'they need GitHub Enterprise, and an App the permission "Organization › Custom repository roles: read"';

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

/** The flaws with their places in the config file, like every other config error. */
function flawed(flaws: readonly PlacedProblem[], settings: PermitSettings, asked: boolean): SyncError {
  const error = located(flaws, settings);
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

/** The outcome of `policy`. @throws SyncError when it was stopped before its first write. */
export function policyOutcome(
  { plan, verdict, results, target, config, warnings }: PolicyRun,
  { dryRun, detailedExitcode, stop }: { dryRun: boolean; detailedExitcode: boolean; stop: Stop },
  { requests, durationMs }: Cost,
): CommandOutcome {
  const isRefused = verdict.verdict === 'refused';
  const reason = dryRun || isRefused ? undefined : stop.reason();
  const undone = results.filter(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
  const cut = reason && undone.length > 0 ? stopError(reason) : undefined;
  if (cut && results.every(({ outcome }) => outcome.kind === 'skipped')) throw cut;
  const report: PolicyReport = {
    ...{ dryRun, requests, durationMs, plan, results, verdict, target, config },
    status: statusOf(isRefused, results.length, undone.length > 0, dryRun),
    warnings: [
      ...(cut ? [{ code: cut.code, message: cut.message }] : []),
      ...warnings,
      ...keptPermissions(plan),
    ],
    error: undefined,
  };
  const refusal = isRefused ? policyRefusal(plan, verdict) : undefined;
  return {
    page: policyPage(report),
    errors: refusal ? [refusal] : [],
    exitCode: exitCodeOf(report.status, detailedExitcode),
  };
}

/** The page of a `policy` that ended with an error. */
export const failedPolicy = (error: ShownError, { dryRun, requests, durationMs }: FailureFacts): Page =>
  policyPage({
    ...{ dryRun, requests, durationMs, error },
    status: 'error',
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
  });

function statusOf(isRefused: boolean, changes: number, isUndone: boolean, dryRun: boolean): Status {
  if (isRefused) return 'refused';
  if (changes === 0) return 'in-sync';
  if (dryRun) return 'pending';
  return isUndone ? 'partial' : 'applied';
}

/** CONTRACT §10. */
const exitCodeOf = (status: Status, detailed: boolean): ExitCode =>
  (({ error: 1, refused: 3, partial: 4, pending: detailed ? 2 : 0, 'in-sync': 0, applied: 0 }) as const)[
    status
  ];
