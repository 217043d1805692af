import { describeFlaw, type Flaw } from '../config/flaw.ts';
import { problemsOf } from '../config/issues.ts';
import { organizationFlaw, repeatedOrganization, splitOrganizations } from '../config/organization.ts';
import { configSchema } from '../config/schema.ts';
import { secretFlaw } from '../config/secret.ts';
import type { Environment } from '../config/settings.ts';
import { fromEnvironment, fromFlag, refuse } from '../config/source.ts';
import { tenantFlaw } from '../config/tenant.ts';
import { DEFAULT_USER_KEY, userKeyFlaw } from '../config/user-key.ts';
import { SyncError } from '../model/errors.ts';
import { ORG_PLACEHOLDER } from '../model/rule.ts';

/** What `init` has to know; each is valid in a config. */
export type Answers = {
  /** At least one, no two that differ only in case. */
  readonly orgs: readonly string[];
  /** May hold `{org}`. */
  readonly tenant: string;
  /** Template of the user key. */
  readonly userKey: string;
  readonly owner: string;
};

/** As the command line has them; each `org` may hold several names, separated by commas. */
export type GivenAnswers = {
  readonly org?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly userKey?: string | undefined;
  readonly owner?: string | undefined;
};

/** Somebody who can be asked: `ask` gives one line of answer, `tell` says what is wrong with it. */
export type Person = {
  readonly ask: (prompt: string) => Promise<string>;
  readonly tell: (text: string) => void;
};

/**
 * All answers: a flag is taken as it is, the rest is asked of `person`. Where nobody can be asked, the environment
 * decides, then the default.
 * @throws SyncError `USAGE`, `CONFIG_INVALID`: a flag or a variable that no config could hold, or no organization.
 */
export async function collectAnswers(
  given: GivenAnswers,
  env: Environment,
  person: Person | undefined,
): Promise<Answers> {
  const answer = async (question: Question): Promise<string> => {
    const flag = fromFlag(question.flag, question.given);
    if (flag !== undefined) {
      refuse(flag, question.flawOf(flag.text));
      return flag.text;
    }
    const variable = question.variable === undefined ? undefined : fromEnvironment(env, question.variable);
    if (variable !== undefined) refuse(variable, question.flawOf(variable.text));
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
      flawOf: organizationsFlaw,
    }),
  );
  const tenant = await answer({
    words: `Permit tenant; ${ORG_PLACEHOLDER} for one of its own for each organization`,
    flag: '--tenant',
    given: given.tenant,
    variable: 'PERMIT_TENANT',
    // In one tenant for all, owning one of the organizations would give the role admin over the others.
    usual: orgs.length > 1 ? ORG_PLACEHOLDER : 'default',
    flawOf: tenantFlaw,
  });
  const userKey = await answer({
    words: 'User key; {id} never changes, {login} can be renamed',
    flag: '--user-key',
    given: given.userKey,
    variable: 'PERMIT_USER_KEY',
    usual: DEFAULT_USER_KEY,
    flawOf: userKeyFlaw,
  });
  const owner = await answer({
    words: 'Owner, which tells this config from others on one environment',
    flag: '--owner',
    given: given.owner,
    variable: undefined,
    usual: 'default',
    flawOf: ownerFlaw,
  });
  return { orgs, tenant, userKey, owner };
}

type Question = {
  readonly words: string;
  readonly flag: string;
  readonly given: string | undefined;
  readonly variable: string | undefined;
  /** Undefined where there is no answer that fits most. */
  readonly usual: string | undefined;
  readonly flawOf: (text: string) => Flaw | undefined;
};

async function askUntilValid(
  { words, flawOf }: Question,
  usual: string | undefined,
  { ask, tell }: Person,
): Promise<string> {
  for (;;) {
    const said = (await ask(`${words}${usual === undefined ? '' : ` [${usual}]`}: `)).trim();
    const text = said === '' && usual !== undefined ? usual : said;
    const flaw = secretFlaw(text) ?? flawOf(text);
    if (flaw === undefined) return text;
    tell(`  ${describeFlaw(flaw)}\n`);
  }
}

function organizationsFlaw(text: string): Flaw | undefined {
  const names = splitOrganizations(text);
  if (names.length === 0) return { what: 'names no organization', mend: 'give at least one name' };
  const flaws = names.map(organizationFlaw).filter((flaw) => flaw !== undefined);
  return flaws[0] ?? repeatedOrganization(names);
}

function ownerFlaw(owner: string): Flaw | undefined {
  const config = { owner };
  const [issue] = configSchema.safeParse(config).error?.issues ?? [];
  return issue && problemsOf(issue, config, configSchema)[0];
}

const nothingGiven = (): SyncError =>
  new SyncError(
    'USAGE',
    'no organization is given, and there is no terminal to ask on',
    'give --org ORG (more of them separated by commas), or set GITHUB_ORG',
  );
