import { changesOf } from '../model/plan.ts';
import type { RunReport } from '../report/run-report.ts';

/**
 * CONTRACT §10. A dry run exits 4 for what the run would; 3 wins over 4, 4 over 2.
 * @param detailed whether a dry run tells pending changes by 2.
 */
export function exitCodeOf(report: RunReport, detailed: boolean): 0 | 1 | 2 | 3 | 4 {
  if (report.status === 'error') return 1;
  if (report.status === 'refused') return 3;
  if (isPartial(report)) return 4;
  return detailed && report.plan && changesOf(report.plan).length > 0 ? 2 : 0;
}

/** Somebody was skipped or failed, or something could not be read. */
export function isPartial({
  plan,
  results,
  warnings,
}: Pick<RunReport, 'plan' | 'results' | 'warnings'>): boolean {
  const undone = results.some(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
  return undone || warnings.length > 0 || (plan?.skipped.length ?? 0) > 0;
}
