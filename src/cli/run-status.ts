import type { RunReport, Status } from '../report/run-report.ts';
import { isPartial } from './exit-code.ts';

/** How a run ended that was not an error. */
export function statusOf(report: RunReport): Status {
  if (report.verdict.verdict === 'refused') return 'refused';
  if (report.results.length === 0) return isPartial(report) ? 'partial' : 'in-sync';
  if (report.dryRun) return 'pending';
  return isPartial(report) ? 'partial' : 'applied';
}
