import type { RunReport, Status } from '../report/run-report.ts';
import { isPartial } from './exit-code.ts';

/** How a run ended that was not an error. */
export function statusOf(report: RunReport): Status {
  if (report.verdict.verdict === 'refused') return 'refused';
  if (report.results.length === 0) return isPartial(report) || isLossOpen(report) ? 'partial' : 'in-sync';
  if (report.dryRun) return 'pending';
  return isPartial(report) ? 'partial' : 'applied';
}

const KEPT = new Set<string>(['KEPT_UNCONFIRMED', 'KEPT_OUT_OF_SCOPE']);

/** Someone keeps what may be theirs no longer: the exit code stays, and yet nobody may call this in sync (CONTRACT §6.3). */
const isLossOpen = ({ plan }: RunReport): boolean =>
  (plan?.unsettled.length ?? 0) > 0 && plan?.notes.some(({ code }) => KEPT.has(code)) === true;
