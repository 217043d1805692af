import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {
  below,
  type Content,
  type Description,
  type FoundOperation,
  findOperation,
  follow,
  type Parameter,
} from './descriptions.ts';
import type { Answered, Exchange } from './tap.ts';

/** What is wrong with one exchange. `operation` is the method with the path template, where there is one. */
export type Finding = { readonly operation: string; readonly path: string; readonly reason: string };

/** GitHub's description leaves these out of many operations, and the PDP's out of all. */
const BASIC_ERRORS: ReadonlySet<number> = new Set([401, 403, 404, 429]);
const BASIC_ERROR = '#/components/schemas/basic-error';

/** Compares exchanges with the description of a service; schemas are compiled once. */
export function judgeBy(description: Description): (exchange: Exchange) => readonly Finding[] {
  const validatorAt = compiler(description);
  const hasBasicError = description.components?.schemas?.['basic-error'] !== undefined;

  return (exchange) => {
    const { method, path } = exchange;
    const found = findOperation(description, method, path);
    if (typeof found === 'string') {
      return [{ operation: `${method} ${path}`, path, reason: `the service describes ${found}` }];
    }
    const reasons = [
      ...judgeParameters(found, exchange),
      ...judgeRequestBody(found, exchange),
      ...(exchange.answer === undefined ? [] : judgeAnswer(found, exchange.answer)),
    ];
    return reasons.map((reason) => ({ operation: `${method} ${found.template}`, path, reason }));
  };

  function judgeParameters(found: FoundOperation, { query }: Exchange): readonly string[] {
    const parameters = (found.value.parameters ?? []).map((one, index) =>
      follow<Parameter>(description, one, below(found.pointer, 'parameters', String(index))),
    );
    const inQuery = parameters.filter(({ value }) => value.in === 'query');
    const undescribed = [...new Set(query.keys())]
      .filter((name) => !inQuery.some(({ value }) => value.name === name))
      .map((name) => `request: the query parameter "${name}" is not described`);
    const misused = inQuery.flatMap(({ value: { name, required, schema }, pointer }) => {
      const given = query.getAll(name);
      if (given.length === 0) return required ? [`request: the query parameter "${name}" is missing`] : [];
      const validate = validatorAt(below(pointer, 'schema'));
      if (isArray(schema)) return misfit(`request: the query parameter "${name}"`, validate, readings(given));
      if (given.length > 1) return [`request: the query parameter "${name}" occurs ${given.length} times`];
      return misfit(
        `request: the query parameter "${name}"`,
        validate,
        readings(given).map(([one]) => one),
      );
    });
    const inPath = parameters
      .filter(({ value }) => value.in === 'path')
      .flatMap(({ value: { name }, pointer }) =>
        misfit(
          `request: the path parameter "${name}"`,
          validatorAt(below(pointer, 'schema')),
          readings([found.pathParameters[name] ?? '']).map(([one]) => one),
        ),
      );
    return [...undescribed, ...misused, ...inPath];
  }

  function judgeRequestBody(found: FoundOperation, { body, contentType }: Exchange): readonly string[] {
    const { requestBody } = found.value;
    if (requestBody === undefined) return body === '' ? [] : ['request: no body is described'];
    const { value, pointer } = follow(description, requestBody, below(found.pointer, 'requestBody'));
    if (body === '') return value.required === true ? ['request: the body is missing'] : [];
    if (!/^application\/(.*\+)?json\b/.test(contentType ?? '')) {
      return [`request: the body has the content type ${contentType ?? '(none)'}`];
    }
    return judgeJson('request: the body', value, pointer, body);
  }

  function judgeAnswer(found: FoundOperation, { status, body }: Answered): readonly string[] {
    const described = found.value.responses[status];
    if (described !== undefined) {
      const pointer = below(found.pointer, 'responses', String(status));
      const response = follow<Content>(description, described, pointer);
      return judgeJson(`answer ${status}: the body`, response.value, response.pointer, body);
    }
    if (!BASIC_ERRORS.has(status)) return [`answer ${status}: the status is not described`];
    return hasBasicError ? judgeText(`answer ${status}: the body`, BASIC_ERROR, body) : [];
  }

  function judgeJson(what: string, { content }: Content, pointer: string, body: string): readonly string[] {
    const mediaType = Object.keys(content ?? {}).find((type) => type.includes('json'));
    if (mediaType === undefined || content?.[mediaType]?.schema === undefined) return [];
    return judgeText(what, below(pointer, 'content', mediaType, 'schema'), body);
  }

  function judgeText(what: string, pointer: string, text: string): readonly string[] {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return [`${what} is no JSON`];
    }
    return misfit(what, validatorAt(pointer), [value]);
  }
}

function compiler(description: Description): (pointer: string) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  addFormats.default(ajv);
  // Seconds since the epoch in some of GitHub's answers, a date in others.
  ajv.addFormat('timestamp', true);
  ajv.addSchema(description, 'description.json');
  const compiled = new Map<string, ValidateFunction>();
  return (pointer) => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `description.json${pointer}` });
    compiled.set(pointer, known);
    return known;
  };
}

const isArray = (schema: Parameter['schema']): boolean => [schema?.type].flat().includes('array');

/** The ways in which a server may read what a query or a path says. */
function readings(texts: readonly string[]): readonly (readonly unknown[])[] {
  const numbers = texts.map(Number);
  const isNumeric = texts.every((text) => /^-?\d+(\.\d+)?$/.test(text));
  const isBoolean = texts.every((text) => text === 'true' || text === 'false');
  return [
    texts,
    ...(isNumeric ? [numbers] : []),
    ...(isBoolean ? [texts.map((text) => text === 'true')] : []),
  ];
}

/** Nothing where one of the readings obeys the schema. */
function misfit(what: string, validate: ValidateFunction, values: readonly unknown[]): readonly string[] {
  if (values.some((value) => validate(value))) return [];
  validate(values.at(-1));
  return [`${what} ${flawsOf(validate.errors ?? [])}`];
}

const MAX_FLAWS = 30;

/** The deepest flaws first: where a schema has alternatives, those tell what is really wrong. */
function flawsOf(errors: readonly ErrorObject[]): string {
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split('/').length;
  const words = errors
    .toSorted((a, b) => depth(b) - depth(a))
    .map(({ instancePath, message, params }) => {
      const name = params.additionalProperty ?? params.missingProperty;
      const named = name === undefined || message?.includes(`'${name}'`) ? '' : ` ("${name}")`;
      // The position of an item in a list does not make it a different finding.
      return `${instancePath.replaceAll(/\/\d+/g, '/*') || '(whole)'} ${message}${named}`;
    });
  const told = [...new Set(words)];
  const more = told.length > MAX_FLAWS ? `; and ${told.length - MAX_FLAWS} more` : '';
  return `is not as described: ${told.slice(0, MAX_FLAWS).join('; ')}${more}`;
}
