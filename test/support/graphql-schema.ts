import { readFileSync } from 'node:fs';

/** Why a query, or an answer to it, is not what GitHub's published schema allows; empty where it is. */
type Judge = (query: string, answer: unknown) => readonly string[];

type Selections = { readonly selections: readonly (Field | Fragment)[] };
type Field = { readonly name: { readonly value: string }; readonly selectionSet?: Selections };
/** An inline fragment, which has a type where a field has a name. */
type Fragment = {
  readonly name?: undefined;
  readonly typeCondition: Field;
  readonly selectionSet: Selections;
};

/** What is selected of a value: of the fragments, only the one for its type. */
const fieldsOf = ({ selections }: Selections, typename: unknown): readonly Field[] =>
  selections.flatMap((one) => {
    if (one.name !== undefined) return [one];
    return one.typeCondition.name.value === typename ? fieldsOf(one.selectionSet, typename) : [];
  });

/** An object, an interface, or a union of such types, which alone has no fields. */
type NamedType = {
  readonly name: string;
  readonly getFields?: () => Readonly<Record<string, { readonly type: unknown }>>;
  readonly getTypes?: () => readonly NamedType[];
};

/** @returns undefined if the packages with the schema are not installed. */
export async function openGraphQLJudge(): Promise<Judge | undefined> {
  const packages = await load();
  if (packages === undefined) return undefined;
  const { graphql, text } = packages;
  const schema = graphql.buildSchema(text, { assumeValidSDL: true });

  function misfits(type: unknown, value: unknown, set: Selections | undefined, path: string): string[] {
    if (graphql.isNonNullType(type)) {
      const { ofType } = type as { ofType: unknown };
      return value === null ? [`${path} is null`] : misfits(ofType, value, set, path);
    }
    if (value === null) return [];
    if (graphql.isListType(type)) {
      const { ofType } = type as { ofType: unknown };
      if (!Array.isArray(value)) return [`${path} is no list`];
      return value.flatMap((item, index) => misfits(ofType, item, set, `${path}[${index}]`));
    }
    if (set === undefined) {
      try {
        (type as { parseValue: (value: unknown) => unknown }).parseValue(value);
        return [];
      } catch (error) {
        return [`${path}: ${String(error)}`];
      }
    }
    const { name: ownName, getTypes } = type as NamedType;
    const typeNames = getTypes?.call(type).map(({ name }) => name) ?? [ownName];
    const { __typename } = value as { readonly __typename?: unknown };
    const own = getTypes?.call(type).find(({ name }) => name === __typename) ?? (type as NamedType);
    const fields = own.getFields?.() ?? {};
    const selected = fieldsOf(set, __typename ?? ownName);
    const wanted = selected.map(({ name }) => name.value).sort();
    const given = Object.keys(value as object).sort();
    if (wanted.join() !== given.join()) return [`${path} has ${given} where ${wanted} was asked for`];
    return selected.flatMap(({ name, selectionSet }) => {
      const inner = (value as Record<string, unknown>)[name.value];
      if (name.value === '__typename')
        return typeNames.includes(String(inner)) ? [] : [`${path}.__typename is none of ${typeNames}`];
      return misfits(fields[name.value]?.type, inner, selectionSet, `${path}.${name.value}`);
    });
  }

  return (query, answer) => {
    const document = graphql.parse(query);
    const errors: readonly { readonly message: string }[] = graphql.validate(schema, document);
    if (errors.length > 0) return errors.map(({ message }) => `query: ${message}`);
    const { data, errors: told } = answer as { data?: unknown; errors?: readonly { message?: unknown }[] };
    if (told?.some(({ message }) => typeof message !== 'string')) return ['an error without a message'];
    // What an error is about is null, whatever its type.
    if (told !== undefined) return [];
    return misfits(schema.getQueryType(), data, document.definitions[0].selectionSet, 'data');
  };
}

async function load() {
  try {
    // The package itself loads what a test does not need.
    const file = new URL('../../node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url);
    const text = readFileSync(file, 'utf8');
    return { graphql: await imported('graphql'), text };
  } catch {
    return undefined;
  }
}

/** Not by its name in the code, so that types are checked without the packages, too. */
const imported = (name: string) => import(/* @vite-ignore */ name);
