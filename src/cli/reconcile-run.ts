import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { SyncError } from '../model/errors.ts';
import { type StopControl, stopError } from '../net/stop.ts';
import { type Reconciled, reconcile, type Step } from '../reconcile/reconcile.ts';
import { renderJson } from '../report/json.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { RunReport, Status, Warning } from '../report/run-report.ts';
import { renderText } from '../report/text.ts';
import { unreadWarning } from '../report/unread.ts';
import { describeViolation } from '../report/words.ts';
import { type Audit, openAudit } from './audit.ts';
import { boundedRun } from './bounded-run.ts';
import { exitCodeOf, isPartial } from './exit-code.ts';
import { failedReport } from './failed-report.ts';
import { inGitHubActions, reportToActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { namedPath, requireFilePlace } from './new-file.ts';
import { type CommonOptions, logOptions } from './options.ts';
import { readPlanFile } from './plan-file.ts';
import { openProgress, type Progress } from './progress.ts';
import { requestOf } from './requests.ts';
import { repeatingFlags, runNotes } from './run-notes.ts';
import { type PlanKeeping, planKeeper, requireSameConfig } from './saved-plans.ts';
import { countingWire, openServices } from './services.ts';
import { keepHeapSmall } from './small-heap.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** The flags that `reconcile` and `apply` share. */
export type RunOptions = CommonOptions & {
  readonly mode?: string;
  readonly adopt?: string | boolean;
  readonly allowRemovals?: string;
  readonly allowDemotions?: string;
  readonly allowFloor?: readonly string[];
  readonly audit?: string;
};

/** What one of the two commands asks for. */
export type Job = {
  readonly dryRun: boolean;
  readonly detailedExitcode: boolean;
  /** Narrow the run to these people. */
  readonly logins?: readonly string[] | undefined;
} & (
  | { readonly command: 'reconcile' /** Where the plan is saved. */; readonly out?: string | undefined }
  | { readonly command: 'apply' /** Where the plan was saved. */; readonly planFile: string }
);

/**
 * Runs and reports on stdout, in the form that was asked for, however it ends.
 * @param requireSense throws a SyncError for flags that make no sense together.
 * @returns the exit code.
 */
export async function runAndReport(
  job: Job,
  options: RunOptions,
  requireSense: () => void,
  terminal: Terminal,
): Promise<number> {
  const log = openLog(terminal, logOptions(options));
  const report = await run(job, options, requireSense, terminal, log);
  if (report.error) log.error(report.error);
  if (report.status === 'refused') log.error(refusal(report));
  print(report, options, terminal);
  reportToActions(report, terminal, log);
  return exitCodeOf(report, job.detailedExitcode);
}

type Facts = Pick<RunReport, 'command' | 'dryRun' | 'orgs' | 'requests' | 'durationMs'>;

async function run(
  job: Job,
  options: RunOptions,
  requireSense: () => void,
  terminal: Terminal,
  log: Log,
): Promise<RunReport> {
  keepHeapSmall();
  const began = performance.now();
  const progress = await openProgress(terminal, options.quiet === true);
  const wire = countingWire(log, progress);
  let orgs: readonly string[] = [];
  const facts = (): Facts => ({
    command: job.command,
    dryRun: job.dryRun,
    orgs,
    requests: { ...wire.requests },
    durationMs: Math.round(performance.now() - began),
  });
  let audit: Audit | undefined;
  try {
    requireSense();
    const settings = loadSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    terminal.conceal(settings.secrets);
    orgs = settings.orgs;
    const keeping = keepingOf(job, settings);
    audit = auditOf(job, options);
    for (const note of runNotes({ dryRun: job.dryRun, audit: options.audit }, settings)) log.info(note);
    return await boundedRun(settings.timeoutMs, async (control) => {
      const ports = { wire, progress, audit, inActions: inGitHubActions(terminal.env) };
      const reconciled = await runOnce(job, settings, keeping, control, ports);
      const out = keeping.out?.name;
      if (out && job.dryRun) log.info(`the plan is saved in ${out}; gh-permit-sync apply ${out} applies it`);
      const trouble = audit?.warning();
      return succeededReport(reconciled, trouble ? [trouble] : [], control, facts());
    });
  } catch (error) {
    if (error instanceof SyncError) return failedReport(repeatingFlags(error, options), job.dryRun, facts());
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const bug = { code: 'INTERNAL', message: words, hint: 'this is a bug: please report it' } as const;
    return failedReport(bug, job.dryRun, facts());
  } finally {
    audit?.close();
    progress.done();
  }
}

/** What becomes of the plan besides being applied; whatever can't be is refused before any request. */
function keepingOf(job: Job, settings: Settings): PlanKeeping {
  if (job.command === 'apply') {
    const approved = readPlanFile(job.planFile);
    requireSameConfig(approved, requestOf(settings, approved.scope.users), settings);
    return { approved, logins: approved.scope.users, out: undefined };
  }
  const out = namedPath('--out', job.out);
  if (out) requireFilePlace(out);
  return { approved: undefined, logins: job.logins, out };
}

/** A dry run applies nothing, and so has nothing to put on record. */
function auditOf(job: Job, options: RunOptions): Audit | undefined {
  const place = namedPath('--audit', options.audit);
  if (place === undefined) return undefined;
  const plan = job.command === 'apply' ? namedPath('PLAN', job.planFile) : namedPath('--out', job.out);
  if (plan?.path === place.path) {
    throw new SyncError('USAGE', '--audit names the file of the plan', 'name another file after --audit');
  }
  if (!job.dryRun) return openAudit(place, () => new Date());
  requireFilePlace(place);
  return undefined;
}

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Listing members on GitHub and users in Permit',
  look: 'Asking GitHub again about everybody who would lose something',
  apply: 'Applying the plan',
};

type RunPorts = {
  readonly wire: ReturnType<typeof countingWire>;
  readonly progress: Progress;
  readonly audit: Audit | undefined;
  readonly inActions: boolean;
};

async function runOnce(
  job: Job,
  settings: Settings,
  keeping: PlanKeeping,
  { stop }: StopControl,
  { wire, progress, audit, inActions }: RunPorts,
): Promise<Reconciled> {
  const { environment, ...services } = openServices(settings, {
    stop,
    wire,
    mayWrite: !job.dryRun,
    inActions,
  });
  const request = requestOf(settings, keeping.logins);
  const keep = planKeeper(keeping, { request, settings, environment, audit, now: () => new Date() });
  const ports = {
    ...services,
    announce: (step: Step) => progress.show(STEP_TEXT[step]),
    onJudged: keep.onJudged,
    onApplied: audit?.onApplied,
  };
  return reconcile(request, ports).catch(keep.explain);
}

function succeededReport(
  { plan, results, verdict, incomplete, unread, notes }: Reconciled,
  troubles: readonly Warning[],
  { stop }: StopControl,
  facts: Facts,
): RunReport {
  const reason = stop.reason();
  const untouched = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (reason && !facts.dryRun && results.length > 0 && untouched) throw stopError(reason);
  const warnings = [
    ...(reason && !untouched ? [stopError(reason)] : []).map(({ code, message }) => ({ code, message })),
    ...troubles,
    ...unread.map(unreadWarning),
    ...incomplete.map(({ code, message, hint }) => ({ code, message: `${message}; ${hint}` })),
  ];
  const told: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: { ...plan, notes },
    results,
    verdict,
    warnings,
    error: undefined,
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

function print(report: RunReport, options: RunOptions, terminal: Terminal): void {
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
