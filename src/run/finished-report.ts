import type { DrainResult } from '../drain/drain.ts';
import { type StopControl, type StopReason, stopError } from '../http/stop.ts';
import { asWarning, type Warning } from '../model/problem.ts';
import { count, enumerate } from '../model/text/text.ts';
import { allResultsOf, type RunReport } from '../report/run-report.ts';
import { unreadWarning } from '../report/warnings.ts';
import type { LockedRun } from '../sync/locked-run.ts';
import { statusOf } from './run-status.ts';

/** What the caller knows about a run. */
type RunFacts = Omit<RunReport, 'status' | 'plan' | 'results' | 'verdict' | 'warnings' | 'queue' | 'error'>;

const REPAIRED: Warning = {
  code: 'QUEUE_REPAIRED',
  message:
    'someone else changed ids, waits, holders or the cursor of the queue in Redis, which hid entries; they were repaired, ' +
    'and the entries are processed; check who can write to this Redis',
};

function stopWarning(reason: StopReason): Warning {
  const { code, message } = stopError(reason);
  return { code, message };
}

/**
 * The report of a full run.
 * @param trouble of the audit file. @throws SyncError if the run was stopped before it wrote anything.
 */
export function finishedReport(
  {
    reconciled,
    queue,
    trouble: redisTrouble,
    isRepaired = false,
  }: LockedRun & { readonly isRepaired?: boolean },
  trouble: Warning | undefined,
  { stop }: Pick<StopControl, 'stop'>,
  facts: RunFacts,
): RunReport {
  const { plan, results, graphResults, verdict, incomplete, unread, notes, lacks } = reconciled;
  const reason = stop.reason();
  const all = [...results, ...graphResults];
  const untouched = all.every(({ outcome }) => outcome.kind === 'skipped');
  if (reason && !facts.dryRun && all.length > 0 && untouched) throw stopError(reason);
  const warnings = [
    ...(reason && !untouched ? [stopWarning(reason)] : []),
    ...(isRepaired && queue ? [REPAIRED] : []),
    ...(redisTrouble
      ? [{ code: redisTrouble.code, message: `${redisTrouble.message}; the run itself is not affected` }]
      : []),
    ...(trouble ? [trouble] : []),
    ...lacks.filter(({ waiting }) => waiting > 0).map(asWarning),
    ...unread.map(unreadWarning),
    ...incomplete.map(asWarning),
  ];
  const unneeded = lacks
    .filter(({ waiting }) => waiting === 0)
    .map((lack) => ({ ...asWarning(lack), users: [] }));
  const report: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: { ...plan, notes: [...notes, ...unneeded] },
    results,
    graphResults,
    verdict,
    warnings,
    queue,
    notes: [...(facts.notes ?? []), ...aboutQueue(queue?.waiting ?? 0)],
    error: undefined,
  };
  return { ...report, status: statusOf(report) };
}

/** Entries that a full run leaves are not a fault of the run: more can arrive at any time. */
const aboutQueue = (waiting: number): readonly Warning[] =>
  waiting === 0
    ? []
    : [
        {
          code: 'QUEUE_WAITING',
          message:
            `${waits(waiting)} in the queue, not settled by what this run saw or new since it began; ` +
            'gh-permit-sync queue list shows more, and the next drain looks again',
        },
      ];

const waits = (entries: number): string => count(entries, 'entry waits', 'entries wait');

/** A drain, and why it lost the lock, if it did. */
type FinishedDrain = DrainResult & { readonly lostLock: string | undefined };

/** The report of a drain. @param pending entries that are still in the queue. */
export function drainedReport(
  drained: FinishedDrain,
  pending: number,
  { stop }: Pick<StopControl, 'stop'>,
  facts: RunFacts,
): RunReport {
  const { reconciled, settled, failed } = drained;
  const reason = stop.reason();
  const report: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: reconciled && { ...reconciled.plan, notes: reconciled.notes },
    results: reconciled?.results ?? [],
    graphResults: reconciled?.graphResults ?? [],
    verdict: reconciled?.verdict ?? { verdict: 'pass', violations: [] },
    warnings: [
      ...(reason ? [stopWarning(reason)] : []),
      ...(reconciled?.lacks ?? []).map(asWarning),
      ...(reconciled?.unread ?? []).map(unreadWarning),
      ...(reconciled?.incomplete ?? []).map(asWarning),
      ...aboutEntries(drained, reason !== undefined),
    ],
    queue: { settled, failed, waiting: pending },
    notes: [...(facts.notes ?? []), ...heldElsewhere(drained.held ?? 0)],
    error: undefined,
  };
  const status = statusOf(report);
  // Another drain may work on them, or they have just arrived: nothing is wrong, but it is not in sync either.
  const isWaiting = pending > 0 && status !== 'refused' && status !== 'partial';
  return { ...report, status: isWaiting && allResultsOf(report).length === 0 ? 'pending' : status };
}

/** It does not change the exit code: drains that wait for the lock for very long hold entries, too. */
const heldElsewhere = (held: number): readonly Warning[] =>
  held === 0
    ? []
    : [
        {
          code: 'QUEUE_HELD',
          message:
            `${count(held, 'entry', 'entries')} in the queue had been held for more than 15 minutes by a drain that did ` +
            'not process them; this drain did; unless another drain waited for the lock, check who can write to this Redis',
        },
      ];

/** Warnings about entries that stay in the queue, and about the queue itself. */
function aboutEntries(
  {
    failed,
    released,
    contradicted,
    postponed,
    reconciled,
    trouble,
    strangers = [],
    isRepaired,
    lostLock,
  }: FinishedDrain,
  ended: boolean,
): readonly Warning[] {
  const isLimited = reconciled?.verdict.verdict === 'refused';
  const waiting = isLimited ? 0 : released.length - postponed;
  const why =
    ended || lostLock
      ? 'this one ended earlier'
      : reconciled?.lacks.length
        ? 'Permit lacks something that their people should get'
        : 'GitHub or Permit gave no clear answer about their people';
  const warn = (isSo: boolean, code: string, message: string): readonly Warning[] =>
    isSo ? [{ code, message }] : [];
  return [
    ...(isRepaired ? [REPAIRED] : []),
    ...warn(
      strangers.length > 0,
      'QUEUE_STRANGER',
      `entries named ${enumerate(strangers)}, which is not configured here: their people were looked up ` +
        'in the configured organizations only; a receiver should not know more organizations than a drain',
    ),
    ...warn(lostLock !== undefined, 'LOCKED', lostLock ?? ''),
    ...(trouble
      ? [
          {
            code: trouble.code,
            message: `${trouble.message}; the changes stay applied, and the entries are processed again`,
          },
        ]
      : []),
    ...warn(
      failed > 0,
      'QUEUE_FAILED',
      `${count(failed, 'entry', 'entries')} could not be processed; gh-permit-sync queue list shows why`,
    ),
    ...warn(
      contradicted > 0,
      'QUEUE_WAITING',
      `${waits(contradicted)} to be looked up again: GitHub's answer contradicts the webhook, and its API can lag behind`,
    ),
    ...warn(
      postponed > 0,
      'QUEUE_WAITING',
      `${waits(postponed)} for the next listing: webhooks cause at most one listing of an organization in 5 minutes`,
    ),
    ...warn(waiting > 0, 'QUEUE_WAITING', `${waits(waiting)} for the next drain: ${why}`),
  ];
}
