import { $ZodArray, type $ZodIssue, $ZodObject, $ZodOptional, $ZodRecord, type $ZodType } from 'zod/v4/core';
import { describeFlaw, type Flaw, quoted } from './flaw.ts';
import type { Problem } from './problem.ts';
import { looksSecret } from './secret.ts';
import { suggestion } from './suggest.ts';
import type { Path } from './syntax.ts';

type Issue = $ZodIssue;
type Schema = $ZodType;

/** What zod says where nothing was said to it: messages of its own are not loaded. */
const NO_MESSAGE = 'Invalid input';

/**
 * An issue of zod in the words of the config file, one problem for each unknown key.
 * @param value the whole file, which zod's issues do not repeat.
 */
export function problemsOf(issue: Issue, value: unknown, schema: Schema): readonly Problem[] {
  const path = pathOf(issue);
  const at = (flaw: Flaw, part: Problem['part'] = 'value'): Problem[] => [{ ...flaw, path, part }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], keysAt(schema, path)));
    case 'invalid_key':
      return at({ what: 'can be no key here', mend: issue.issues.map(describeIssue).join('; ') }, 'key');
    case 'invalid_union': {
      // The branch that accepts the value's type tells what is wrong inside of it.
      const branch = issue.errors.find((issues) => !issues.some(isWrongType));
      if (branch === undefined) return at(wrongType(issue, valueAt(value, path)));
      return branch.flatMap((inner) =>
        problemsOf({ ...inner, path: [...path, ...inner.path] }, value, schema),
      );
    }
    case 'invalid_type':
      return at(wrongType(issue, valueAt(value, path)));
    case 'invalid_value':
      return at(wrongChoice(issue.values.map(String), valueAt(value, path)));
    case 'custom':
      return at({ what: issue.message, mend: String(issue.params?.mend ?? '') });
    default:
      return at({ what: issue.message === NO_MESSAGE ? 'is not valid' : issue.message, mend: '' });
  }
}

/** Where keys stand that the schema does not know. */
export function pathsOfUnknownKeys(issues: readonly Issue[]): readonly Path[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...pathOf(issue), key]) : [],
  );
}

const pathOf = (issue: Issue): Path => issue.path.map((key) => (typeof key === 'number' ? key : String(key)));

const isWrongType = (issue: Issue): boolean => issue.code === 'invalid_type' && issue.path.length === 0;

const describeIssue = (issue: Issue): string =>
  describeFlaw({
    what: issue.message,
    mend: issue.code === 'custom' ? String(issue.params?.mend ?? '') : '',
  });

function unknownKey(path: Path, known: readonly string[]): Problem {
  return { path, part: 'key', what: 'unknown key', mend: suggestion(String(path.at(-1)), known) };
}

function wrongType(issue: Issue, value: unknown): Flaw {
  const expected = issue.code === 'invalid_type' ? EXPECTED[issue.expected] : undefined;
  const must = issue.message === NO_MESSAGE ? `must be ${expected ?? 'something else'}` : issue.message;
  if (value === undefined) return { what: 'is missing', mend: `it ${must}` };
  if (value === null) return { what: 'has no value', mend: `it ${must}; or remove the key` };
  if (expected === EXPECTED.string && typeof value !== 'object') {
    return { what: `${must}, not a ${typeof value}`, mend: 'put it in quotes' };
  }
  if (expected === EXPECTED.array && typeof value === 'string' && !looksSecret(value)) {
    return { what: must, mend: `did you mean [${quoted(value)}]?` };
  }
  return { what: must, mend: '' };
}

const EXPECTED: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wrongChoice(choices: readonly string[], value: unknown): Flaw {
  if (value === null) return { what: 'has no value', mend: suggestion('', choices) };
  if (typeof value !== 'string') return { what: 'is no text', mend: suggestion('', choices) };
  return {
    what: `${looksSecret(value) ? 'the value' : quoted(value)} is not known`,
    mend: suggestion(value, choices),
  };
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as { [key: string | number]: unknown })[key];
  }
  return at;
}

/** The keys that the schema knows at `path`; none where it has no opinion. */
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
