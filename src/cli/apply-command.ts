import { type RunOptions, runAndReport } from './reconcile-run.ts';
import type { Terminal } from './terminal.ts';

/**
 * Plans and judges anew, and applies only what a saved plan says, no more and no less.
 * @returns the exit code.
 */
export function applyCommand(planFile: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const job = { command: 'apply', dryRun: false, detailedExitcode: false, planFile } as const;
  return runAndReport(job, options, () => undefined, terminal);
}
