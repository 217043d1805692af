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

/** What was written, and the three steps from there to the first run. `strong` marks headings. */
export function describeWritten(
  { config, workflow, orgs, found }: Written,
  strong: (text: string) => string,
): string {
  const width = Math.max(config.length, workflow?.length ?? 0);
  const file = (path: string, what: string): string => `  ${printable(path).padEnd(width)}  ${what}\n`;
  const flag = found ? '' : ` --config '${printable(config).replaceAll("'", "'\\''")}'`;
  return `${strong('Written')}
${file(config, 'who gets what: read it, change it')}${workflow === undefined ? '' : file(workflow, 'reconciles every hour once it is on the default branch')}
${strong('Next')}
${workflow === undefined ? setEnvironment(orgs) : setSecrets(orgs)}
  2. Check tokens, roles and tenants${workflow === undefined ? '' : ', here, with GH_TOKEN and PERMIT_API_KEY in the environment'}:
       npx gh-permit-sync doctor${flag}

  3. Look at what would change; nothing is written:
       npx gh-permit-sync reconcile --dry-run${flag}
`;
}

const app = (orgs: readonly string[]): string =>
  `a GitHub App with Organization › Members: read, installed in ${enumerate(orgs)}`;

const setSecrets = (
  orgs: readonly string[],
): string => `  1. In the repository, under Settings › Secrets and variables › Actions, set
       variable  SYNC_APP_ID           the id of ${app(orgs)}
       secret    SYNC_APP_PRIVATE_KEY  a private key of that App
       secret    PERMIT_API_KEY        an API key of one Permit environment
`;

const setEnvironment = (orgs: readonly string[]): string => `  1. In the environment of the program, set
       GITHUB_APP_ID           the id of ${app(orgs)}
       GITHUB_APP_PRIVATE_KEY  a private key of that App
                               (or GH_TOKEN, a token of a member with read:org)
       PERMIT_API_KEY          an API key of one Permit environment
`;
