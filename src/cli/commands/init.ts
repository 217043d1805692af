import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Chalk } from 'chalk';
import type { Answers, Prompter } from '../../init/answers.ts';
import type { WrittenFiles } from '../../init/next-steps.ts';
import { SyncError } from '../../model/errors.ts';
import type { ExistingUsers } from '../../model/plan.ts';
import { namesOrganization, ORG_PLACEHOLDER } from '../../model/rule.ts';
import { count, enumerate, printable, shellWord } from '../../model/text/text.ts';
import { hang } from '../../report/columns.ts';
import { VERSION } from '../../version.ts';
import { defineCommand } from '../command.ts';
import { flag, listFlag, switchFlag, terminalFlags, textFlag } from '../flags.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

const CONFIG = 'gh-permit-sync.yaml';
const WORKFLOW = '.github/workflows/gh-permit-sync.yml';

export const init = defineCommand({
  name: 'init',
  summary: 'write a config file and a workflow',
  description:
    'Write a commented config file and a GitHub Actions workflow; on a terminal, ask for what is missing.',
  flags: {
    org: listFlag('--org <org...>', 'GitHub organization; may be repeated (also: GITHUB_ORG)'),
    tenant: textFlag(
      '--tenant <key>',
      '{org} for one tenant per organization (default: default; {org} for several)',
    ),
    userKey: textFlag('--user-key <template>', 'template of user keys (default: github|{id})'),
    owner: textFlag('--owner <name>', 'marks the users this config manages (default: default)'),
    dir: textFlag('--dir <folder>', 'root of the repository to write into (default: working directory)'),
    force: switchFlag('-f, --force', 'overwrite existing files'),
    install: textFlag(
      '--install <way>',
      'where the workflow gets this program: npm, clone, or the path of a tarball in the repository (default: what fits)',
    ),
    workflow: flag<boolean>({ syntax: '--no-workflow', description: 'write the config file only' }),
    yes: switchFlag('-y, --yes', 'ask nothing, take the defaults'),
    ...terminalFlags,
    quiet: { ...terminalFlags.quiet, description: 'print nothing on success' },
  },
  about: [
    'Writes gh-permit-sync.yaml and .github/workflows/gh-permit-sync.yml. Without --force nothing is written if one of them exists, or if a config file further up in the repository already applies there.',
    'With PERMIT_API_KEY and a GitHub credential, init compares members with existing Permit users, and writes the user key and the adoption that fit. It changes nothing in Permit.',
    'The workflow plans on pull requests and every hour. It writes to Permit once the repository variable GH_PERMIT_SYNC_APPLY is true. --install npm installs this version from npm; clone builds the repository, a clone or fork of this project; a tarball is made by npm pack.',
  ],
  examples: [
    'gh-permit-sync init',
    'gh-permit-sync init --org acme --yes',
    "gh-permit-sync init --org acme,labs --tenant '{org}' --owner identity",
    'gh-permit-sync init --org acme --install tools/gh-permit-sync-0.1.0.tgz',
  ],
  exitCodes: '0 written, 1 error and nothing written.',
  settings: () => ({}),
  run: async (context, options) => {
    const { terminal, log } = context;
    const { fromFlag } = await import('../../config/source.ts');
    const { collectAnswers } = await import('../../init/answers.ts');
    const { INSTALLED_SCHEMA, renderConfigFile } = await import('../../init/config-file.ts');
    const { schemaAddress } = await import('../../config/file.ts');
    const { chooseInstall } = await import('../../init/install.ts');
    const { renderWorkflowFile } = await import('../../init/workflow-file.ts');
    const { configAbove, requireFree, writeFiles } = await import('../../init/write-files.ts');
    const cwd = process.cwd();
    const folder = resolve(cwd, fromFlag('--dir', options.dir)?.text ?? '.');
    const force = options.force === true;
    const { startedAs } = await import('../started-as.ts');
    const { command, clone } = startedAs(terminal);
    const install = chooseInstall(options.install, { folder, clone, version: VERSION });
    // Checked first, so that nobody answers questions for nothing.
    requireFree(folder, options.workflow ? [CONFIG, WORKFLOW] : [CONFIG], force);
    const above = configAbove(folder, CONFIG);
    const hidden = above && printable(relative(cwd, above));
    if (hidden !== undefined && !force) {
      throw new SyncError(
        'USAGE',
        `${hidden} already applies in ${printable(folder)}, and a new config file there would hide it`,
        'nothing was written; edit that file; --force writes the new one all the same',
      );
    }

    const given = await withPerson(options.yes === true, terminal, (person) =>
      collectAnswers(options, terminal.env, person),
    );
    const { findExistingUsers } = await import('../runs/existing-users.ts');
    const existing = await findExistingUsers(given, context);
    const isKeyGiven = options.userKey !== undefined || Boolean(terminal.env.PERMIT_USER_KEY?.trim());
    const fits = existing !== undefined && (existing.template === given.userKey || !isKeyGiven);
    const answers: Answers = fits ? { ...given, userKey: existing.template, adopt: 'plain' } : given;
    if (existing !== undefined) log.info(describeExisting(existing, fits));
    // An editor reads the file of an installed package without a network.
    const schema = existsSync(join(folder, INSTALLED_SCHEMA)) ? INSTALLED_SCHEMA : schemaAddress(VERSION);
    const config = { path: CONFIG, text: renderConfigFile(answers, schema) };
    const workflow = { path: WORKFLOW, text: renderWorkflowFile(answers.orgs, install, VERSION) };
    writeFiles(folder, options.workflow ? [config, workflow] : [config], force);
    if (options.quiet) return { exitCode: 0 };
    if (hidden !== undefined) log.info(`note: ${hidden} no longer applies in this folder and below`);

    const shown = (path: string): string => relative(cwd, join(folder, path));
    const isHere = folder === cwd;
    const isPacked = install.kind !== 'tarball' || existsSync(join(folder, install.file));
    const written: WrittenFiles = {
      config: shown(CONFIG),
      workflow: options.workflow ? { path: shown(WORKFLOW), install } : undefined,
      orgs: answers.orgs,
      command,
      flag: isHere ? '' : ` --config ${shellWord(shown(CONFIG))}`,
      pack:
        isPacked || clone === undefined
          ? undefined
          : {
              clone: shellWord(`./${relative(cwd, clone)}`),
              into: shellWord(shown(dirname(install.file)) || '.'),
            },
      folder: isHere ? undefined : shellWord(shown('.')),
    };
    const { describeWritten } = await import('../../init/next-steps.ts');
    const { bold } = new Chalk({ level: wantsColor(options.color, terminal.env, terminal.outIsTty) ? 1 : 0 });
    terminal.out(
      describeWritten(written, {
        strong: bold,
        hang: (prefix, text) => hang(prefix, text, terminal.width),
      }),
    );
    if (options.workflow && !existsSync(join(folder, '.git'))) {
      log.info(
        'note: there is no .git in this folder, and GitHub runs workflows only from the root of a repository',
      );
    }
    if (answers.orgs.length > 1 && !namesOrganization(answers.tenant)) {
      log.info(
        `warning: ${enumerate(answers.orgs)} share the tenant ${answers.tenant}: the owners of each one are admins of all; ` +
          `--tenant '${ORG_PLACEHOLDER}' gives each its own`,
      );
    }
    return { exitCode: 0 };
  },
});

/** What Permit holds already, and what the config does about it. */
function describeExisting(
  { template, plain, all }: NonNullable<ExistingUsers['adoptable']>,
  fits: boolean,
): string {
  const found = `note: Permit already has ${count(plain + all, 'user')} under the key ${template} of a member`;
  if (!fits)
    return `${found}; --user-key '${template}' would adopt them, another key creates users alongside them`;
  const rest = all === 0 ? '' : `; ${all} of them hold more than the managed grants, and need adopt: all`;
  return `${found}; the config has this key and adopt: plain${rest}`;
}

/** Calls `use` with a prompt if a person is at the terminal. */
async function withPerson<T>(
  yes: boolean,
  terminal: Terminal,
  use: (person: Prompter | undefined) => Promise<T>,
): Promise<T> {
  if (yes || process.stdin.isTTY !== true || !terminal.errIsTty) return use(undefined);
  const { createInterface } = await import('node:readline/promises');
  // Questions go to stderr: stdout says what was written.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  // Ctrl-C and Ctrl-D close the interface, which would leave the question without an answer.
  lines.once('close', () => gone.abort());
  try {
    return await use({
      tell: terminal.err,
      ask: (prompt) =>
        lines.question(prompt, { signal: gone.signal }).catch((error: unknown) => {
          terminal.err('\n');
          throw new SyncError(
            'INTERRUPTED',
            'the input ended before all questions were answered',
            'nothing was written',
            {
              cause: error,
            },
          );
        }),
    });
  } finally {
    lines.close();
  }
}
