import { describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from '../../src/demo/server.ts';
import type { Description } from './descriptions.ts';
import { judgeBy } from './judge-exchange.ts';
import { type Exchange, openTap } from './tap.ts';

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
const idParameter = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } } as const;

const DESCRIPTION: Description = {
  paths: {
    '/users': {
      get: {
        parameters: [
          { name: 'per_page', in: 'query', schema: { type: 'integer', maximum: 100 } as never },
          { name: 'role', in: 'query', schema: { enum: ['admin', 'member'] } as never },
          { name: 'search', in: 'query', schema: { type: 'array', items: { type: 'string' } } as never },
          { $ref: '#/components/parameters/total' },
        ],
        responses: { 200: json({ type: 'array', items: { $ref: '#/components/schemas/user' } }), 304: {} },
      },
      post: {
        requestBody: { required: true, ...json({ $ref: '#/components/schemas/user' }) },
        responses: { 201: json({ $ref: '#/components/schemas/user' }) },
      },
    },
    '/users/{id}': {
      get: { parameters: [idParameter], responses: { 200: json({ $ref: '#/components/schemas/user' }) } },
    },
    '/users/me': { get: { responses: { 200: json({ type: 'string' }) } } },
  },
  components: {
    schemas: {
      user: {
        type: 'object',
        properties: { id: { type: 'integer' }, key: { type: 'string', pattern: '^[a-z]+$' } },
        required: ['id', 'key'],
        additionalProperties: false,
      },
      'basic-error': { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    },
    ...{ parameters: { total: { name: 'total', in: 'query', schema: { type: 'boolean' } } } },
  },
};

const judge = judgeBy(DESCRIPTION);

/** `GET /users?per_page=100`, answered with one user, unless told otherwise. */
function reasons(method: string, target: string, over: Partial<Exchange> = {}): readonly string[] {
  const [path = '', query] = target.split('?');
  const exchange: Exchange = {
    origin: 'http://127.0.0.1:1',
    method,
    path,
    query: new URLSearchParams(query),
    contentType: 'application/json; charset=utf-8',
    body: '',
    answer: undefined,
    ...over,
  };
  return judge(exchange).map(({ reason }) => reason);
}

const answered = (status: number, body: unknown): Partial<Exchange> => ({
  answer: { status, body: typeof body === 'string' ? body : JSON.stringify(body) },
});

describe('a request', () => {
  test('as described passes', () => {
    expect(reasons('GET', '/users?per_page=100&role=admin&search=a&search=b&total=true')).toEqual([]);
    expect(reasons('POST', '/users', { body: '{"id":1,"key":"ann"}' })).toEqual([]);
    expect(reasons('GET', '/users/7')).toEqual([]);
  });

  test.each([
    ['GET', '/people', 'the service describes no such path'],
    ['DELETE', '/users', 'the service describes no such method'],
    ['GET', '/users?page=1', 'request: the query parameter "page" is not described'],
    ['GET', '/users?role=admin&role=member', 'request: the query parameter "role" occurs 2 times'],
    [
      'GET',
      '/users?per_page=101',
      'request: the query parameter "per_page" is not as described: (whole) must be <= 100',
    ],
    [
      'GET',
      '/users?total=1',
      'request: the query parameter "total" is not as described: (whole) must be boolean',
    ],
    ['GET', '/users/ann', 'request: the path parameter "id" is not as described: (whole) must be integer'],
    ['POST', '/users', 'request: the body is missing'],
  ])('%s %s does not', (method, target, reason) => {
    expect(reasons(method, target)).toEqual([reason]);
  });

  test.each([
    ['{"id":1}', "request: the body is not as described: (whole) must have required property 'key'"],
    ['{"id":1,"key":"A.B"}', 'request: the body is not as described: /key must match pattern "^[a-z]+$"'],
    [
      '{"id":1,"key":"a","x":1}',
      'request: the body is not as described: (whole) must NOT have additional properties ("x")',
    ],
    ['{"id":', 'request: the body is no JSON'],
  ])('with the body %s does not', (body, reason) => {
    expect(reasons('POST', '/users', { body })).toEqual([reason]);
  });

  test('with a body where none is described, or one of another type, does not', () => {
    expect(reasons('GET', '/users', { body: '{}' })).toEqual(['request: no body is described']);
    const form = { body: 'id=1', contentType: 'application/x-www-form-urlencoded' };
    expect(reasons('POST', '/users', form)).toEqual([
      'request: the body has the content type application/x-www-form-urlencoded',
    ]);
  });
});

describe('an answer', () => {
  test('as described passes, and so does one without a described body', () => {
    expect(reasons('GET', '/users', answered(200, [{ id: 1, key: 'ann' }]))).toEqual([]);
    expect(reasons('GET', '/users', answered(304, ''))).toEqual([]);
    expect(reasons('GET', '/users/7', answered(404, { message: 'Not Found' }))).toEqual([]);
  });

  test('of the path with the longest fixed part is meant', () => {
    expect(reasons('GET', '/users/me', answered(200, '"ann"'))).toEqual([]);
  });

  test.each([
    [
      200,
      [{ id: 1, key: 'ann' }, { id: 2 }],
      "answer 200: the body is not as described: /* must have required property 'key'",
    ],
    [200, '<html>', 'answer 200: the body is no JSON'],
    [404, '<html>', 'answer 404: the body is no JSON'],
    [
      403,
      { detail: 'no' },
      "answer 403: the body is not as described: (whole) must have required property 'message'",
    ],
    [422, { message: 'no' }, 'answer 422: the status is not described'],
  ])('%i %j does not', (status, body, reason) => {
    expect(reasons('GET', '/users', answered(status, body))).toEqual([reason]);
  });
});

test('the tap records what goes over the observer, and nothing where the answer was cut off', async () => {
  const server = await startServer({ work: ({ body }) => ({ status: 201, body: { given: body } }) });
  const tap = openTap();
  onTestFinished(() => server.close());
  onTestFinished(tap.close);
  await fetch(`${server.url}/a%20b?x=1&x=2`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"é":[1]}',
  }).then((answer) => answer.text());
  server.faults.push({ match: () => true, do: { kind: 'reset', when: 'before' } });
  await fetch(`${server.url}/cut`).catch(() => undefined);
  expect(tap.exchanges).toMatchObject([
    {
      origin: server.url,
      method: 'POST',
      path: '/a%20b',
      body: '{"é":[1]}',
      contentType: 'application/json',
      answer: { status: 201, body: '{"given":{"é":[1]}}' },
    },
    { method: 'GET', path: '/cut', body: '', answer: undefined },
  ]);
  expect(tap.exchanges[0]?.query.getAll('x')).toEqual(['1', '2']);
  tap.close();
  await fetch(`${server.url}/later`).catch(() => undefined);
  expect(tap.exchanges).toHaveLength(2);
});
