import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { Environment } from '../config/settings.ts';
import { annotations, outputs } from '../report/actions.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { RunReport } from '../report/run-report.ts';
import type { Log } from './log.ts';
import type { Terminal } from './terminal.ts';

export const inGitHubActions = (env: Environment): boolean => env.GITHUB_ACTIONS === 'true';

/**
 * In GitHub Actions: the job summary, the step's outputs and the annotations. Annotations go to stderr, which the
 * runner reads as well, so that stdout stays what --output says.
 */
export function reportToActions(report: RunReport, terminal: Terminal, log: Log): void {
  if (!inGitHubActions(terminal.env)) return;
  append('GITHUB_STEP_SUMMARY', renderMarkdown(report), terminal, log);
  append('GITHUB_OUTPUT', outputs(report), terminal, log);
  terminal.err(annotations(report));
}

/** A summary that can't be written must not turn a run that was applied into a failed one. */
export function append(
  variable: 'GITHUB_STEP_SUMMARY' | 'GITHUB_OUTPUT',
  text: string,
  { env, concealed }: Pick<Terminal, 'env' | 'concealed'>,
  log: Log,
): void {
  const file = env[variable];
  if (!file) return;
  try {
    appendAtOnce(file, concealed(text));
  } catch (error) {
    log.info(
      `warning: ${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Never waits for somebody to read, where the variable names a pipe. */
function appendAtOnce(path: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, 0o666);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
