import { SyncError } from '../model/errors.ts';
import { type RunOptions, runAndReport } from './reconcile-run.ts';
import type { Terminal } from './terminal.ts';

export type ReconcileOptions = RunOptions & {
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly user?: readonly string[];
  readonly out?: string;
};

/** @returns the exit code. Every way it can end is reported on stdout in the form that was asked for. */
export function reconcileCommand(options: ReconcileOptions, terminal: Terminal): Promise<number> {
  const { dryRun = false, detailedExitcode = false, user, out } = options;
  const logins = user?.flatMap((names) => names.split(',')).filter((name) => name !== '');
  const job = { command: 'reconcile', dryRun, detailedExitcode, logins, out } as const;
  return runAndReport(job, options, () => requireSense(options), terminal);
}

function requireSense({ dryRun, detailedExitcode }: ReconcileOptions): void {
  if (detailedExitcode && !dryRun) {
    throw new SyncError(
      'USAGE',
      '--detailed-exitcode tells pending changes, and only a --dry-run leaves any',
      'add --dry-run, or leave --detailed-exitcode out',
    );
  }
}
