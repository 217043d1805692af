/** A small GraphQL server: as much of the language as clients of ours may use, and strict about the rest. */

type Value = string | number | boolean | null | { readonly variable: string };
type Selection = {
  readonly name: string;
  readonly args: Readonly<Record<string, Value>>;
  readonly fields: readonly Selection[] | undefined;
  /** The type that the value must have, for the fields of an inline fragment. */
  readonly on?: string;
};
type Arguments = Readonly<Record<string, unknown>>;

/** A type's fields; a function computes one from its arguments. */
export type Resolvable = { readonly [field: string]: unknown };

export type GraphQLError = {
  readonly type?: string;
  readonly path?: readonly (string | number)[];
  readonly message: string;
};

/** Thrown by a resolver: the field is null, and an error tells why. */
export class FieldError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** @returns what GitHub would answer: an invalid query has `errors` and no `data`. */
export function execute(
  text: string,
  variables: Arguments,
  root: Resolvable,
): { readonly data?: unknown; readonly errors?: readonly GraphQLError[] } {
  const errors: GraphQLError[] = [];
  try {
    const { selections, declared, required } = parseQuery(text);
    const missing = required.find((name) => variables[name] === undefined || variables[name] === null);
    if (missing !== undefined) throw new Error(`Variable $${missing} was provided invalid value`);
    const unknown = Object.keys(variables).find((name) => !declared.includes(name));
    if (unknown !== undefined) throw new Error(`Variable $${unknown} is not declared`);
    const data = select(root, selections, variables, [], errors);
    return errors.length === 0 ? { data } : { data, errors };
  } catch (error) {
    return { errors: [{ message: error instanceof Error ? error.message : String(error) }] };
  }
}

function select(
  value: unknown,
  selections: readonly Selection[],
  variables: Arguments,
  path: readonly (string | number)[],
  errors: GraphQLError[],
): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value))
    return value.map((item, index) => select(item, selections, variables, [...path, index], errors));
  const resolvable = value as Resolvable;
  const wanted = selections.filter(({ on }) => on === undefined || on === resolvable.__typename);
  return Object.fromEntries(
    wanted.map(({ name, args, fields }) => {
      const at = [...path, name];
      if (!Object.hasOwn(resolvable, name))
        throw new Error(`Field '${name}' doesn't exist at '${path.join('.')}'`);
      const found = resolve(resolvable[name], valuesOf(args, variables), at, errors);
      const isLeaf = found === null || typeof found !== 'object' || Array.isArray(found);
      if (fields === undefined && !isLeaf) throw new Error(`Field must have selections (field '${name}')`);
      return [name, fields === undefined ? found : select(found, fields, variables, at, errors)];
    }),
  );
}

function resolve(
  field: unknown,
  args: Arguments,
  path: readonly (string | number)[],
  errors: GraphQLError[],
): unknown {
  if (typeof field !== 'function') {
    const [unknown] = Object.keys(args);
    if (unknown !== undefined) throw new Error(`Field '${path.at(-1)}' doesn't accept argument '${unknown}'`);
    return field ?? null;
  }
  try {
    return field(args) ?? null;
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    errors.push({ type: error.type, path, message: error.message });
    return null;
  }
}

/** Arguments whose variable has no value are left out, as GraphQL has it. */
const valuesOf = (args: Selection['args'], variables: Arguments): Arguments =>
  Object.fromEntries(
    Object.entries(args).flatMap(([name, value]) => {
      if (value === null || typeof value !== 'object') return [[name, value]];
      const given = variables[value.variable];
      return given === undefined ? [] : [[name, given]];
    }),
  );

const TOKEN = /\s+|(\.\.\.|[{}():,$!=[\]])|("(?:[^"\\]|\\.)*")|(-?\d+)|([A-Za-z_]\w*)/y;

function parseQuery(text: string): {
  readonly selections: readonly Selection[];
  readonly declared: readonly string[];
  readonly required: readonly string[];
} {
  const tokens = tokenize(text);
  const peek = (): string | undefined => tokens[0];
  const next = (expected?: string): string => {
    const token = tokens.shift();
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(`Parse error on "${token ?? 'end'}" (expected ${expected ?? 'a name'})`);
    return token;
  };
  const declared: string[] = [];
  const required: string[] = [];

  function parseVariables(): void {
    for (next('('); peek() !== ')'; ) {
      next('$');
      const name = next();
      next(':');
      next();
      declared.push(name);
      if (peek() === '!') required.push(name) && next('!');
      if (peek() === ',') next(',');
    }
    next(')');
  }

  function parseValue(): Value {
    const token = next();
    if (token === '$') {
      const variable = next();
      if (!declared.includes(variable)) throw new Error(`Variable $${variable} is used but not declared`);
      return { variable };
    }
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === 'null') return null;
    // The value of an enum.
    if (/^[A-Z_]+$/.test(token)) return token;
    return token.startsWith('"') ? JSON.parse(token) : Number(token);
  }

  function parseSelections(): readonly Selection[] {
    const selections: Selection[] = [];
    for (next('{'); peek() !== '}'; ) {
      const name = next();
      if (name === '...') {
        next('on');
        const on = next();
        selections.push(...parseSelections().map((one) => ({ ...one, on })));
        continue;
      }
      const args: Record<string, Value> = {};
      if (peek() === '(') {
        for (next('('); peek() !== ')'; ) {
          const argument = next();
          next(':');
          args[argument] = parseValue();
          if (peek() === ',') next(',');
        }
        next(')');
      }
      selections.push({ name, args, fields: peek() === '{' ? parseSelections() : undefined });
    }
    next('}');
    return selections;
  }

  next('query');
  if (peek() !== '(' && peek() !== '{') next();
  if (peek() === '(') parseVariables();
  return { selections: parseSelections(), declared, required };
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Error('Parse error: an unexpected character');
    const [all] = match;
    if (all.trim() !== '') tokens.push(all);
  }
  return tokens;
}
