import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Chalk } from 'chalk';
import { fromFlag } from '../config/source.ts';
import { collectAnswers, type Person } from '../init/answers.ts';
import { renderConfigFile } from '../init/config-file.ts';
import { describeWritten } from '../init/next-steps.ts';
import { renderWorkflowFile } from '../init/workflow-file.ts';
import { requireFree, writeFiles } from '../init/write-files.ts';
import { SyncError } from '../model/errors.ts';
import { namesOrganization, ORG_PLACEHOLDER } from '../model/rule.ts';
import { enumerate } from '../model/text.ts';
import { hang } from '../report/columns.ts';
import { VERSION } from '../version.ts';
import type { InitOptions } from './init-options.ts';
import { openLog } from './log.ts';
import { type Terminal, wantsColor } from './terminal.ts';

const CONFIG = 'gh-permit-sync.yaml';
const WORKFLOW = '.github/workflows/gh-permit-sync.yml';

/**
 * @returns 0.
 * @throws SyncError `USAGE`, `CONFIG_INVALID`: an answer that no config could hold, none where it is needed, or files
 * that are in the way; `INTERRUPTED`: the person went away. Nothing was written.
 */
export async function initCommand(options: InitOptions, terminal: Terminal): Promise<number> {
  const cwd = process.cwd();
  const folder = resolve(cwd, fromFlag('--dir', options.dir)?.text ?? '.');
  const force = options.force === true;
  // Nobody should answer questions only to hear that there was no point.
  requireFree(folder, options.workflow ? [CONFIG, WORKFLOW] : [CONFIG], force);

  const answers = await withPerson(options, terminal, (person) =>
    collectAnswers(options, terminal.env, person),
  );
  const config = { path: CONFIG, text: renderConfigFile(answers, VERSION) };
  const workflow = { path: WORKFLOW, text: renderWorkflowFile(answers.orgs, VERSION) };
  writeFiles(folder, options.workflow ? [config, workflow] : [config], force);

  if (options.quiet) return 0;
  const chalk = new Chalk({ level: wantsColor(options.color, terminal.env, terminal.outIsTty) ? 1 : 0 });
  const shown = (path: string): string => relative(cwd, join(folder, path));
  const written = {
    config: shown(CONFIG),
    workflow: options.workflow ? shown(WORKFLOW) : undefined,
    orgs: answers.orgs,
    found: folder === cwd,
  };
  const layout = {
    strong: chalk.bold,
    hang: (prefix: string, text: string) => hang(prefix, text, terminal.width),
  };
  terminal.out(describeWritten(written, layout));
  const log = openLog(terminal, {
    format: options.logFormat,
    quiet: false,
    verbose: false,
    color: undefined,
  });
  if (options.workflow && !existsSync(join(folder, '.git'))) {
    log.info(
      'note: there is no .git beside them, and GitHub runs workflows only from the root of a repository',
    );
  }
  if (answers.orgs.length > 1 && !namesOrganization(answers.tenant)) {
    log.info(
      `warning: ${enumerate(answers.orgs)} share the tenant ${answers.tenant}: whoever owns one of them is admin over all; ` +
        `--tenant '${ORG_PLACEHOLDER}' gives each its own`,
    );
  }
  return 0;
}

/** Gives `use` somebody to ask where there is a terminal with somebody on it. */
async function withPerson<T>(
  { yes }: InitOptions,
  terminal: Terminal,
  use: (person: Person | undefined) => Promise<T>,
): Promise<T> {
  if (yes || process.stdin.isTTY !== true || !terminal.errIsTty) return use(undefined);
  // Questions go to stderr: stdout tells what was written.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  // Ctrl-C and Ctrl-D close the interface, and would leave the question without an answer for ever.
  lines.once('close', () => gone.abort());
  try {
    return await use({
      tell: terminal.err,
      ask: (prompt) =>
        lines.question(prompt, { signal: gone.signal }).catch((error: unknown) => {
          terminal.err('\n');
          throw new SyncError('INTERRUPTED', 'ended before all was answered', 'nothing was written', {
            cause: error,
          });
        }),
    });
  } finally {
    lines.close();
  }
}
