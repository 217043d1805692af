import type { Drained } from '../drain/drain.ts';
import { type StopControl, stopError } from '../net/stop.ts';
import type { RunReport, Warning } from '../report/run-report.ts';
import { unreadWarning } from '../report/unread.ts';
import { amount } from '../report/words.ts';
import { statusOf } from './run-status.ts';

type Facts = Pick<RunReport, 'command' | 'dryRun' | 'orgs' | 'requests' | 'durationMs'>;

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
      ...(reconciled?.unread ?? []).map(unreadWarning),
      ...(reconciled?.incomplete ?? []).map(({ code, message, hint }) => ({
        code,
        message: `${message}; ${hint}`,
      })),
      ...aboutEntries(drained),
    ],
    queue: { settled, failed, waiting: pending },
    error: undefined,
  };
  return { ...told, status: statusOf(told) };
}

function aboutEntries({ failed, released, reconciled, trouble }: Drained): readonly Warning[] {
  const limited = reconciled?.verdict.verdict === 'refused';
  return [
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
    ...(released.length === 0 || limited
      ? []
      : [
          {
            code: 'QUEUE_WAITING',
            message:
              `${amount(released.length, 'entry', 'entries')} wait for the next drain: GitHub or Permit gave no ` +
              'clear answer about their people',
          },
        ]),
  ];
}
