import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { SyncError } from '../model/errors.ts';
import { type StopControl, stopError } from '../net/stop.ts';
import { type Reconciled, reconcile, type Step } from '../reconcile/reconcile.ts';
import { renderJson } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { RunReport, Status } from '../report/run-report.ts';
import { renderText } from '../report/text.ts';
import { describeViolation } from '../report/words.ts';
import { boundedRun } from './bounded-run.ts';
import { exitCodeOf, isPartial } from './exit-code.ts';
import { failedReport } from './failed-report.ts';
import { inGitHubActions, reportToActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { type CommonOptions, logOptions } from './options.ts';
import { openProgress, type Progress } from './progress.ts';
import { requestOf } from './requests.ts';
import { countingWire, openServices } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

export type ReconcileOptions = CommonOptions & {
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly user?: readonly string[];
  readonly mode?: string;
  readonly allowRemovals?: string;
  readonly allowDemotions?: string;
  readonly allowFloor?: readonly string[];
};

/** @returns the exit code. Every way it can end is reported on stdout in the form that was asked for. */
export async function reconcileCommand(options: ReconcileOptions, terminal: Terminal): Promise<number> {
  const log = openLog(terminal, logOptions(options));
  const report = await runAndReport(options, terminal, log);
  if (report.error) log.error(report.error);
  if (report.status === 'refused') log.error(refusal(report));
  print(report, options, terminal);
  reportToActions(report, terminal, log);
  return exitCodeOf(report, options.detailedExitcode === true);
}

async function runAndReport(options: ReconcileOptions, terminal: Terminal, log: Log): Promise<RunReport> {
  const began = performance.now();
  const dryRun = options.dryRun === true;
  const wire = countingWire(log);
  const facts = (orgs: readonly string[]): Pick<RunReport, 'orgs' | 'requests' | 'durationMs'> => ({
    orgs,
    requests: { ...wire.requests },
    durationMs: Math.round(performance.now() - began),
  });
  let orgs: readonly string[] = [];
  const progress = await openProgress(terminal, options.quiet === true);
  try {
    requireSense(options);
    const settings = loadSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    terminal.conceal(settings.secrets);
    orgs = settings.orgs;
    return await boundedRun(settings.timeoutMs, async (control) => {
      const reconciled = await runOnce(
        settings,
        options,
        control,
        wire,
        progress,
        inGitHubActions(terminal.env),
      );
      return succeededReport(reconciled, dryRun, control, facts(orgs));
    });
  } catch (error) {
    if (error instanceof SyncError) return failedReport(error, dryRun, facts(orgs));
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const bug = { code: 'INTERNAL', message: words, hint: 'this is a bug: please report it' } as const;
    return failedReport(bug, dryRun, facts(orgs));
  } finally {
    progress.done();
  }
}

function requireSense({ dryRun, detailedExitcode }: ReconcileOptions): void {
  if (detailedExitcode && !dryRun) {
    throw new SyncError(
      'USAGE',
      '--detailed-exitcode tells pending changes, and only a --dry-run leaves any',
      'add --dry-run, or leave --detailed-exitcode out',
    );
  }
}

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Listing members on GitHub and users in Permit',
  look: 'Asking GitHub again about everybody who would lose something',
  apply: 'Applying the plan',
};

function runOnce(
  settings: Settings,
  options: ReconcileOptions,
  { stop }: StopControl,
  wire: ReturnType<typeof countingWire>,
  progress: Progress,
  inActions: boolean,
): Promise<Reconciled> {
  const mayWrite = options.dryRun !== true;
  const services = openServices(settings, { stop, wire, mayWrite, inActions });
  const logins = options.user?.flatMap((names) => names.split(',')).filter((name) => name !== '');
  return reconcile(requestOf(settings, logins), {
    ...services,
    announce: (step) => progress.show(STEP_TEXT[step]),
  });
}

function succeededReport(
  { plan, results, verdict, incomplete, unread, notes }: Reconciled,
  dryRun: boolean,
  { stop }: StopControl,
  facts: Pick<RunReport, 'orgs' | 'requests' | 'durationMs'>,
): RunReport {
  const reason = stop.reason();
  const untouched = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (reason && !dryRun && results.length > 0 && untouched) throw stopError(reason);
  const warnings = [
    ...(reason && !untouched ? [stopError(reason)] : []).map(({ code, message }) => ({ code, message })),
    ...unread.map(({ message }) => ({ code: 'TEAM_UNREADABLE', message })),
    ...incomplete.map(({ code, message, hint }) => ({ code, message: `${message}; ${hint}` })),
  ];
  const told: RunReport = {
    command: 'reconcile',
    dryRun,
    status: 'in-sync',
    plan: { ...plan, notes },
    results,
    verdict,
    warnings,
    error: undefined,
    ...facts,
  };
  return { ...told, status: statusOf(told) };
}

function statusOf(report: RunReport): Status {
  if (report.verdict.verdict === 'refused') return 'refused';
  if (report.results.length === 0) return isPartial(report) ? 'partial' : 'in-sync';
  if (report.dryRun) return 'pending';
  return isPartial(report) ? 'partial' : 'applied';
}

function refusal({ verdict }: RunReport): Pick<SyncError, 'code' | 'message' | 'hint'> {
  return {
    code: 'GUARD_REFUSED',
    message: [
      'the plan crosses a limit, and nothing was written',
      ...verdict.violations.map(describeViolation),
    ].join('\n'),
    hint: [
      'look at the plan with --dry-run; if it is right, allow just this much:',
      verdict.violations.map(({ override }) => override).join(' '),
    ].join('\n'),
  };
}

function print(report: RunReport, options: ReconcileOptions, terminal: Terminal): void {
  switch (options.output) {
    case 'json':
      terminal.out(renderJson(report));
      return;
    case 'markdown':
      terminal.out(renderMarkdown(report));
      return;
    case 'text': {
      // What went wrong stands on stderr; a second telling on stdout would only be in the way.
      if (report.status === 'error' || (options.quiet && report.status === 'in-sync')) return;
      const color = wantsColor(options.color, terminal.env, terminal.outIsTty);
      const verbose = options.verbose === true;
      terminal.out(
        renderText(report, { color, verbose, ...(terminal.width ? { width: terminal.width } : {}) }),
      );
      return;
    }
    default:
      options.output satisfies never;
  }
}
