import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import type { Environment } from '../config/settings.ts';
import { renderAnnotations, renderOutputs } from '../report/actions.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { Page } from '../report/page.ts';
import type { Log } from './log.ts';
import type { Terminal } from './terminal.ts';

export const inGitHubActions = (env: Environment): boolean => env.GITHUB_ACTIONS === 'true';

/** Annotations go to stderr, which the runner reads as well, so that stdout holds only what `--output` asks for. */
export function reportToJob(page: Page, terminal: Terminal, log: Log): void {
  const { actions } = page;
  if (actions === undefined) return;
  append('GITHUB_STEP_SUMMARY', renderMarkdown(page), terminal, log);
  append('GITHUB_OUTPUT', renderOutputs(actions), terminal, log);
  terminal.err(renderAnnotations(actions));
}

/** A summary that can't be written must not fail a run that was applied. */
function append(
  variable: 'GITHUB_STEP_SUMMARY' | 'GITHUB_OUTPUT',
  text: string,
  { env, concealed }: Pick<Terminal, 'env' | 'concealed'>,
  log: Log,
): void {
  const file = env[variable];
  if (!file || text === '') return;
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
