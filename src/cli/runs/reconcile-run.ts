import type { Settings } from '../../config/settings.ts';
import { coverQueue } from '../../drain/settle-covered.ts';
import type { Change } from '../../model/change.ts';
import { SyncError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import type { Warning } from '../../model/problem.ts';
import type { GraphChange } from '../../model/repositories/graph-change.ts';
import type { SavedPlan } from '../../model/saved-plan.ts';
import { shellWord } from '../../model/text/text.ts';
import { openSharedState, type RedisState } from '../../queue/shared-state.ts';
import type { Target } from '../../report/run-report.ts';
import { describeDifferences, renderSavedPlan } from '../../report/saved-plan.ts';
import { finishedReport } from '../../run/finished-report.ts';
import { withInstalledOrgs } from '../../run/installed-orgs.ts';
import { apiUrlsOf, openServices, requestOf, targetOf } from '../../run/services.ts';
import type { Audit } from '../../sync/audit/audit.ts';
import { digestOf } from '../../sync/config-digest.ts';
import { type NamedPath, replaceFile, requireFilePlace } from '../../sync/file-place.ts';
import { type LockedRun, withLock } from '../../sync/locked-run.ts';
import { readPlanFile } from '../../sync/plan-file.ts';
import { planKeeper, requireSameConfig } from '../../sync/plan-keeper.ts';
import { reconcile } from '../../sync/reconcile.ts';
import type { ReconcileRequest, Step } from '../../sync/run.ts';
import type { CommandOutcome, Context } from '../command.ts';
import type { CommonOptions } from '../flags.ts';
import { namedPath } from '../new-file.ts';
import { keepHeapSmall } from '../small-heap.ts';
import type { Terminal } from '../terminal.ts';
import type { ReviewWriter } from './review-run.ts';
import { type AuditOptions, openRunAudit } from './run-audit.ts';
import { aboutSavedPlan, lastingWarnings, runNotes } from './run-notes.ts';
import { runOutcome } from './run-outcome.ts';

/** The options of `reconcile` or `apply`. */
type Job = {
  readonly dryRun: boolean;
} & (
  | {
      readonly command: 'reconcile';
      readonly detailedExitcode: boolean;
      /** Limits the run to these people. */
      readonly logins?: readonly string[] | undefined;
      /** Where to save the plan. */
      readonly out?: string | undefined;
      /** Where to write the access review. */
      readonly review?: readonly string[] | undefined;
      /** Settle the entries of the queue that the run covers. */
      readonly drain: boolean;
    }
  | { readonly command: 'apply' /** Where the plan is saved. */; readonly planFile: string }
);

/** A saved plan names people, so only its owner may read it. */
const PRIVATE = 0o600;

type RunOptions = CommonOptions & AuditOptions;

/** Runs `reconcile` or `apply`. @throws SyncError before anything was written. */
export async function runReconcile(
  job: Job,
  given: Context<Settings>,
  options: RunOptions,
): Promise<CommandOutcome> {
  keepHeapSmall();
  const { counter: observer, inActions } = given;
  const { stop } = given.control;
  const settings = await withInstalledOrgs(given.settings, { stop, observer, inActions });
  const context = { ...given, settings };
  const { log, terminal, counter, control, facts } = context;
  const { owner, redis } = settings;
  const { url, prefix } = redis;
  // Undefined where runs share no Redis.
  const shared =
    url === undefined
      ? undefined
      : await openSharedState({ url, prefix, owner, command: job.command, onWait: counter.onWait });
  const notes = (): readonly Warning[] => [
    ...lastingWarnings(settings, counter.tokenExpiresMs()),
    ...(shared?.takeTampering() ?? []),
  ];
  context.noteOnFailure(notes);
  let audit: Audit | undefined;
  try {
    const keeping = keepingOf(job, settings);
    audit = auditOf(job, options, terminal);
    const writeReview = await reviewOf(job, options, context);
    const unread = writeReview ? undefined : options.audit;
    for (const note of runNotes({ dryRun: job.dryRun, audit: unread }, settings)) log.info(note);
    const done = await runOnce(job, keeping, { shared, audit }, context);
    const { command, dryRun } = job;
    const report = finishedReport(done, audit?.warning(), control, {
      ...{ owner, config: settings.configFile, target: done.target },
      ...{ command, dryRun, orgs: settings.orgs, notes: notes() },
      flags: [...settings.repeatedFlags, ...userFlags(keeping.logins)],
      ...facts(),
    });
    writeReview?.(report, { ...done, configDigest: await done.configDigest() });
    const out = keeping.out === 'stdout' ? undefined : keeping.out?.name;
    if (out && dryRun) log.info(aboutSavedPlan(out, report, settings));
    return runOutcome(report, command === 'reconcile' && job.detailedExitcode);
  } finally {
    shared?.close();
    audit?.close();
  }
}

/** What a run does with its plan in addition to applying it. */
type PlanKeeping = {
  /** The plan that this run must reproduce; undefined for a run that needs no approval. */
  readonly approved: SavedPlan | undefined;
  /** Narrows the run to these people. */
  readonly logins: readonly string[] | undefined;
  readonly out: NamedPath | 'stdout' | undefined;
};

/** Reads the approved plan and checks the path of a new one before any request. */
function keepingOf(job: Job, settings: Settings): PlanKeeping {
  if (job.command === 'apply') {
    const approved = readPlanFile(job.planFile);
    requireSameConfig(approved, requestOf(settings, approved.scope.users), apiUrlsOf(settings));
    return { approved, logins: approved.scope.users, out: undefined };
  }
  const out = job.out === '-' ? 'stdout' : namedPath('--out', job.out);
  if (out && out !== 'stdout') requireFilePlace(out);
  return { approved: undefined, logins: job.logins, out };
}

const userFlags = (logins: readonly string[] | undefined): readonly string[] =>
  logins === undefined ? [] : ['--user', ...logins.map(shellWord)];

function save(text: string, out: NamedPath | 'stdout', terminal: Terminal): void {
  if (out === 'stdout') terminal.out(text);
  else replaceFile(out, text, PRIVATE);
}

/** A dry run applies nothing, so it records nothing. */
function auditOf(job: Job, options: RunOptions, terminal: Terminal): Audit | undefined {
  const place = namedPath('--audit', options.audit);
  if (place === undefined) return undefined;
  const plan = job.command === 'apply' ? namedPath('PLAN', job.planFile) : namedPath('--out', job.out);
  if (plan?.path === place.path) {
    throw new SyncError('USAGE', '--audit and the plan name the same file', 'give --audit another file');
  }
  if (!job.dryRun) return openRunAudit(options, terminal);
  requireFilePlace(place);
  return undefined;
}

/** Loads what `--review` needs only where it is given. */
async function reviewOf(
  job: Job,
  options: RunOptions,
  context: Context<Settings>,
): Promise<ReviewWriter | undefined> {
  if (job.command !== 'reconcile' || job.review === undefined) return undefined;
  const { openReview } = await import('./review-run.ts');
  return openReview(job.review, { ...options, out: job.out }, context);
}

const STEP_TEXT: Readonly<Record<Step, string>> = {
  list: 'Listing members on GitHub and users in Permit',
  look: 'Asking GitHub again about everyone who would lose something',
  apply: 'Applying the plan',
};

async function runOnce(
  job: Job,
  keeping: PlanKeeping,
  { shared, audit }: { readonly shared: RedisState | undefined; readonly audit: Audit | undefined },
  { settings, counter, progress, terminal, inActions, control: { stop } }: Context<Settings>,
): Promise<
  LockedRun & {
    readonly request: ReconcileRequest;
    /** As in a saved plan. */
    readonly configDigest: () => Promise<string>;
    readonly isRepaired: boolean;
    readonly target: Target | undefined;
  }
> {
  const { lockWaitMs } = settings;
  const { environment, environmentKeys, ...services } = openServices(settings, {
    stop,
    observer: counter,
    mayWrite: !job.dryRun,
    inActions,
    beforeWrite: shared?.lock.assertHeld,
    teams: shared?.teams,
  });
  const target = targetOf(settings, { environment, environmentKeys });
  const request = requestOf(settings, keeping.logins);
  const { out, approved } = keeping;
  const keep = planKeeper(request, {
    apiUrls: apiUrlsOf(settings),
    environment,
    approved,
    now: () => new Date(),
    concealed: terminal.concealed,
    describeDifferences,
    keepers: [
      ...(out ? [(saved: SavedPlan) => save(renderSavedPlan(saved), out, terminal)] : []),
      ...(audit ? [(saved: SavedPlan, plan: Plan) => audit.begin(plan, saved.fingerprint)] : []),
    ],
  });
  const ports = {
    ...services,
    announce: (step: Step, changes?: number) => progress.show(STEP_TEXT[step], changes),
    onJudged: keep.onJudged,
    onApplied: (changes: readonly (Change | GraphChange)[]) => {
      progress.did(changes.length);
      return audit?.onApplied(changes);
    },
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
  const configDigest = async () => digestOf(request, apiUrlsOf(settings), await environment()).digest;
  return { ...run, request, configDigest, isRepaired, target: await target() };
}
