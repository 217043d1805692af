import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Services that publish an OpenAPI description of themselves. */
export const SERVICES = ['GitHub', 'Permit', 'PDP'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The parts of OpenAPI 3.1 that are used here. A schema is plain JSON Schema 2020-12. */
export type Description = {
  readonly paths: { readonly [template: string]: PathItem };
  readonly components?: { readonly schemas?: { readonly [name: string]: unknown } };
};
type PathItem = { readonly [method: string]: Operation };
export type Operation = {
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: (Content & { readonly required?: boolean }) | Reference;
  readonly responses: { readonly [status: string]: Content | Reference };
};
export type Parameter = {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema?: { readonly type?: string | readonly string[] };
};
export type Content = { readonly content?: { readonly [mediaType: string]: { readonly schema?: unknown } } };
export type Reference = { readonly $ref: string };

export type Descriptions = { readonly [service in ServiceName]: Description };

export const FILES: { readonly [service in ServiceName]: string } = {
  GitHub: 'github.json',
  Permit: 'permit.json',
  PDP: 'pdp.json',
};

/** @param folder holds one OpenAPI 3.1 document for each service. @throws when one is missing or no JSON. */
export function readDescriptions(folder: string): Descriptions {
  const read = (service: ServiceName): Description =>
    JSON.parse(readFileSync(join(folder, FILES[service]), 'utf8')) as Description;
  return { GitHub: read('GitHub'), Permit: read('Permit'), PDP: read('PDP') };
}

/** An object of the description, and the JSON pointer that leads to it. */
export type Located<T> = { readonly value: T; readonly pointer: string };

/** Follows a `$ref` within the document. */
export function follow<T extends object>(
  description: Description,
  value: T | Reference,
  pointer: string,
): Located<T> {
  if (!('$ref' in value)) return { value, pointer };
  const target = value.$ref
    .slice('#/'.length)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], description);
  if (target === undefined) throw new Error(`the description has no ${value.$ref}`);
  return follow(description, target as T | Reference, value.$ref);
}

/** One step further down a JSON pointer that is written as a URI fragment. */
export const below = (pointer: string, ...parts: readonly string[]): string =>
  [
    pointer,
    ...parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))),
  ].join('/');

export type FoundOperation = Located<Operation> & {
  readonly template: string;
  readonly pathParameters: Readonly<Record<string, string>>;
};

/** The operation of a path: of several templates that fit, the one with the longest fixed part. */
export function findOperation(
  description: Description,
  method: string,
  path: string,
): FoundOperation | 'no such path' | 'no such method' {
  const fitting = Object.keys(description.paths)
    .flatMap((template) => {
      const pathParameters = matchTemplate(template, path);
      return pathParameters === undefined ? [] : [{ template, pathParameters }];
    })
    .sort((a, b) => fixedLength(b.template) - fixedLength(a.template));
  const [best] = fitting;
  if (best === undefined) return 'no such path';
  const value = description.paths[best.template]?.[method.toLowerCase()];
  if (value === undefined) return 'no such method';
  return { ...best, value, pointer: below('#', 'paths', best.template, method.toLowerCase()) };
}

const fixedLength = (template: string): number => template.replaceAll(/\{[^}]*\}/g, '').length;

function matchTemplate(template: string, path: string): Record<string, string> | undefined {
  const expected = template.split('/');
  const segments = path.split('/');
  if (expected.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== segment : segment === '') return undefined;
    if (name !== undefined) parameters[name] = decodeURIComponent(segment);
  }
  return parameters;
}
