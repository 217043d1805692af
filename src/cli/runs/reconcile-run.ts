import type { Settings } from '../../config/settings.ts';
import type { Change } from '../../model/change.ts';
import { SyncError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import type { Warning } from '../../model/problem.ts';
import type { GraphChange } from '../../model/repositories/graph-change.ts';
import type { SavedPlan } from '../../model/saved-plan.ts';
import { shellWord } from '../../model/text/text.ts';
import { renderSavedPlan } from '../../report/saved-plan.ts';
import { finishedReport } from '../../run/finished-report.ts';
import { withInstalledOrgs } from '../../run/installed-orgs.ts';
import { openSharedStateOf, runOnce } from '../../run/run-once.ts';
import { apiUrlsOf, requestOf } from '../../run/services.ts';
import type { Audit } from '../../sync/audit/audit.ts';
import { type NamedPath, replaceFile, requireFilePlace } from '../../sync/file-place.ts';
import { readPlanFile } from '../../sync/plan-file.ts';
import { requireSameConfig } from '../../sync/plan-keeper.ts';
import type { Step } from '../../sync/run.ts';
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
  const settings = await withInstalledOrgs(given.settings, given.ports);
  const context = { ...given, settings };
  const { log, terminal, counter, control, facts, progress } = context;
  const shared = await openSharedStateOf(settings, job.command, counter.onWait);
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
    const { command, dryRun } = job;
    const { approved, logins, out } = keeping;
    const keepers = [
      ...(out ? [(saved: SavedPlan) => save(renderSavedPlan(saved), out, terminal)] : []),
      ...(audit ? [(saved: SavedPlan, plan: Plan) => audit?.begin(plan, saved.fingerprint)] : []),
    ];
    const run = {
      ...{ dryRun, logins, approved, shared, keepers },
      settlesQueue: command === 'reconcile' && job.drain,
      concealed: terminal.concealed,
      announce: (step: Step, changes?: number) => progress.show(STEP_TEXT[step], changes),
      onApplied: (changes: readonly (Change | GraphChange)[]) => {
        progress.did(changes.length);
        return audit?.onApplied(changes);
      },
    };
    const done = await runOnce(settings, run, context.ports);
    const report = finishedReport(done, audit?.warning(), control, {
      ...{ owner: settings.owner, config: settings.configFile, target: done.target },
      ...{ command, dryRun, orgs: settings.orgs, notes: notes() },
      flags: [...settings.repeatedFlags, ...userFlags(logins)],
      ...facts(),
    });
    writeReview?.(report, { ...done, configDigest: await done.configDigest() });
    if (dryRun && out && out !== 'stdout') log.info(aboutSavedPlan(out.name, report, settings));
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
