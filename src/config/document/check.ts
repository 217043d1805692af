import { $ZodArray, type $ZodIssue, $ZodObject, $ZodOptional, $ZodRecord, type $ZodType } from 'zod/v4/core';
import type { Path, PlacedProblem, Problem } from '../../model/problem.ts';
import { EFFECTS } from '../../model/rule.ts';
import { isRecord } from '../../model/text/record.ts';
import type { ConfigText } from '../file.ts';
import { INSTALLED, narrowOrganizations, organizationHint, organizationIn } from '../organization.ts';
import { describeProblem, invalid, quoted, suggestion } from '../problem.ts';
import { ruleProblems } from '../rules.ts';
import { looksSecret, secretProblem, variableInsteadOf } from '../secret.ts';
import { type ConfigDocument, parseConfig, refuseProblems } from './document.ts';
import { type Config, configSchema } from './schema.ts';

/** A config file that was parsed and checked; undefined and an empty config where there is none. */
export type ConfigFile = { readonly document: ConfigDocument | undefined; readonly config: Config };

/**
 * The config in a file, after every check that needs only the file and the organizations.
 * @param elsewhere organizations that flags or environment name.
 * @throws SyncError `CONFIG_INVALID` with all problems of the file, one per line.
 */
export function parseConfigFile({ name, text }: ConfigText, elsewhere: readonly string[]): ConfigFile {
  const document = parseConfig(name, text);
  const parsed = configSchema.safeParse(document.value, { error: () => NO_MESSAGE, reportInput: true });
  const issues = parsed.error?.issues ?? [];
  const formal = issues.flatMap((issue) => problemsOf(issue, configSchema));
  const texts = secretTexts(document);
  const secrets = [...texts, ...secretKeys(document, pathsOfUnknownKeys(issues), texts)];
  // A secret gets no second error about its form.
  const organizations = knownOrganizations(document, elsewhere);
  const others = [
    ...formal,
    ...grantProblems(document, organizations),
    ...repositoryProblems(document, organizations),
  ].filter(({ path }) => !isWithinAny(path, secrets));
  refuseProblems(document, [...secrets, ...others]);
  if (parsed.data === undefined) throw new Error('the schema refused a file without naming a problem');
  return { document, config: parsed.data };
}

/** Keys and values that look like a secret, anywhere in the file. */
function secretTexts(document: ConfigDocument): readonly PlacedProblem[] {
  return document.scalars.flatMap(({ path, part, text }) => {
    const problem = secretProblem(text);
    return problem === undefined ? [] : [{ ...problem, path, part }];
  });
}

/** Unknown keys with the name of a secret. A known key can have such a name: a role may be called `token`. */
function secretKeys(
  document: ConfigDocument,
  unknown: readonly Path[],
  texts: readonly PlacedProblem[],
): readonly PlacedProblem[] {
  const unknownKeys = unknown.map((path) => ({ path }));
  return document.scalars.flatMap(({ path, part }) => {
    if (part !== 'key' || !isWithinAny(path, unknownKeys) || isWithinAny(path, texts)) return [];
    const variable = variableInsteadOf(path);
    if (variable === undefined) return [];
    const hint = `secrets come from the environment only: set ${variable}`;
    return [{ path, part, ...invalid('is refused here', hint) }];
  });
}

/**
 * Every organization that file, flags or environment name. Empty if only GitHub knows them, because the file says
 * `installed`: then no name is known to be wrong.
 */
function knownOrganizations({ value }: ConfigDocument, elsewhere: readonly string[]): readonly string[] {
  const { github } = value;
  if (isRecord(github) && github.orgs === INSTALLED) return [];
  const entries: readonly unknown[] = isRecord(github) && Array.isArray(github.orgs) ? github.orgs : [];
  const listed = entries
    .map((entry) => (isRecord(entry) ? entry.name : entry))
    .filter((name) => typeof name === 'string');
  return [...new Set([...listed, ...elsewhere])];
}

/** Organizations whose repositories should be mirrored even though they are not synced. */
function repositoryProblems(
  { value: { repositories } }: ConfigDocument,
  organizations: readonly string[],
): readonly PlacedProblem[] {
  if (organizations.length === 0 || !isRecord(repositories) || !Array.isArray(repositories.orgs)) return [];
  return repositories.orgs.flatMap((org: unknown, i): readonly PlacedProblem[] => {
    if (typeof org !== 'string' || narrowOrganizations(organizations, [org]).length > 0) return [];
    const message = `${quoted(org)} is not a configured organization`;
    const hint = organizationHint(org, organizations);
    return [{ ...invalid(message, hint), path: ['repositories', 'orgs', i] }];
  });
}

function grantProblems(document: ConfigDocument, organizations: readonly string[]): readonly PlacedProblem[] {
  const { grants } = document.value;
  if (!Array.isArray(grants)) return [];
  const problems = grants.flatMap((rule, i) =>
    ruleProblems(rule, organizations).map((problem) => ({
      ...problem,
      path: ['grants', i, ...problem.path],
    })),
  );
  // As bad as an empty list: every managed grant would be removed.
  if (grants.length === 0 || !grants.every(allowsNothing)) return problems;
  const noneAllows = invalid(
    'has no allow rule, so nobody would get a role',
    'add the rules that give roles',
  );
  return [...problems, { ...noneAllows, path: ['grants'] }];
}

/** False for an unknown effect, which is a problem of its own. */
const allowsNothing = (rule: unknown): boolean =>
  isRecord(rule) && EFFECTS.some((effect) => effect === rule.effect && effect !== 'allow');

const isWithinAny = (path: Path, outer: readonly { readonly path: Path }[]): boolean =>
  outer.some(({ path: above }) => path.length >= above.length && above.every((key, i) => path[i] === key));

type Issue = $ZodIssue;
type Schema = $ZodType;

/**
 * The message if the schema gives none. Zod's own would depend on the process: a program that uses the library may
 * load zod's messages, which are global.
 */
const NO_MESSAGE = '';

/**
 * Translates an issue of zod into problems of the config file: one for each unknown key.
 * @param issue with its `input` (`reportInput`).
 */
export function problemsOf(issue: Issue, schema: Schema): readonly PlacedProblem[] {
  const path = pathOf(issue);
  const at = (problem: Problem, part: PlacedProblem['part'] = 'value'): PlacedProblem[] => [
    { ...problem, path, part },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], keysAt(schema, path)));
    case 'invalid_key':
      return at(invalid('cannot be a key here', issue.issues.map(describeIssue).join('; ')), 'key');
    case 'invalid_union': {
      // The branch for the value's type reports what is wrong inside it.
      const branch = issue.errors.find((issues) => !issues.some(isWrongType));
      if (branch === undefined) {
        const list = issue.errors
          .flat()
          .find((inner) => inner.code === 'invalid_type' && inner.expected === 'array');
        const given = issue.input;
        return at(wrongType(list && typeof given === 'string' ? list : issue, given, path));
      }
      return branch.flatMap((inner) => problemsOf({ ...inner, path: [...path, ...inner.path] }, schema));
    }
    case 'invalid_type':
      return at(wrongType(issue, issue.input, path));
    case 'invalid_value':
      return at(wrongChoice(issue.values.map(String), issue.input));
    case 'custom':
      return at(invalid(issue.message, String(issue.params?.hint ?? '')));
    default:
      return at(invalid(issue.message === NO_MESSAGE ? 'is not valid' : issue.message));
  }
}

/** Where the file has keys that the schema does not know. */
function pathsOfUnknownKeys(issues: readonly Issue[]): readonly Path[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...pathOf(issue), key]) : [],
  );
}

const pathOf = (issue: Issue): Path => issue.path.map((key) => (typeof key === 'number' ? key : String(key)));

/** In a union, a fixed word is an alternative to other types and does not count as the value's type. */
const isWrongType = (issue: Issue): boolean =>
  (issue.code === 'invalid_type' || (issue.code === 'invalid_value' && issue.values.length === 1)) &&
  issue.path.length === 0;

const describeIssue = (issue: Issue): string =>
  describeProblem(invalid(issue.message, issue.code === 'custom' ? String(issue.params?.hint ?? '') : ''));

function unknownKey(path: Path, known: readonly string[]): PlacedProblem {
  return { path, part: 'key', ...invalid('unknown key', suggestion(String(path.at(-1)), known)) };
}

function wrongType(issue: Issue, value: unknown, path: Path): Problem {
  const expected = issue.code === 'invalid_type' ? EXPECTED[issue.expected] : undefined;
  const must = issue.message === NO_MESSAGE ? `must be ${expected ?? 'something else'}` : issue.message;
  if (value === undefined) return invalid('is missing', `it ${must}`);
  if (value === null) return invalid('has no value', `it ${must}; or remove the key`);
  if (expected === EXPECTED.string && typeof value !== 'object') {
    return invalid(`${must}, not a ${typeof value}`, 'put it in quotes');
  }
  if (expected === EXPECTED.array && typeof value === 'string' && !looksSecret(value)) {
    const item = (path.at(-1) === 'orgs' ? organizationIn(value) : undefined) ?? value;
    return invalid(must, `did you mean [${quoted(item)}]?`);
  }
  return invalid(must);
}

const EXPECTED: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wrongChoice(choices: readonly string[], value: unknown): Problem {
  if (value === null) return invalid('has no value', suggestion('', choices));
  if (typeof value !== 'string') return invalid('is not text', suggestion('', choices));
  return invalid(`unknown value${looksSecret(value) ? '' : ` ${quoted(value)}`}`, suggestion(value, choices));
}

/** The keys that the schema knows at `path`; none where any key is allowed. */
function keysAt(schema: Schema, path: Path): readonly string[] {
  let at: Schema | undefined = schema;
  for (const key of path) at = at === undefined ? undefined : childOf(unwrapped(at), key);
  const end = at === undefined ? undefined : unwrapped(at);
  return end instanceof $ZodObject ? Object.keys(end._zod.def.shape).filter((key) => key !== '$schema') : [];
}

function childOf(schema: Schema, key: string | number): Schema | undefined {
  if (schema instanceof $ZodObject) return schema._zod.def.shape[key];
  if (schema instanceof $ZodArray) return schema._zod.def.element;
  if (schema instanceof $ZodRecord) return schema._zod.def.valueType;
  return undefined;
}

const unwrapped = (schema: Schema): Schema =>
  schema instanceof $ZodOptional ? unwrapped(schema._zod.def.innerType) : schema;
