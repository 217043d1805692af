import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../config/document.ts';
import { readConfigFile } from '../config/file.ts';
import { loadPermitSettings } from '../config/load.ts';
import { type Problem, refuseProblems } from '../config/problem.ts';
import type { PermitSettings } from '../config/settings.ts';
import { suggestion } from '../config/suggest.ts';
import { type Stop, type StopControl, type StopReason, startStop, stopError } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import { namesOrganization, tenantFor } from '../model/rule.ts';
import { createPolicyReader, createPolicyWriter } from '../permit/permit-schema.ts';
import { openPermit } from '../permit/permit-sdk.ts';
import { defaultPolicy } from '../policy/default-policy.ts';
import { withGranted } from '../policy/granted.ts';
import type { PermissionFlaw } from '../policy/permissions.ts';
import { type PolicySetUp, setUpPolicy } from '../policy/set-up-policy.ts';
import { annotations } from '../report/actions.ts';
import { renderPolicyJson } from '../report/policy-json.ts';
import { keptPermissions, refusedRevocations } from '../report/policy-losses.ts';
import { renderPolicyMarkdown } from '../report/policy-markdown.ts';
import type { PolicyReport } from '../report/policy-report.ts';
import { renderPolicyText } from '../report/policy-text.ts';
import type { Status } from '../report/run-report.ts';
import { endOnSignals } from './bounded-run.ts';
import { failedReport } from './failed-report.ts';
import { append, inGitHubActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { logOptions } from './options.ts';
import type { PolicyOptions } from './policy-options.ts';
import { openProgress, type Progress } from './progress.ts';
import { countingObserver } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

type Told = Pick<SyncError, 'code' | 'message' | 'hint'>;
type Facts = Pick<PolicyReport, 'dryRun' | 'requests' | 'durationMs'>;

/** @returns the exit code. Every way it can end is reported on stdout in the form that was asked for. */
export async function policyCommand(options: PolicyOptions, terminal: Terminal): Promise<number> {
  const log = openLog(terminal, logOptions(options));
  const report = await runAndReport(options, terminal, log);
  const told = report.error ?? refusalOf(report);
  if (told) log.error(told);
  print(report, options, terminal);
  tellActions(report, told, terminal, log);
  return exitCodeOf(report, options.detailedExitcode === true);
}

async function runAndReport(options: PolicyOptions, terminal: Terminal, log: Log): Promise<PolicyReport> {
  const began = performance.now();
  const dryRun = options.dryRun === true;
  const progress = await openProgress(terminal, options.quiet === true);
  const observer = countingObserver(log, progress);
  const facts = (): Facts => ({
    dryRun,
    requests: { ...observer.requests },
    durationMs: Math.round(performance.now() - began),
  });
  try {
    const allowRevoke = validateFlags(options);
    const settings = loadPermitSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    terminal.conceal(settings.secrets);
    const control = startStop(settings.timeoutMs);
    const release = endOnSignals(control, { log, observer });
    try {
      const done = await runOnce(settings, { dryRun, allowRevoke }, control, observer, progress);
      return succeeded(done, control.stop, facts());
    } catch (error) {
      // A stop shows in whatever was under way; what the operator has to read is the stop.
      const reason = control.stop.reason();
      throw reason ? ended(reason) : error;
    } finally {
      release();
      control.dispose();
    }
  } catch (error) {
    if (error instanceof SyncError) return failed(error, facts());
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return failed({ code: 'INTERNAL', message: words, hint: 'this is a bug: please report it' }, facts());
  } finally {
    progress.done();
  }
}

/** @returns how many permissions may be taken. @throws SyncError `USAGE` */
function validateFlags({ dryRun, detailedExitcode, allowRevoke }: PolicyOptions): number {
  if (detailedExitcode && !dryRun) {
    throw new SyncError(
      'USAGE',
      '--detailed-exitcode tells pending changes, and only a --dry-run leaves any',
      'add --dry-run, or leave --detailed-exitcode out',
    );
  }
  if (allowRevoke === undefined) return 0;
  if (/^\d{1,9}$/.test(allowRevoke.trim())) return Number(allowRevoke);
  throw new SyncError(
    'USAGE',
    '--allow-revoke: this is no number of permissions',
    'give a whole number, such as --allow-revoke 2',
  );
}

function runOnce(
  settings: PermitSettings,
  { dryRun, allowRevoke }: { dryRun: boolean; allowRevoke: number },
  { stop }: StopControl,
  observer: ReturnType<typeof countingObserver>,
  progress: Progress,
): Promise<PolicySetUp> {
  const sdk = openPermit({ ...settings.permit, stop, observer, mayWrite: !dryRun });
  const request = {
    wanted: withGranted(settings.policy ?? defaultPolicy(tenantsOf(settings)), settings),
    allowRevoke,
    mayRevoke: settings.mode === 'sync',
  };
  return setUpPolicy(request, {
    reader: createPolicyReader({ sdk, stop }),
    writer: dryRun ? undefined : createPolicyWriter({ sdk, stop }),
    suggest: suggestion,
    refuse: (flaws) => flawed(flaws, settings, observer.requests.permit > 0),
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

/** The flaws with their places in the config file, as every other mistake in it is told. */
function flawed(flaws: readonly PermissionFlaw[], settings: PermitSettings, asked: boolean): SyncError {
  const problems = flaws.map((flaw): Problem => ({ ...flaw, part: 'value' }));
  const error = located(problems, settings);
  if (!asked) return error;
  return new SyncError(error.code, error.message, 'correct the config and run again; nothing was written');
}

function located(problems: readonly Problem[], { configFile }: PermitSettings): SyncError {
  try {
    const file = configFile && readConfigFile({ path: configFile, by: '--config' }, process.cwd());
    if (file) refuseProblems(parseConfig(file.name, file.text), problems);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  const lines = problems.map(({ what, mend }) => `${what}; ${mend}`).join('\n');
  return new SyncError('CONFIG_INVALID', lines, 'correct the config and run again');
}

/** As for every run, but that there is nothing to narrow. */
function ended(reason: StopReason): SyncError {
  const { code, message, hint } = stopError(reason);
  return new SyncError(code, message, reason.kind === 'timeout' ? 'give it more time with --timeout' : hint);
}

/** @throws SyncError when the run was stopped before its first write. */
function succeeded({ plan, verdict, results }: PolicySetUp, stop: Stop, facts: Facts): PolicyReport {
  const reason = facts.dryRun || verdict.verdict === 'refused' ? undefined : stop.reason();
  const undone = results.filter(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
  const cut = reason && undone.length > 0 ? ended(reason) : undefined;
  if (cut && results.every(({ outcome }) => outcome.kind === 'skipped')) throw cut;
  return {
    ...facts,
    status: statusOf(verdict.verdict === 'refused', results.length, undone.length > 0, facts.dryRun),
    plan,
    results,
    verdict,
    warnings: [...(cut ? [{ code: cut.code, message: cut.message }] : []), ...keptPermissions(plan)],
    error: undefined,
  };
}

function statusOf(refused: boolean, changes: number, undone: boolean, dryRun: boolean): Status {
  if (refused) return 'refused';
  if (changes === 0) return 'in-sync';
  if (dryRun) return 'pending';
  return undone ? 'partial' : 'applied';
}

function failed({ code, message, hint }: Told, facts: Facts): PolicyReport {
  return {
    ...facts,
    status: 'error',
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
    error: { code, message, hint },
  };
}

function refusalOf({ status, plan, verdict }: PolicyReport): Told | undefined {
  return status === 'refused' && plan ? refusedRevocations(plan, verdict) : undefined;
}

/** CONTRACT §10. */
function exitCodeOf({ status }: PolicyReport, detailed: boolean): 0 | 1 | 2 | 3 | 4 {
  switch (status) {
    case 'error':
      return 1;
    case 'refused':
      return 3;
    case 'partial':
      return 4;
    case 'pending':
      return detailed ? 2 : 0;
    case 'in-sync':
    case 'applied':
      return 0;
  }
}

function print(report: PolicyReport, options: PolicyOptions, terminal: Terminal): void {
  switch (options.output) {
    case 'json':
      terminal.out(renderPolicyJson(report));
      return;
    case 'markdown':
      terminal.out(renderPolicyMarkdown(report));
      return;
    case 'text': {
      // What went wrong stands on stderr; a second telling on stdout would only be in the way.
      if (report.status === 'error' || (options.quiet && report.status === 'in-sync')) return;
      const color = wantsColor(options.color, terminal.env, terminal.outIsTty);
      terminal.out(renderPolicyText(report, { color, ...(terminal.width ? { width: terminal.width } : {}) }));
      return;
    }
    default:
      options.output satisfies never;
  }
}

/** In GitHub Actions: the job summary, the step's outputs and the annotations, as `reconcile` gives them. */
function tellActions(report: PolicyReport, told: Told | undefined, terminal: Terminal, log: Log): void {
  if (!inGitHubActions(terminal.env)) return;
  const { status, dryRun, warnings, results } = report;
  const changes = report.plan?.changes.length ?? 0;
  append('GITHUB_STEP_SUMMARY', renderPolicyMarkdown(report), terminal, log);
  append(
    'GITHUB_OUTPUT',
    `status=${status}\nchanges=${changes}\nrefused=${status === 'refused'}\n`,
    terminal,
    log,
  );
  const failures = results.flatMap(({ outcome }) =>
    outcome.kind === 'failed' ? [{ code: outcome.code, message: outcome.message }] : [],
  );
  const error: Told = told ?? { code: 'INTERNAL', message: '', hint: '' };
  terminal.err(
    annotations({
      ...failedReport(error, dryRun),
      status: told ? 'error' : status,
      warnings: [...failures, ...warnings],
    }),
  );
}
