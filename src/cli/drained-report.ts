import type { Drained } from '../drain/drain.ts';
import { type StopControl, stopError } from '../http/stop.ts';
import { enumerate } from '../model/text.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import { unreadWarning } from '../report/warnings.ts';
import { amount } from '../report/words.ts';
import { lackWarning } from './run-notes.ts';
import { statusOf } from './run-status.ts';

type Facts = Omit<RunReport, 'status' | 'plan' | 'results' | 'verdict' | 'warnings' | 'queue' | 'error'>;

/** @param pending entries that are still in the queue. */
export function drainedReport(
  drained: Drained,
  pending: number,
  { stop }: Pick<StopControl, 'stop'>,
  facts: Facts,
): RunReport {
  const { reconciled, settled, failed } = drained;
  const reason = stop.reason();
  const told: RunReport = {
    ...facts,
    status: 'in-sync',
    plan: reconciled && { ...reconciled.plan, notes: reconciled.notes },
    results: reconciled?.results ?? [],
    verdict: reconciled?.verdict ?? { verdict: 'pass', violations: [] },
    warnings: [
      ...(reason ? [stopError(reason)].map(({ code, message }) => ({ code, message })) : []),
      ...(reconciled?.lacks ?? []).map((lack) => lackWarning(lack, {})),
      ...(reconciled?.unread ?? []).map(unreadWarning),
      ...(reconciled?.incomplete ?? []).map(({ code, message, hint }) => ({
        code,
        message: `${message}; ${hint}`,
      })),
      ...aboutEntries(drained, reason !== undefined),
    ],
    queue: { settled, failed, waiting: pending },
    error: undefined,
  };
  const status = statusOf(told);
  // Others may be working on them, or they arrived a moment ago: nothing is wrong, but nothing is in sync either.
  return { ...told, status: status === 'in-sync' && pending > 0 ? 'pending' : status };
}

/** No run of ours writes such values. */
export const REPAIRED: Warning = {
  code: 'QUEUE_REPAIRED',
  message:
    'someone else changed ids, waits or the cursor of the queue in Redis, which hid entries; they were repaired, ' +
    'and the entries are processed; check who can write to this Redis',
};

function aboutEntries(
  { failed, released, contradicted, postponed, reconciled, trouble, strangers = [], isRepaired }: Drained,
  ended: boolean,
): readonly Warning[] {
  const limited = reconciled?.verdict.verdict === 'refused';
  const lostTurn = reconciled?.results.find(
    ({ outcome }) => outcome.kind === 'skipped' && /has lost its turn/.test(outcome.why),
  );
  return [
    ...(isRepaired ? [REPAIRED] : []),
    ...(strangers.length === 0
      ? []
      : [
          {
            code: 'QUEUE_STRANGER',
            message:
              `entries named ${enumerate(strangers)}, which is not configured here: their people were looked at in ` +
              'the configured organizations alone; a receiver should not know more organizations than a drain',
          },
        ]),
    ...(lostTurn?.outcome.kind === 'skipped' ? [{ code: 'LOCKED', message: lostTurn.outcome.why }] : []),
    ...(trouble === undefined
      ? []
      : [
          {
            code: trouble.code,
            message: `${trouble.message}; what was applied stands, and the entries are looked at once more`,
          },
        ]),
    ...(failed === 0
      ? []
      : [
          {
            code: 'QUEUE_FAILED',
            message: `${amount(failed, 'entry', 'entries')} could not be worked off; gh-permit-sync queue list says why`,
          },
        ]),
    ...(contradicted === 0
      ? []
      : [
          {
            code: 'QUEUE_WAITING',
            message:
              `${amount(contradicted, 'entry waits', 'entries wait')} to be looked up again: GitHub answers the ` +
              'opposite of what the webhook said, and its API can lag behind',
          },
        ]),
    ...(postponed === 0
      ? []
      : [
          {
            code: 'QUEUE_WAITING',
            message:
              `${amount(postponed, 'entry waits', 'entries wait')} for the next listing: webhooks cause at most one ` +
              'listing of an organization in 5 minutes',
          },
        ]),
    ...(released.length === postponed || limited
      ? []
      : [
          {
            code: 'QUEUE_WAITING',
            message: `${amount(released.length - postponed, 'entry waits', 'entries wait')} for the next drain: ${
              ended || lostTurn
                ? 'this one was ended before'
                : reconciled?.lacks.length
                  ? 'Permit lacks something that their people should get'
                  : 'GitHub or Permit gave no clear answer about their people'
            }`,
          },
        ]),
  ];
}
