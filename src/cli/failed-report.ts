import type { SyncError } from '../model/errors.ts';
import type { RunReport } from '../report/run-report.ts';

/** The report of a run that ended before it had anything to report but its error. */
export function failedReport(
  { code, message, hint }: Pick<SyncError, 'code' | 'message' | 'hint'>,
  dryRun: boolean,
  facts: Partial<Pick<RunReport, 'command' | 'orgs' | 'requests' | 'durationMs' | 'notes'>> = {},
): RunReport {
  return {
    command: facts.command ?? 'reconcile',
    dryRun,
    status: 'error',
    orgs: facts.orgs ?? [],
    plan: undefined,
    results: [],
    verdict: { verdict: 'pass', violations: [] },
    warnings: [],
    notes: facts.notes ?? [],
    requests: facts.requests ?? { github: 0, permit: 0 },
    durationMs: facts.durationMs ?? 0,
    error: { code, message, hint },
  };
}
