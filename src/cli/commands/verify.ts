import { SyncError } from '../../model/errors.ts';
import { defineCommand } from '../command.ts';
import { commonFlags, fullFlag, listFlag, textFlag } from '../flags.ts';

const MISMATCH = 5;

export const verify = defineCommand({
  name: 'verify',
  summary: "compare Permit's answers with GitHub's",
  description:
    "Compare GitHub's own list of who may do what on a repository with the PDP's answers, person by person. Writes nothing.",
  flags: {
    repository: listFlag('--repository <name...>', 'only these repositories; may be repeated'),
    sample: textFlag('--sample <n>', 'only N repositories, drawn at random'),
    seed: textFlag('--seed <text>', 'with --sample: draw the same repositories as an earlier run'),
    ...fullFlag,
    ...commonFlags,
  },
  about: [
    'Asks GitHub for everyone with access to each mirrored repository, and the PDP for every level (read, triage, write, maintain, admin) about everyone whom GitHub lists or the PDP allows something. Users that this tool does not manage are compared if they hold a role on the repository, or on a team or organization that gives access to it. Every difference is shown with the explanation of both sides.',
    'Credentials come from the environment: PERMIT_API_KEY, and GH_TOKEN, GITHUB_TOKEN or a GitHub App. The PDP lags behind changes by a few seconds.',
  ],
  examples: [
    'gh-permit-sync verify',
    ['gh-permit-sync verify --sample 50', 'a part of a large organization'],
    'gh-permit-sync verify --repository payments-api --output json',
  ],
  exitCodes: '0 GitHub and the PDP agree, 1 error, 4 something could not be compared, 5 a difference.',
  validate: ({ sample, seed }) => {
    sampleSize(sample);
    if (seed === undefined || sample !== undefined) return;
    throw new SyncError('USAGE', '--seed draws a sample again, and there is no --sample', 'add --sample N');
  },
  settings: async (input) => (await import('../../config/load.ts')).loadSettings(input),
  run: async (given, { repository = [], sample, seed }) => {
    const { withInstalledOrgs } = await import('../../run/installed-orgs.ts');
    const { runVerify } = await import('../runs/verify-run.ts');
    const { verifyPage, verifyStatus } = await import('../../report/pages/verify.ts');
    const settings = await withInstalledOrgs(given.settings, given.ports);
    const report = await runVerify(
      { ...given, settings },
      { names: repository, sample: sampleSize(sample), seed: seed ?? newSeed() },
    );
    const status = verifyStatus(report.results);
    const exitCode = ({ verified: 0, mismatch: MISMATCH, partial: 4 } as const)[status];
    return { exitCode, page: verifyPage(report) };
  },
});

/** @throws SyncError `USAGE` */
function sampleSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text.trim())) return Number(text);
  throw new SyncError('USAGE', '--sample: not a number of repositories', 'give a number such as --sample 50');
}

const newSeed = (): string => Math.random().toString(36).slice(2, 8);
