import { enumerate, printable } from '../model/text.ts';

export type Written = {
  /** As they are to be called from where the program was started. */
  readonly config: string;
  /** Undefined where none was wanted. */
  readonly workflow: string | undefined;
  readonly orgs: readonly string[];
  /** Whether a config of this name is found without naming it. */
  readonly found: boolean;
};

/** How it is laid out: `strong` marks headings, `hang` sets text beside a prefix, however many lines it takes. */
export type Layout = {
  readonly strong: (text: string) => string;
  /** Ends with a line break. */
  readonly hang: (prefix: string, text: string) => string;
};

/** What was written, and the three steps from there to the first run. */
export function describeWritten({ config, workflow, orgs, found }: Written, layout: Layout): string {
  const { strong, hang } = layout;
  const width = Math.max(config.length, workflow?.length ?? 0);
  const file = (path: string, what: string): string => hang(`  ${printable(path).padEnd(width)}  `, what);
  const flag = found ? '' : ` --config '${printable(config).replaceAll("'", "'\\''")}'`;
  const here = workflow === undefined ? '' : ', here, with GH_TOKEN and PERMIT_API_KEY in the environment';
  return [
    `${strong('Written')}\n`,
    file(config, 'who gets what: read it, change it'),
    workflow === undefined ? '' : file(workflow, 'reconciles every hour once it is on the default branch'),
    `\n${strong('Next')}\n`,
    workflow === undefined ? setEnvironment(orgs, layout) : setSecrets(orgs, layout),
    `\n${hang('  2. ', `Check tokens, roles and tenants${here}:`)}`,
    `       npx gh-permit-sync doctor${flag}\n`,
    hang('     ', 'It names roles and tenants that Permit does not have; this creates them:'),
    `       npx gh-permit-sync policy${flag}\n`,
    `\n${hang('  3. ', 'Look at what would change; nothing is written:')}`,
    `       npx gh-permit-sync reconcile --dry-run${flag}\n`,
  ].join('');
}

const app = (orgs: readonly string[]): string =>
  `a GitHub App with Organization › Members: read, installed in ${enumerate(orgs)}`;

const PERMIT_KEY = 'an API key of one Permit environment';

function setSecrets(orgs: readonly string[], { hang }: Layout): string {
  return [
    hang('  1. ', 'In the repository, under Settings › Secrets and variables › Actions, set'),
    hang('       variable  SYNC_APP_ID           ', `the id of ${app(orgs)}`),
    hang('       secret    SYNC_APP_PRIVATE_KEY  ', 'a private key of that App'),
    hang('       secret    PERMIT_API_KEY        ', PERMIT_KEY),
  ].join('');
}

function setEnvironment(orgs: readonly string[], { hang }: Layout): string {
  return [
    hang('  1. ', 'In the environment of the program, set'),
    hang('       GITHUB_APP_ID           ', `the id of ${app(orgs)}`),
    hang(
      '       GITHUB_APP_PRIVATE_KEY  ',
      'a private key of that App (or GH_TOKEN, a token of a member with read:org)',
    ),
    hang('       PERMIT_API_KEY          ', PERMIT_KEY),
  ].join('');
}
