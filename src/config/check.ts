import { contradictions } from './contradiction.ts';
import type { ConfigDocument } from './document.ts';
import { pathsOfUnknownKeys, problemsOf } from './issues.ts';
import { type Problem, refuseProblems } from './problem.ts';
import { strangerFlaws } from './rule-checks.ts';
import { type Config, configSchema } from './schema.ts';
import { secretFlaw, variableInsteadOf } from './secret.ts';
import type { Path } from './syntax.ts';

/**
 * The config that a file holds, once every check is passed that needs nothing but the file and the organizations.
 * @param elsewhere organizations that flags or environment name.
 * @throws SyncError `CONFIG_INVALID` with all problems of the file, one on each line.
 */
export function checkConfig(document: ConfigDocument, elsewhere: readonly string[]): Config {
  const parsed = configSchema.safeParse(document.value);
  const issues = parsed.error?.issues ?? [];
  const formal = issues.flatMap((issue) => problemsOf(issue, document.value, configSchema));
  const texts = secretTexts(document);
  const secrets = [...texts, ...secretKeys(document, pathsOfUnknownKeys(issues), texts)];
  // What is refused as a secret needs no second complaint about its form.
  const others = [...formal, ...strangerProblems(document, elsewhere), ...denyOnlyProblems(document)].filter(
    ({ path }) => !isWithinAny(path, secrets.map(pathOf)),
  );
  refuseProblems(document, [...secrets, ...others]);
  if (parsed.data === undefined) throw new Error('the schema refused a file that it had no objection to');
  return parsed.data;
}

/** Keys and values that look like a secret, wherever they stand. */
function secretTexts(document: ConfigDocument): readonly Problem[] {
  return document.scalars.flatMap(({ path, part, text }) => {
    const flaw = secretFlaw(text);
    return flaw === undefined ? [] : [{ ...flaw, path, part }];
  });
}

/** Keys that name a secret, in what the schema does not know: a role may well be called `token`. */
function secretKeys(
  document: ConfigDocument,
  unknown: readonly Path[],
  texts: readonly Problem[],
): readonly Problem[] {
  return document.scalars.flatMap(({ path, part }) => {
    if (part !== 'key' || !isWithinAny(path, unknown) || isWithinAny(path, texts.map(pathOf))) return [];
    const variable = variableInsteadOf(path);
    if (variable === undefined) return [];
    const mend = `secrets come from the environment only: set ${variable}`;
    return [{ path, part, what: 'is refused here', mend }];
  });
}

function strangerProblems(document: ConfigDocument, elsewhere: readonly string[]): readonly Problem[] {
  const { github, grants } = document.value as { github?: { orgs?: unknown } | null; grants?: unknown };
  const entries: readonly unknown[] = Array.isArray(github?.orgs) ? github.orgs : [];
  const listed = entries
    .map((entry) => (typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : entry))
    .filter((name) => typeof name === 'string');
  const organizations = [...new Set([...listed, ...elsewhere])];
  // Without any organization that is the complaint, and it is made where the last place to name one is known.
  if (organizations.length === 0 || !Array.isArray(grants)) return [];
  return grants.flatMap((rule, i) =>
    [...strangerFlaws(rule, organizations), ...contradictions(rule, organizations)].map((flaw) => ({
      ...flaw,
      path: ['grants', i, ...flaw.path],
      part: 'value' as const,
    })),
  );
}

/** As good as an empty list: what was managed would all be taken. */
function denyOnlyProblems({ value }: ConfigDocument): readonly Problem[] {
  const { grants } = value as { grants?: unknown };
  if (!Array.isArray(grants) || grants.length === 0) return [];
  const denies = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'effect' in one && one.effect === 'deny';
  if (!grants.every(denies)) return [];
  const what = 'holds nothing but denies, so that nobody would have anything';
  return [{ path: ['grants'], part: 'value', what, mend: 'add the rules that give roles' }];
}

const pathOf = (problem: Problem): Path => problem.path;

const isWithinAny = (path: Path, outer: readonly Path[]): boolean =>
  outer.some((above) => path.length >= above.length && above.every((key, i) => path[i] === key));
