import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { UserKey } from '../../src/model/identity.ts';
import { openTarget } from '../support/adapters.ts';

const API = 'https://permit.example.com';
const KEY = 'permit_key_contract';
const FACTS = '/v2/facts/proj1/env1';
const SCHEMA = '/v2/schema/proj1/env1';

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
};
const sent: Sent[] = [];

beforeEach(() => {
  nock.disableNetConnect();
  sent.length = 0;
});
afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

/** Answers one request of exactly this method, path and query, once, and notes what came with it. */
function answer(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  status: number,
  body?: unknown,
): void {
  nock(API)
    .intercept(path, method)
    .reply(function (_, requestBody) {
      const headers = Object.fromEntries(
        Object.entries(this.req.headers).map(([name, value]) => [name, String(value)]),
      );
      sent.push({ method, path, body: requestBody === '' ? undefined : requestBody, headers });
      return body === undefined ? [status] : [status, body as nock.Body];
    });
}

const scope = (over: object = {}): void =>
  answer('GET', '/v2/api-key/scope', 200, {
    organization_id: 'org1',
    project_id: 'proj1',
    environment_id: 'env1',
    ...over,
  });

const usersPath = (page: number): string =>
  `${FACTS}/users?page=${page}&per_page=100&include_resource_instance_roles=true`;
const userPath = `${FACTS}/users/a`;
const grantsPath = (page: number, size = 1000): string =>
  `${FACTS}/role_assignments?user=a&page=${page}&per_page=${size}&include_total_count=true`;
const user = (key: string, more: object = {}) => ({
  key,
  id: `id-${key}`,
  email: null,
  attributes: {},
  associated_tenants: [],
  ...more,
});

const open = () => openTarget({ url: API }, { apiKey: KEY });
const key = (text: string): UserKey => text as UserKey;
const mark = { github_id: 7, managed_by: 'gh-permit-sync:default' };

/** What was sent after the scope had been asked. */
const afterScope = (): readonly Sent[] => {
  expect(sent[0]?.path).toBe('/v2/api-key/scope');
  return sent.slice(1);
};

describe('every request', () => {
  test('carries the key as a bearer token, and asks for JSON', async () => {
    scope();
    answer('GET', usersPath(1), 200, { data: [], total_count: 0, page_count: 0 });
    await open().reader.readUsers();
    for (const { headers } of sent) {
      expect(headers.authorization).toBe(`Bearer ${KEY}`);
      expect(headers.accept).toContain('application/json');
    }
  });
});

describe('reads', () => {
  test('users: pages of a hundred with the roles on resource instances', async () => {
    scope();
    answer('GET', usersPath(1), 200, {
      data: [
        user('b', {
          attributes: null,
          associated_tenants: [
            {
              tenant: 'default',
              roles: ['member', 'admin'],
              status: 'active',
              resource_instance_roles: [
                { resource_instance: 'payments', resource: 'repository', role: 'owner' },
                { resource_instance: 'repository:api', resource: 'repository', role: 'reader' },
              ],
            },
          ],
        }),
        user('a', { attributes: { seat: 7, nested: { x: [1] } } }),
      ],
      total_count: 2,
      page_count: 1,
    });
    expect(await open().reader.readUsers()).toEqual([
      { key: 'a', attributes: { seat: 7, nested: { x: [1] } }, grants: [] },
      {
        key: 'b',
        attributes: {},
        grants: [
          { tenant: 'default', role: 'admin' },
          { tenant: 'default', role: 'member' },
          { tenant: 'default', role: 'reader', resource: 'repository:api' },
          { tenant: 'default', role: 'owner', resource: 'repository:payments' },
        ],
      },
    ]);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('users: as many pages as the first one counts', async () => {
    scope();
    for (const page of [1, 2, 3]) {
      const size = page === 3 ? 50 : 100;
      const data = Array.from({ length: size }, (_, index) => user(`u-${page}-${index}`));
      answer('GET', usersPath(page), 200, { data, total_count: 250, page_count: 3 });
    }
    expect(await open().reader.readUsers()).toHaveLength(250);
    expect(nock.pendingMocks()).toEqual([]);
    expect(afterScope()).toHaveLength(3);
  });

  const assignment = (role: string, more: object = {}) => ({
    ...{ user: 'a', user_id: 'id-a', role, tenant: 'default', tenant_id: 'id-default' },
    ...more,
  });
  const API_REPO = { resource_instance: 'repository:api' };

  test('one user: with the assignments on resource instances, which the user itself does not show', async () => {
    scope();
    answer(
      'GET',
      userPath,
      200,
      user('a', { associated_tenants: [{ tenant: 'default', roles: ['member'] }] }),
    );
    const data = [assignment('member'), assignment('reader', API_REPO), assignment('member')];
    answer('GET', grantsPath(1), 200, { data, total_count: 3 });
    expect(await open().reader.readUser(key('a'))).toEqual({
      key: 'a',
      attributes: {},
      grants: [
        { tenant: 'default', role: 'member' },
        { tenant: 'default', role: 'reader', resource: 'repository:api' },
      ],
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('one user: bare lists of assignments are read until a page brings nothing new', async () => {
    scope();
    answer('GET', userPath, 200, user('a'));
    answer('GET', grantsPath(1), 200, [assignment('member', { tenant: null })]);
    answer('GET', grantsPath(2), 200, [assignment('reader', API_REPO)]);
    answer('GET', grantsPath(3), 200, []);
    const found = await open().reader.readUser(key('a'));
    expect(found?.grants).toEqual([
      { tenant: 'default', role: 'reader', resource: 'repository:api' },
      { tenant: 'id-default', role: 'member' },
    ]);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('one user: smaller pages where Permit takes no more than a hundred', async () => {
    scope();
    answer('GET', userPath, 200, user('a'));
    answer('GET', grantsPath(1), 422, { detail: [{ loc: ['query', 'per_page'], msg: 'too large' }] });
    answer('GET', grantsPath(1, 100), 200, { data: [assignment('member')], total_count: 1 });
    expect((await open().reader.readUser(key('a')))?.grants).toHaveLength(1);
  });

  test('one user: assignments that are fewer than Permit counts are no list of them', async () => {
    scope();
    answer('GET', userPath, 200, user('a'));
    for (let i = 0; i < 8; i++) answer('GET', grantsPath((i % 2) + 1), 200, { data: [], total_count: 1 });
    await expect(open().reader.readUser(key('a'))).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
  });

  test('one user: nobody has that key', async () => {
    scope();
    answer('GET', userPath, 404, NOT_FOUND);
    answer('GET', grantsPath(1), 404, NOT_FOUND);
    expect(await open().reader.readUser(key('a'))).toBeUndefined();
  });

  const rolesPath = (page: number): string =>
    `${SCHEMA}/roles?page=${page}&per_page=100&include_total_count=true`;
  const tenantsPath = `${FACTS}/tenants?page=1&per_page=100&include_total_count=true`;
  const keyed = (...keys: readonly string[]) => keys.map((one) => ({ key: one, name: one }));
  const counted = (...keys: readonly string[]) => ({
    data: keyed(...keys),
    total_count: keys.length,
    page_count: 1,
  });
  const NOT_FOUND = { title: 'not found', error_code: 'NOT_FOUND', message: 'no such thing' };
  const none = { roles: [], tenants: [], instances: [] };

  test('one role and one tenant that nobody holds yet: each with its own request', async () => {
    scope();
    answer('GET', `${SCHEMA}/roles/owner`, 404, NOT_FOUND);
    answer('GET', `${FACTS}/tenants/labs`, 200, { key: 'labs', name: 'Labs' });
    expect(await open().reader.findMissing([{ tenant: 'labs', role: 'owner' }], [])).toEqual({
      ...none,
      roles: ['owner'],
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('several roles and tenants: one page of each, which Permit counts', async () => {
    scope();
    answer('GET', rolesPath(1), 200, counted('admin', 'member'));
    answer('GET', tenantsPath, 200, counted('acme', 'default'));
    const grants = [
      { tenant: 'acme', role: 'admin' },
      { tenant: 'labs', role: 'owner' },
    ];
    expect(await open().reader.findMissing(grants, [])).toEqual({
      ...none,
      roles: ['owner'],
      tenants: ['labs'],
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('bare arrays, which have no count: what they do not show is requested individually', async () => {
    scope();
    answer('GET', rolesPath(1), 200, keyed('admin', 'member'));
    answer('GET', tenantsPath, 200, keyed('t1', 't2', 't4'));
    answer('GET', `${FACTS}/tenants/t3`, 404, NOT_FOUND);
    const grants = ['t1', 't2', 't3', 't4'].flatMap((tenant) =>
      ['admin', 'member'].map((role) => ({ tenant, role })),
    );
    expect(await open().reader.findMissing(grants, [])).toEqual({ ...none, tenants: ['t3'] });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test("a shifted page doesn't prove an absence: what is not on it is requested individually", async () => {
    scope();
    answer('GET', rolesPath(1), 200, { ...counted('admin', 'admin'), total_count: 2 });
    answer('GET', `${SCHEMA}/roles/member`, 200, { key: 'member', name: 'Member' });
    answer('GET', `${FACTS}/tenants/t`, 200, { key: 't', name: 't' });
    const grants = ['admin', 'member'].map((role) => ({ tenant: 't', role }));
    expect(await open().reader.findMissing(grants, [])).toEqual(none);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('more than a hundred roles: page by page, and the last ones individually', async () => {
    scope();
    const page = (from: number, count: number) => ({
      data: keyed(...Array.from({ length: count }, (_, i) => `role-${from + i}`)),
      total_count: 401,
      page_count: 5,
    });
    answer('GET', rolesPath(1), 200, page(0, 100));
    answer('GET', `${SCHEMA}/roles/role-150`, 200, { key: 'role-150' });
    answer('GET', `${SCHEMA}/roles/role-401`, 404, NOT_FOUND);
    answer('GET', `${FACTS}/tenants/default`, 200, { key: 'default' });
    const grants = ['role-0', 'role-150', 'role-401'].map((role) => ({ tenant: 'default', role }));
    expect(await open().reader.findMissing(grants, [])).toEqual({ ...none, roles: ['role-401'] });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('resource instances: searched by key, with the roles of all resources in one listing', async () => {
    scope();
    const instance = (resource: string, one: string, tenant: string) => ({ key: one, resource, tenant });
    answer('GET', `${FACTS}/resource_instances/detailed?search=c&search=a:b&page=1&per_page=100`, 200, {
      total_count: 3,
      data: [instance('repo', 'a:b', 't'), instance('doc', 'c', 'elsewhere'), instance('repo', 'other', 't')],
    });
    answer('GET', `${SCHEMA}/resources?page=1&per_page=100&include_total_count=true`, 200, {
      data: [
        { key: 'repo', name: 'Repo', roles: { owner: { name: 'Owner' } } },
        { key: 'doc', name: 'Doc' },
      ],
      total_count: 2,
      page_count: 1,
    });
    answer('GET', `${SCHEMA}/resources/doc/roles?page=1&per_page=100`, 200, keyed('reader'));
    answer('GET', `${FACTS}/tenants/t`, 200, { key: 't', name: 't' });
    const grants = [
      { tenant: 't', role: 'owner', resource: 'repo:a:b' },
      { tenant: 't', role: 'reader', resource: 'doc:c' },
      { tenant: 't', role: 'writer', resource: 'doc:c' },
    ];
    expect(await open().reader.findMissing(grants, [])).toEqual({
      roles: ['writer of the resource doc'],
      tenants: [],
      instances: ['doc:c in the tenant t (it is in elsewhere)'],
    });
    for (const { headers } of sent) expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('what someone already holds is not requested', async () => {
    const grants = [{ tenant: 'default', role: 'admin' }];
    const missing = await open().reader.findMissing(grants, [{ key: key('a'), attributes: {}, grants }]);
    expect(missing).toMatchObject({ roles: [], tenants: [], instances: [] });
    expect(sent).toEqual([]);
  });
});

describe('writes', () => {
  const json = expect.objectContaining({ 'content-type': expect.stringMatching(/^application\/json/) });

  test.each([
    {
      what: 'users in bulk',
      write: () =>
        open().writer.write('createUser', [
          { key: key('a'), attributes: mark },
          { key: key('b'), attributes: mark },
        ]),
      request: [
        'POST',
        `${FACTS}/bulk/users`,
        {
          operations: [
            { key: 'a', attributes: mark },
            { key: 'b', attributes: mark },
          ],
        },
      ],
      reply: [200, {}],
      result: 2,
    },
    {
      what: 'one user',
      write: () => open().writer.writeOne('createUser', { key: key('a'), attributes: mark }),
      request: ['POST', `${FACTS}/users`, { key: 'a', attributes: mark }],
      reply: [201, { key: 'a' }],
    },
    {
      what: 'users away in bulk',
      write: () => open().writer.write('deleteUser', [{ user: key('a') }, { user: key('github|1') }]),
      request: ['DELETE', `${FACTS}/bulk/users`, { idents: ['a', 'github|1'] }],
      reply: [200, {}],
      result: 2,
    },
    {
      what: 'one user away',
      write: () => open().writer.writeOne('deleteUser', { user: key('github|1') }),
      request: ['DELETE', `${FACTS}/users/github%7C1`, undefined],
      reply: [204],
    },
    {
      what: 'assignments in bulk',
      write: () =>
        open().writer.write('assignRole', [
          { user: key('a'), grant: { tenant: 'default', role: 'admin' } },
          { user: key('b'), grant: { tenant: 'default', role: 'owner', resource: 'repository:api' } },
        ]),
      request: [
        'POST',
        `${FACTS}/role_assignments/bulk`,
        [
          { user: 'a', role: 'admin', tenant: 'default' },
          { user: 'b', role: 'owner', tenant: 'default', resource_instance: 'repository:api' },
        ],
      ],
      reply: [200, { assignments_created: 2 }],
      result: 2,
    },
    {
      what: 'one assignment',
      write: () =>
        open().writer.writeOne('assignRole', { user: key('a'), grant: { tenant: 'default', role: 'admin' } }),
      request: ['POST', `${FACTS}/role_assignments`, { user: 'a', role: 'admin', tenant: 'default' }],
      reply: [200, { id: 'x' }],
    },
    {
      what: 'assignments away in bulk',
      write: () =>
        open().writer.write('unassignRole', [
          { user: key('a'), grant: { tenant: 'default', role: 'admin' } },
        ]),
      request: [
        'DELETE',
        `${FACTS}/role_assignments/bulk`,
        [{ user: 'a', role: 'admin', tenant: 'default' }],
      ],
      reply: [200, { assignments_removed: 1 }],
      result: 1,
    },
    {
      what: 'one assignment away',
      write: () =>
        open().writer.writeOne('unassignRole', {
          user: key('a'),
          grant: { tenant: 'default', role: 'admin' },
        }),
      request: ['DELETE', `${FACTS}/role_assignments`, { user: 'a', role: 'admin', tenant: 'default' }],
      reply: [204],
    },
  ] as const)(
    '$what: one request',
    async ({ write, request: [method, path, body], reply: [status, data], ...rest }) => {
      scope();
      answer(method, path, status, data);
      expect(await write()).toEqual('result' in rest ? rest.result : undefined);
      const requests = afterScope();
      expect(requests).toEqual([
        { method, path, body, headers: body === undefined ? expect.anything() : json },
      ]);
      expect(requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    },
  );

  test('one user who is there already, answered by 200 with that user: a conflict', async () => {
    scope();
    answer('POST', `${FACTS}/users`, 200, user('a', { attributes: { github_id: 8 } }));
    const made = open().writer.writeOne('createUser', { key: key('a'), attributes: mark });
    await expect(made).rejects.toMatchObject({ name: 'WriteError', kind: 'conflict' });
  });

  test('attributes: read again, merged on our side, and written as a whole', async () => {
    scope();
    answer(
      'GET',
      userPath,
      200,
      user('a', { attributes: { seat: 7, github_id: 1 }, email: 'a@example.com' }),
    );
    answer('PATCH', `${FACTS}/users/a`, 200, user('a'));
    await open().writer.updateAttributes(key('a'), (now) => ({ ...now, ...mark }));
    expect(afterScope().map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', userPath, undefined],
      ['PATCH', `${FACTS}/users/a`, { attributes: { seat: 7, ...mark } }],
    ]);
  });

  test.each([
    ['null', null],
    ['an empty object', {}],
    ['a web page', '<html>Please log in</html>'],
    ['another user', { key: 'somebody-else', attributes: {} }],
    ['a list', []],
  ])('attributes: %s instead of the user is never merged and written back', async (_, body) => {
    scope();
    for (let i = 0; i <= 5; i++) answer('GET', userPath, 200, body);
    answer('PATCH', `${FACTS}/users/a`, 200, user('a'));
    await expect(
      open().writer.updateAttributes(key('a'), (now) => ({ ...now, ...mark })),
    ).rejects.toMatchObject({ name: 'WriteError' });
    expect(sent.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  test('a web page in answer to a write does not count as success', async () => {
    scope();
    answer('POST', `${FACTS}/bulk/users`, 200, '<html>Please log in</html>');
    await expect(
      open().writer.write('createUser', [{ key: key('a'), attributes: mark }]),
    ).rejects.toMatchObject({
      name: 'WriteError',
      kind: 'ambiguous',
    });
  });

  test('counts of assignments that Permit leaves out are not invented', async () => {
    scope();
    answer('POST', `${FACTS}/role_assignments/bulk`, 200, {});
    expect(
      await open().writer.write('assignRole', [
        { user: key('a'), grant: { tenant: 'default', role: 'admin' } },
      ]),
    ).toBeUndefined();
  });
});

describe('the scope of the key', () => {
  test('is asked once, however many calls come at the same time', async () => {
    scope();
    answer('GET', usersPath(1), 200, { data: [], total_count: 0, page_count: 0 });
    answer('GET', `${SCHEMA}/roles/r`, 404, { error_code: 'NOT_FOUND' });
    answer('GET', `${FACTS}/tenants/t`, 200, { key: 't' });
    answer('POST', `${FACTS}/users`, 201, {});
    answer('DELETE', `${FACTS}/role_assignments`, 204);
    const { reader, writer } = open();
    await Promise.all([
      reader.readUsers(),
      reader.findMissing([{ tenant: 't', role: 'r' }], []),
      writer.writeOne('createUser', { key: key('a'), attributes: {} }),
      writer.writeOne('unassignRole', { user: key('a'), grant: { tenant: 't', role: 'r' } }),
    ]);
    expect(sent.filter(({ path }) => path === '/v2/api-key/scope')).toHaveLength(1);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test.each([
    ['a project', { environment_id: null }, 'a whole project'],
    ['an organization', { environment_id: null, project_id: null }, 'a whole organization'],
  ])('of %s is too wide', async (_, over, words) => {
    scope(over);
    await expect(open().reader.readUsers()).rejects.toMatchObject({
      code: 'PERMIT_AUTH',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('PERMIT_API_KEY'),
    });
    expect(sent).toHaveLength(1);
  });

  test.each([401, 403])('%s: the key is refused, at once', async (status) => {
    answer('GET', '/v2/api-key/scope', status, {
      title: 'No',
      message: 'Invalid token',
      error_code: 'FORBIDDEN_ACCESS',
    });
    await expect(open().reader.readUsers()).rejects.toMatchObject({
      code: 'PERMIT_AUTH',
      message: expect.stringContaining('Invalid token'),
    });
    expect(sent).toHaveLength(1);
  });

  test.each([
    ['5xx', 503, '<html>'],
    ['5xx with null', 500, null],
    ['429', 429, { detail: 'Rate limit exceeded' }],
  ])('%s for a while, then fine', async (_, status, body) => {
    for (let i = 0; i < 3; i++) answer('GET', '/v2/api-key/scope', status, body);
    scope();
    answer('GET', usersPath(1), 200, { data: [user('a')], total_count: 1, page_count: 1 });
    expect(await open().reader.readUsers()).toHaveLength(1);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test.each([
    ['a web page', '<html>welcome</html>'],
    ['null', null],
    ['an empty object', {}],
    ['a list', []],
    ['another service', { hello: 'world' }],
  ])('answered by %s: PERMIT_API_URL is named', async (_, body) => {
    for (let i = 0; i < 6; i++) answer('GET', '/v2/api-key/scope', 200, body);
    await expect(open().reader.readUsers()).rejects.toMatchObject({
      code: 'PERMIT_UNAVAILABLE',
      hint: expect.stringContaining('PERMIT_API_URL'),
    });
  });
});

describe('errors of Permit', () => {
  const bodies: Record<string, unknown> = {
    null: null,
    HTML: '<html><h1>Bad gateway</h1></html>',
    nothing: undefined,
    '{}': {},
    'a list': [],
    'a string in JSON': JSON.stringify('no'),
    'a detail that is null': { detail: null },
    'details of another form': {
      detail: [null, 1, 'x', { loc: null, msg: 7 }, { loc: ['body', -1, 'key'] }],
    },
    'an error_code alone': { error_code: 'NOT_FOUND', message: null },
  };
  const statuses = [400, 401, 404, 422, 500] as const;

  test.each(
    Object.entries(bodies).flatMap(([name, body]) => statuses.map((status) => ({ name, body, status }))),
  )('$status with $name is an error of ours, for reads and writes', async ({ body, status }) => {
    scope();
    for (let i = 0; i < 6; i++) answer('GET', usersPath(1), status, body);
    for (let i = 0; i < 2; i++) answer('POST', `${FACTS}/users`, status, body);
    const { reader, writer } = open();
    await expect(reader.readUsers()).rejects.toMatchObject({
      name: 'SyncError',
      code: status === 401 ? 'PERMIT_AUTH' : 'PERMIT_UNAVAILABLE',
    });
    const kind = status === 401 ? 'unavailable' : status === 500 ? 'ambiguous' : 'refused';
    await expect(writer.writeOne('createUser', { key: key('a'), attributes: {} })).rejects.toMatchObject({
      name: 'WriteError',
      kind,
    });
    // What may have been worked off is not sent a second time.
    expect(sent.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('a 422 names the bad items of a batch', async () => {
    scope();
    answer('POST', `${FACTS}/bulk/users`, 422, {
      detail: [
        {
          loc: ['body', 'operations', 17, 'key'],
          msg: 'string does not match regex',
          type: 'value_error.str.regex',
        },
        { loc: ['body', 'operations', 4, 'key'], msg: 'too long', type: 'value_error' },
        { loc: ['body', 'operations', 17, 'attributes'], msg: 'bad', type: 'value_error' },
        { loc: ['body'], msg: 'field required', type: 'value_error.missing' },
      ],
    });
    await expect(
      open().writer.write('createUser', [{ key: key('a'), attributes: {} }]),
    ).rejects.toMatchObject({
      kind: 'refused',
      culprits: [17, 4],
      message: expect.stringContaining('body.operations.17.key string does not match regex'),
    });
  });

  test.each([
    ['409 to a POST', 'POST', 409, 'conflict'],
    ['404 to a DELETE', 'DELETE', 404, 'conflict'],
    ['404 to a POST: Permit may not know yet whom it was just given', 'POST', 404, 'conflict'],
    ['403', 'POST', 403, 'unavailable'],
    ['408', 'POST', 408, 'ambiguous'],
    ['503', 'DELETE', 503, 'ambiguous'],
  ] as const)('%s', async (_, method, status, kind) => {
    scope();
    answer(method, `${FACTS}/role_assignments`, status, { message: 'words' });
    const { writer } = open();
    const one = { user: key('a'), grant: { tenant: 't', role: 'r' } };
    const write =
      method === 'POST' ? writer.writeOne('assignRole', one) : writer.writeOne('unassignRole', one);
    await expect(write).rejects.toMatchObject({
      name: 'WriteError',
      kind,
      message: expect.stringContaining('words'),
    });
    expect(sent).toHaveLength(2);
  });
});

describe('the SDK, tamed', () => {
  test.each(['yes', 'true', '1', '', 'null'])(
    'PERMIT_LOG_JSON=%s breaks nothing and prints nothing',
    async (value) => {
      vi.stubEnv('PERMIT_LOG_JSON', value);
      vi.stubEnv('PERMIT_LOG_LEVEL', 'debug');
      const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      const logs = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockReturnValue(),
      );
      scope();
      answer('GET', usersPath(1), 200, { data: [], total_count: 0, page_count: 0 });
      answer('POST', `${FACTS}/users`, 500, null);
      const { reader, writer } = open();
      await reader.readUsers();
      await expect(writer.writeOne('createUser', { key: key('a'), attributes: {} })).rejects.toThrow();
      const printed = [out, err, ...logs].flatMap((spy) => spy.mock.calls);
      vi.restoreAllMocks();
      expect(printed).toEqual([]);
      expect(process.env.PERMIT_LOG_JSON).toBe(value);
      vi.unstubAllEnvs();
    },
  );

  test('a dry run sends only GET requests, whatever is called', async () => {
    scope();
    const { writer } = openTarget({ url: API }, { apiKey: KEY, mayWrite: false });
    const one = { user: key('a'), grant: { tenant: 't', role: 'r' } };
    for (const write of [
      () => writer.write('createUser', [{ key: key('a'), attributes: {} }]),
      () => writer.writeOne('deleteUser', { user: key('a') }),
      () => writer.write('assignRole', [one]),
      () => writer.writeOne('unassignRole', one),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    expect(sent.map(({ method }) => method)).toEqual(['GET']);
  });
});
