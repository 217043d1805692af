import { problemsOf } from '../config/document/check.ts';
import { configSchema } from '../config/document/schema.ts';
import { DEFAULT_USER_KEY, tenantProblem, userKeyProblem } from '../config/keys.ts';
import { organizationProblem, repeatedOrganization, splitOrganizations } from '../config/organization.ts';
import { describeProblem, invalid } from '../config/problem.ts';
import { secretProblem } from '../config/secret.ts';
import type { Environment } from '../config/settings.ts';
import { fromEnvironment, fromFlag, refuse } from '../config/source.ts';
import { SyncError } from '../model/errors.ts';
import type { Problem } from '../model/problem.ts';
import { ORG_PLACEHOLDER } from '../model/rule.ts';

/** What `init` needs to know. Each value is valid in a config. */
export type Answers = {
  /** At least one, no two that differ only in case. */
  readonly orgs: readonly string[];
  /** May hold `{org}`. */
  readonly tenant: string;
  /** Template of the user key. */
  readonly userKey: string;
  readonly owner: string;
  /** Whether to adopt the users that Permit has under members' keys; undefined for the default, none. */
  readonly adopt?: 'plain';
};

/** The flags. Each `org` may hold several names, separated by commas. */
export type GivenAnswers = {
  readonly org?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly userKey?: string | undefined;
  readonly owner?: string | undefined;
};

/** Asks the person at the terminal: `ask` returns one line, `tell` shows what is wrong with it. */
export type Prompter = {
  readonly ask: (prompt: string) => Promise<string>;
  readonly tell: (text: string) => void;
};

/**
 * Takes answers from flags, and asks for the rest. Without a terminal, uses the environment, then the default.
 * @throws SyncError `USAGE` or `CONFIG_INVALID` for an invalid flag or variable, or without an organization.
 */
export async function collectAnswers(
  given: GivenAnswers,
  env: Environment,
  person: Prompter | undefined,
): Promise<Answers> {
  const answer = async (question: SettingQuestion): Promise<string> => {
    const flag = fromFlag(question.flag, question.given);
    if (flag !== undefined) {
      refuse(flag, question.check(flag.text));
      return flag.text;
    }
    const variable = question.variable === undefined ? undefined : fromEnvironment(env, question.variable);
    if (variable !== undefined) refuse(variable, question.check(variable.text));
    const usual = variable?.text ?? question.usual;
    if (person !== undefined) return askUntilValid(question, usual, person);
    if (usual !== undefined) return usual;
    throw nothingGiven();
  };

  const orgs = splitOrganizations(
    await answer({
      words: 'GitHub organizations, separated by commas',
      flag: '--org',
      given: given.org?.length ? given.org.join(',') : undefined,
      variable: 'GITHUB_ORG',
      usual: undefined,
      check: organizationsProblem,
    }),
  );
  const tenant = await answer({
    words: `Permit tenant; ${ORG_PLACEHOLDER} gives each organization its own`,
    flag: '--tenant',
    given: given.tenant,
    variable: 'PERMIT_TENANT',
    // In a shared tenant, the owner of one organization would be admin of all.
    usual: orgs.length > 1 ? ORG_PLACEHOLDER : 'default',
    check: tenantProblem,
  });
  const userKey = await answer({
    words: 'User key; {id} never changes, {login} can be renamed',
    flag: '--user-key',
    given: given.userKey,
    variable: 'PERMIT_USER_KEY',
    usual: DEFAULT_USER_KEY,
    check: userKeyProblem,
  });
  const owner = await answer({
    words: 'Owner, which distinguishes configs that share an environment',
    flag: '--owner',
    given: given.owner,
    variable: undefined,
    usual: 'default',
    check: ownerProblem,
  });
  return { orgs, tenant, userKey, owner };
}

type SettingQuestion = {
  readonly words: string;
  readonly flag: string;
  readonly given: string | undefined;
  readonly variable: string | undefined;
  /** The default. Undefined if there is none. */
  readonly usual: string | undefined;
  readonly check: (text: string) => Problem | undefined;
};

async function askUntilValid(
  { words, check }: SettingQuestion,
  usual: string | undefined,
  { ask, tell }: Prompter,
): Promise<string> {
  for (;;) {
    const said = (await ask(`${words}${usual === undefined ? '' : ` [${usual}]`}: `)).trim();
    const text = said === '' && usual !== undefined ? usual : said;
    const problem = secretProblem(text) ?? check(text);
    if (problem === undefined) return text;
    tell(`  ${describeProblem(problem)}\n`);
  }
}

function organizationsProblem(text: string): Problem | undefined {
  const names = splitOrganizations(text);
  if (names.length === 0) return invalid('names no organization', 'give at least one name');
  const problems = names.map(organizationProblem).filter((problem) => problem !== undefined);
  return problems[0] ?? repeatedOrganization(names);
}

function ownerProblem(owner: string): Problem | undefined {
  const [issue] = configSchema.safeParse({ owner }, { reportInput: true }).error?.issues ?? [];
  return issue && problemsOf(issue, configSchema)[0];
}

const nothingGiven = (): SyncError =>
  new SyncError(
    'USAGE',
    'no organization is given, and there is no terminal to ask on',
    'use --org ORG (several separated by commas), or set GITHUB_ORG',
  );
