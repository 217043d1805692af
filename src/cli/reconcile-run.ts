import { loadSettings } from '../config/load.ts';
import { requireRedisUrl } from '../config/queue-settings.ts';
import type { Settings } from '../config/settings.ts';
import { coverQueue } from '../drain/settle-covered.ts';
import { type StopControl, stopError } from '../http/stop.ts';
import { SyncError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { SavedPlan } from '../model/saved-plan.ts';
import { openSharedState, type RedisState } from '../queue/shared-state.ts';
import { auditLine } from '../report/audit.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import { describeDifferences, renderSavedPlan } from '../report/saved-plan.ts';
import { unreadWarning } from '../report/unread.ts';
import { type Audit, openAudit } from '../sync/audit.ts';
import { type NamedPath, requireFilePlace } from '../sync/file-place.ts';
import { type LockedRun, withLock } from '../sync/locked-run.ts';
import { readPlanFile, writePlanFile } from '../sync/plan-file.ts';
import { planKeeper, requireSameConfig } from '../sync/plan-keeper.ts';
import { reconcile, type Step } from '../sync/reconcile.ts';
import { boundedRun } from './bounded-run.ts';
import { REPAIRED } from './drained-report.ts';
import { exitCodeOf } from './exit-code.ts';
import { failedReport } from './failed-report.ts';
import { inGitHubActions, reportToActions } from './github-actions.ts';
import { type Log, openLog } from './log.ts';
import { namedPath } from './new-file.ts';
import { type CommonOptions, logOptions } from './options.ts';
import { printReport, refusal } from './print-report.ts';
import { openProgress, type Progress } from './progress.ts';
import { apiUrlsOf, requestOf } from './requests.ts';
import {
  aboutSavedPlan,
  lackWarning,
  lastingWarnings,
  repeatedFlags,
  repeatingFlags,
  runNotes,
} from './run-notes.ts';
import { statusOf } from './run-status.ts';
import { countingObserver, openServices } from './services.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Terminal } from './terminal.ts';

/** The flags that `reconcile` and `apply` share. */
export type RunOptions = CommonOptions & {
  readonly mode?: string;
  readonly adopt?: string | boolean;
  readonly allowRemovals?: string;
  readonly allowDemotions?: string;
  readonly allowDuplicates?: string;
  readonly allowFloor?: readonly string[];
  readonly audit?: string;
  readonly lockWait?: string;
};

/** What one of the two commands asks for. */
export type Job = {
  readonly dryRun: boolean;
  readonly detailedExitcode: boolean;
  /** Narrow the run to these people. */
  readonly logins?: readonly string[] | undefined;
} & (
  | {
      readonly command: 'reconcile';
      /** Where the plan is saved. */
      readonly out?: string | undefined;
      /** Settle what the run has covered of the queue. */
      readonly drain: boolean;
    }
  | { readonly command: 'apply' /** Where the plan was saved. */; readonly planFile: string }
);

/**
 * Runs and reports on stdout, in the form that was asked for, however it ends.
 * @param validateFlags throws a SyncError for flags that make no sense together.
 * @returns the exit code.
 */
export async function runAndReport(
  job: Job,
  options: RunOptions,
  validateFlags: () => void,
  terminal: Terminal,
): Promise<number> {
  const log = openLog(terminal, logOptions(options));
  const report = await run(job, options, validateFlags, terminal, log);
  if (report.error) log.error(report.error);
  if (report.status === 'refused') log.error(refusal(report));
  printReport(report, options, terminal);
  reportToActions(report, terminal, log);
  return exitCodeOf(report, job.detailedExitcode);
}

type Facts = Pick<RunReport, 'command' | 'dryRun' | 'orgs' | 'flags' | 'requests' | 'durationMs' | 'notes'>;

async function run(
  job: Job,
  options: RunOptions,
  validateFlags: () => void,
  terminal: Terminal,
  log: Log,
): Promise<RunReport> {
  keepHeapSmall();
  const began = performance.now();
  const progress = await openProgress(terminal, options.quiet === true);
  const observer = countingObserver(log, progress);
  let settings: Settings | undefined;
  let shared: RedisState | undefined;
  const facts = (): Facts => ({
    command: job.command,
    dryRun: job.dryRun,
    orgs: settings?.orgs ?? [],
    notes: [...lastingWarnings(settings, observer.tokenExpiresMs()), ...(shared?.takeTampering() ?? [])],
    flags: repeatedFlags(options),
    requests: { ...observer.requests },
    durationMs: Math.round(performance.now() - began),
  });
  let audit: Audit | undefined;
  try {
    validateFlags();
    const known = loadSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    settings = known;
    terminal.conceal(known.secrets);
    if (job.command === 'reconcile' && job.drain) requireRedisUrl(terminal.env);
    const { owner, redis } = known;
    if (redis.url !== undefined) {
      shared = await openSharedState({ url: redis.url, prefix: redis.prefix, owner, command: job.command });
    }
    const keeping = keepingOf(job, known);
    audit = auditOf(job, options, terminal.concealed);
    for (const note of runNotes({ dryRun: job.dryRun, audit: options.audit }, known)) log.info(note);
    return await boundedRun(known.timeoutMs, { log, observer }, async (control) => {
      const { concealed } = terminal;
      const ports = {
        shared,
        observer,
        progress,
        audit,
        concealed,
        inActions: inGitHubActions(terminal.env),
      };
      const turned = await runOnce(job, known, keeping, control, ports);
      const report = succeededReport(turned, audit?.warning(), control, facts(), options);
      const out = keeping.out?.name;
      if (out && job.dryRun) log.info(aboutSavedPlan(out, report, options));
      return report;
    });
  } catch (error) {
    if (error instanceof SyncError) return failedReport(repeatingFlags(error, options), job.dryRun, facts());
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const bug = { code: 'INTERNAL', message: words, hint: 'this is a bug: please report it' } as const;
    return failedReport(bug, job.dryRun, facts());
  } finally {
    shared?.close();
    audit?.close();
    progress.done();
  }
}

/** What a run does with its plan besides applying it. */
type PlanKeeping = {
  /** The plan that this run must reproduce; undefined for a run that needs no approval. */
  readonly approved: SavedPlan | undefined;
  /** Narrows the run to these people. */
  readonly logins: readonly string[] | undefined;
  readonly out: NamedPath | undefined;
};

/** Reads the approved plan and checks the path of a new one before any request. */
function keepingOf(job: Job, settings: Settings): PlanKeeping {
  if (job.command === 'apply') {
    const approved = readPlanFile(job.planFile);
    requireSameConfig(approved, requestOf(settings, approved.scope.users), apiUrlsOf(settings));
    return { approved, logins: approved.scope.users, out: undefined };
  }
  const out = namedPath('--out', job.out);
  if (out) requireFilePlace(out);
  return { approved: undefined, logins: job.logins, out };
}

/** A dry run applies nothing, and so has nothing to put on record. */
function auditOf(job: Job, options: RunOptions, concealed: Terminal['concealed']): Audit | undefined {
  const place = namedPath('--audit', options.audit);
  if (place === undefined) return undefined;
  const plan = job.command === 'apply' ? namedPath('PLAN', job.planFile) : namedPath('--out', job.out);
  if (plan?.path === place.path) {
    throw new SyncError('USAGE', '--audit names the file of the plan', 'name another file after --audit');
  }
  if (!job.dryRun) return openAudit(place, { now: () => new Date(), concealed, renderLine: auditLine });
  requireFilePlace(place);
  return undefined;
}

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Listing members on GitHub and users in Permit',
  look: 'Asking GitHub again about everyone who would lose something',
  apply: 'Applying the plan',
};

type RunPorts = {
  /** Undefined where runs share no Redis. */
  readonly shared: RedisState | undefined;
  readonly observer: ReturnType<typeof countingObserver>;
  readonly progress: Progress;
  readonly audit: Audit | undefined;
  readonly concealed: Terminal['concealed'];
  readonly inActions: boolean;
};

async function runOnce(
  job: Job,
  settings: Settings,
  keeping: PlanKeeping,
  { stop }: StopControl,
  { shared, observer, progress, audit, concealed, inActions }: RunPorts,
): Promise<LockedRun & { readonly isRepaired: boolean }> {
  const { lockWaitMs } = settings;
  const { environment, ...services } = openServices(settings, {
    stop,
    observer,
    mayWrite: !job.dryRun,
    inActions,
    beforeWrite: shared?.lock.assertHeld,
    teams: shared?.teams,
  });
  const request = requestOf(settings, keeping.logins);
  const { out, approved } = keeping;
  const keep = planKeeper(request, {
    apiUrls: apiUrlsOf(settings),
    environment,
    approved,
    now: () => new Date(),
    concealed,
    describeDifferences,
    keepers: [
      ...(out ? [(saved: SavedPlan) => writePlanFile(out, renderSavedPlan(saved))] : []),
      ...(audit ? [(saved: SavedPlan, plan: Plan) => audit.begin(plan, saved.fingerprint)] : []),
    ],
  });
  const ports = {
    ...services,
    announce: (step: Step) => progress.show(STEP_TEXT[step]),
    onJudged: keep.onJudged,
    onApplied: audit?.onApplied,
  };
  let isRepaired = false;
  const onRepair = (): void => {
    isRepaired = true;
  };
  const coverage =
    shared && job.command === 'reconcile' && job.drain
      ? coverQueue(shared.openQueue({ onRepair }), request)
      : undefined;
  const options = { dryRun: job.dryRun, lockWaitMs, signal: stop.signal, environment, coverage };
  const run = await withLock(shared, request, options, (budget) =>
    reconcile(request, { ...ports, budget }).catch(keep.explain),
  );
  return { ...run, isRepaired };
}

function succeededReport(
  { reconciled, queue, trouble: redisTrouble, isRepaired }: Awaited<ReturnType<typeof runOnce>>,
  trouble: Warning | undefined,
  { stop }: StopControl,
  facts: Facts,
  options: RunOptions,
): RunReport {
  const { plan, results, verdict, incomplete, unread, notes, lacks } = reconciled;
  const reason = stop.reason();
  const untouched = results.every(({ outcome }) => outcome.kind === 'skipped');
  if (reason && !facts.dryRun && results.length > 0 && untouched) throw stopError(reason);
  const warnings = [
    ...(reason && !untouched ? [stopError(reason)] : []).map(({ code, message }) => ({ code, message })),
    ...(isRepaired && queue ? [REPAIRED] : []),
    ...(redisTrouble
      ? [{ code: redisTrouble.code, message: `${redisTrouble.message}; the run itself is not affected` }]
      : []),
    ...(trouble ? [trouble] : []),
    ...lacks.filter(({ waiting }) => waiting > 0).map((lack) => lackWarning(lack, options)),
    ...unread.map(unreadWarning),
    ...incomplete.map(({ code, message, hint }) => ({ code, message: `${message}; ${hint}` })),
  ];
  const unneeded = lacks
    .filter(({ waiting }) => waiting === 0)
    .map((lack) => ({ ...lackWarning(lack, options), code: lack.code, users: [] }));
  const told: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: { ...plan, notes: [...notes, ...unneeded] },
    results,
    verdict,
    warnings,
    queue,
    error: undefined,
  };
  return { ...told, status: statusOf(told) };
}
