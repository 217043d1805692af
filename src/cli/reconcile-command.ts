import { SyncError } from '../model/errors.ts';
import { type RunOptions, runAndReport } from './reconcile-run.ts';
import type { Terminal } from './terminal.ts';

export type ReconcileOptions = RunOptions & {
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly user?: readonly string[];
  readonly out?: string;
  readonly drain?: boolean;
};

/** @returns the exit code. Every way it can end is reported on stdout in the form that was asked for. */
export function reconcileCommand(options: ReconcileOptions, terminal: Terminal): Promise<number> {
  const { dryRun = false, detailedExitcode = false, user, out, drain = false } = options;
  const logins = user?.flatMap((names) => names.split(',')).filter((name) => name !== '');
  const job = { command: 'reconcile', dryRun, detailedExitcode, logins, out, drain } as const;
  return runAndReport(job, options, () => validateFlags(options), terminal);
}

function validateFlags({ dryRun, detailedExitcode, drain, user }: ReconcileOptions): void {
  if (drain && user) {
    throw new SyncError(
      'USAGE',
      '--drain settles what a run over everybody has covered, and --user narrows it to a few',
      'leave one of them out; gh-permit-sync drain works off the queue person by person',
    );
  }
  if (drain && dryRun) {
    throw new SyncError(
      'USAGE',
      '--drain settles the queue, and a --dry-run changes nothing',
      'leave one of them out; gh-permit-sync queue list shows what waits',
    );
  }
  if (detailedExitcode && !dryRun) {
    throw new SyncError(
      'USAGE',
      '--detailed-exitcode tells pending changes, and only a --dry-run leaves any',
      'add --dry-run, or leave --detailed-exitcode out',
    );
  }
}
