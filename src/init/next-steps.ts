import { enumerate, printable } from '../model/text/text.ts';
import { APPLY_VARIABLE, type Install } from './workflow-file.ts';

export type WrittenFiles = {
  /** Relative to the working directory. */
  readonly config: string;
  /** Undefined for `--no-workflow`. */
  readonly workflow: { readonly path: string; readonly install: Install } | undefined;
  readonly orgs: readonly string[];
  /** Starts this program, as a shell takes it. */
  readonly command: string;
  /** ` --config FILE` where the file is not found without it. */
  readonly flag: string;
  /** Clone that the tarball has to be packed from; undefined if there is nothing to pack. */
  readonly pack: { readonly clone: string; readonly into: string } | undefined;
  /** Root of the repository, as a shell takes it; undefined for the working directory. */
  readonly folder: string | undefined;
};

type NextStep = { readonly text: string; readonly commands: readonly string[]; readonly more?: string };

/**
 * What was written, and every step from there to a run that applies changes.
 * @param strong formats headings. @param hang sets text beside a prefix, on one or more lines with line breaks.
 */
export function describeWritten(
  written: WrittenFiles,
  {
    strong,
    hang,
  }: {
    readonly strong: (text: string) => string;
    readonly hang: (prefix: string, text: string) => string;
  },
): string {
  const { config, workflow } = written;
  const width = Math.max(config.length, workflow?.path.length ?? 0);
  const file = (path: string, what: string): string => hang(`  ${printable(path).padEnd(width)}  `, what);
  const steps = workflow === undefined ? localSteps(written) : workflowSteps(written, workflow.install);
  return [
    `${strong('Written')}\n`,
    file(config, 'who gets what: review and edit it'),
    workflow === undefined ? '' : file(workflow.path, 'plans on pull requests, and runs every hour'),
    `\n${strong('Next')}\n`,
    ...steps.map(({ text, commands, more }, index) =>
      [
        index === 0 ? '' : '\n',
        hang(`  ${index + 1}. `, text),
        ...commands.map((line) => `       ${line}\n`),
        more === undefined ? '' : hang('     ', more),
      ].join(''),
    ),
  ].join('');
}

function localSteps({ orgs, command, flag }: WrittenFiles): readonly NextStep[] {
  return [
    {
      text: `Create ${app(orgs)}, and set in the environment:`,
      commands: [
        'export GITHUB_APP_ID=…           # or GH_TOKEN, a token with read:org',
        'export GITHUB_APP_PRIVATE_KEY=…',
        `export PERMIT_API_KEY=…          # ${PERMIT_KEY}`,
      ],
    },
    ...checkAndLook(command, flag),
    { text: 'If the plan is right, apply it:', commands: [`${command} reconcile${flag}`] },
  ];
}

function workflowSteps(written: WrittenFiles, install: Install): readonly NextStep[] {
  const { orgs, command, flag, pack, folder } = written;
  const git = folder === undefined ? 'git' : `git -C ${folder}`;
  const tarball = install.kind === 'tarball' ? ` ${install.file}` : '';
  return [
    {
      text: `Create ${app(orgs)}. In the repository, under Settings › Secrets and variables › Actions, or with gh, set:`,
      commands: [
        'gh variable set SYNC_APP_ID                    # its ID',
        'gh secret set SYNC_APP_PRIVATE_KEY < app.pem   # its private key',
        `gh secret set PERMIT_API_KEY                   # ${PERMIT_KEY}`,
      ],
    },
    ...checkAndLook(command, flag, 'Here, with GH_TOKEN and PERMIT_API_KEY in the environment, check'),
    ...(pack === undefined
      ? []
      : [
          {
            text: 'The workflow installs a tarball from the repository. Pack it:',
            commands: [`npm pack ${pack.clone} --pack-destination ${pack.into}`],
          },
        ]),
    {
      text: 'Commit and push to the default branch:',
      commands: [
        `${git} add gh-permit-sync.yaml .github/workflows/gh-permit-sync.yml${tarball}`,
        `${git} commit --message "Sync GitHub members to Permit"`,
        `${git} push`,
      ],
      ...(install.kind === 'npm'
        ? {
            more: 'The workflow installs the package from npm. To install a tarball that npm pack made, run init again with --install FILE.tgz --force.',
          }
        : {}),
    },
    {
      text: 'Let GitHub plan, and read the summary of the run; nothing is written:',
      commands: ['gh workflow run gh-permit-sync.yml', 'gh run list --workflow gh-permit-sync.yml'],
    },
    {
      text: 'If the plan is right, switch on writing. From then on every scheduled run applies its plan:',
      commands: [`gh variable set ${APPLY_VARIABLE} --body true`],
    },
  ];
}

const checkAndLook = (command: string, flag: string, check = 'Check'): readonly NextStep[] => [
  {
    text: `${check} tokens, roles and tenants:`,
    commands: [`${command} doctor${flag}`],
  },
  {
    text: 'Create the roles and tenants that Permit lacks (doctor names them):',
    commands: [`${command} policy${flag}`],
  },
  {
    text: 'Look at what would change; nothing is written:',
    commands: [`${command} reconcile --dry-run${flag}`],
  },
];

const app = (orgs: readonly string[]): string =>
  `a GitHub App with Organization › Members: read, installed in ${enumerate(orgs)}`;

const PERMIT_KEY = 'key of one environment';
