import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { Environment } from '../config/settings.ts';
import type { Log } from './log.ts';
import type { Terminal } from './terminal.ts';

/** What a job of GitHub Actions gets besides stdout. */
export type JobReport = {
  /** Markdown for the job summary. */
  readonly summary: string;
  /** Lines `name=value` of the step's outputs. */
  readonly outputs?: string;
  /** Workflow commands. */
  readonly annotations?: string;
};

export const inGitHubActions = (env: Environment): boolean => env.GITHUB_ACTIONS === 'true';

/** Annotations go to stderr, which the runner reads as well, so that stdout stays what `--output` says. */
export function reportToJob(
  { summary, outputs, annotations }: JobReport,
  terminal: Terminal,
  log: Log,
): void {
  append('GITHUB_STEP_SUMMARY', summary, terminal, log);
  if (outputs !== undefined) append('GITHUB_OUTPUT', outputs, terminal, log);
  if (annotations !== undefined) terminal.err(annotations);
}

/** A summary that can't be written must not turn a run that was applied into a failed one. */
function append(
  variable: 'GITHUB_STEP_SUMMARY' | 'GITHUB_OUTPUT',
  text: string,
  { env, concealed }: Pick<Terminal, 'env' | 'concealed'>,
  log: Log,
): void {
  const file = env[variable];
  if (!file) return;
  try {
    appendWithoutWaiting(file, concealed(text));
  } catch (error) {
    log.info(
      `warning: ${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Where the variable names a pipe, nobody may be reading it. */
function appendWithoutWaiting(path: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, 0o666);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
