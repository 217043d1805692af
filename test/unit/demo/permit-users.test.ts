import { describe, expect, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addTenant,
  ENVIRONMENT_KEY,
  PROJECT_KEY,
  permitWorld,
  snapshot,
} from '../../../src/demo/permit/permit.ts';
import { facts, runPermit, send } from './running.ts';

const flaw = (...loc: (string | number)[]) => ({ detail: [expect.objectContaining({ loc })] });

/** A world with the resource type `repo`, one instance of it, and a second tenant. */
function repos() {
  const world = permitWorld();
  addTenant(world, 'production');
  addResource(world, 'repo', ['push', 'read'], { owner: ['push', 'read'] });
  addInstance(world, 'repo:payments', 'production');
  return world;
}

describe('API keys', () => {
  test('tell their scope', async () => {
    const emulator = await runPermit();
    const { organization, project, environment } = emulator.world;
    const scope = async (token: string) => (await send(emulator, 'GET', '/v2/api-key/scope', { token })).body;
    expect(await scope(ENVIRONMENT_KEY)).toEqual({
      organization_id: organization.id,
      project_id: project.id,
      environment_id: environment.id,
    });
    expect((await scope(PROJECT_KEY)).environment_id).toBeNull();
  });

  test('that are wrong get 401 in Permit’s shape, and nothing is done', async () => {
    const emulator = await runPermit();
    for (const token of ['wrong', undefined]) {
      const got = await send(emulator, 'POST', '/v2/facts/main/dev/users', { token, body: { key: 'a' } });
      expect(got.status).toBe(401);
      expect(got.body).toMatchObject({
        id: expect.any(String),
        title: expect.any(String),
        error_code: expect.any(String),
        message: expect.any(String),
      });
      expect((await send(emulator, 'GET', '/v2/api-key/scope', { token })).status).toBe(401);
    }
    expect(snapshot(emulator.world)).toEqual({});
  });

  test('reach their own environment, by id or key, and no other', async () => {
    const emulator = await runPermit();
    const { organization, project, environment } = emulator.world;
    emulator.world.apiKeys.set('other', {
      organization: organization.id,
      project: project.id,
      environment: 'ffff',
    });
    emulator.world.apiKeys.set('whole', { organization: organization.id });
    const status = async (token: string, path: string) =>
      (await send(emulator, 'GET', `/v2/facts/${path}/users`, { token })).status;
    expect(await status(ENVIRONMENT_KEY, 'main/dev')).toBe(200);
    expect(await status(ENVIRONMENT_KEY, `${project.id}/${environment.id}`)).toBe(200);
    expect(await status(ENVIRONMENT_KEY, 'main/prod')).toBe(403);
    expect(await status('other', 'main/dev')).toBe(403);
    expect(await status(PROJECT_KEY, 'main/dev')).toBe(200);
    expect(await status(PROJECT_KEY, 'main/prod')).toBe(404);
    expect(await status(PROJECT_KEY, 'second/dev')).toBe(403);
    expect(await status('whole', 'second/dev')).toBe(404);
  });

  test('do not open paths and methods that there are not', async () => {
    const emulator = await runPermit();
    expect((await facts(emulator, 'GET', 'nothing')).status).toBe(404);
    expect((await facts(emulator, 'DELETE', 'users')).status).toBe(405);
  });
});

describe('GET users', () => {
  test('pages, counts, and takes no page size above 100', async () => {
    const world = permitWorld();
    for (let index = 0; index < 205; index += 1) addPermitUser(world, { key: `u${index}` });
    const emulator = await runPermit(world);
    const get = async (query: string) => (await facts(emulator, 'GET', `users${query}`)).body;
    expect((await get('')).data).toHaveLength(30);
    const last = await get('?page=3&per_page=100');
    expect([last.data.length, last.total_count, last.page_count]).toEqual([5, 205, 3]);
    expect((await get('?page=4&per_page=100')).data).toEqual([]);
    for (const query of ['?per_page=101', '?per_page=0', '?page=0', '?page=x']) {
      expect((await facts(emulator, 'GET', `users${query}`)).status).toBe(422);
    }
    expect(await get('?per_page=101')).toEqual(flaw('query', 'per_page'));
  });

  test('shows grants; those on instances only when asked, but their tenant anyway', async () => {
    const world = repos();
    addPermitUser(world, {
      key: 'ann',
      attributes: null,
      grants: ['default/member', 'production/owner@repo:payments'],
    });
    const emulator = await runPermit(world);
    const shown = async (query = '') => (await facts(emulator, 'GET', `users${query}`)).body.data[0];
    const plain = await shown();
    expect(plain.attributes).toBeNull();
    expect(plain.roles).toEqual([{ role: 'member', tenant: 'default' }]);
    expect(plain.associated_tenants).toEqual([
      { tenant: 'default', roles: ['member'], status: 'active', resource_instance_roles: [] },
      { tenant: 'production', roles: [], status: 'active', resource_instance_roles: [] },
    ]);
    const full = await shown('?include_resource_instance_roles=true');
    expect(full.associated_tenants[1]).toEqual({
      tenant: 'production',
      roles: [],
      status: 'active',
      resource_instance_roles: [{ resource_instance: 'payments', resource: 'repo', role: 'owner' }],
    });
    expect((await facts(emulator, 'GET', 'users?include_resource_instance_roles=perhaps')).status).toBe(422);
  });

  test('searches, and filters by role and by tenant', async () => {
    const world = repos();
    addPermitUser(world, { key: 'ann', email: 'ANN@acme.test', grants: ['default/member'] });
    addPermitUser(world, { key: 'ben', firstName: 'Annabel', grants: ['production/owner@repo:payments'] });
    addPermitUser(world, { key: 'cat', grants: ['default/admin'] });
    const emulator = await runPermit(world);
    const keys = async (path: string) =>
      (await facts(emulator, 'GET', path)).body.data.map(({ key }: { key: string }) => key);
    expect(await keys('users?search=ann')).toEqual(['ann', 'ben']);
    expect(await keys('users?role=member')).toEqual(['ann']);
    expect(await keys('users?role=owner')).toEqual([]);
    expect(await keys('tenants/default/users')).toEqual(['ann', 'cat']);
    expect(await keys('tenants/production/users')).toEqual(['ben']);
    expect((await facts(emulator, 'GET', 'tenants/none/users')).status).toBe(404);
  });

  test.each(['stable', 'shuffled', 'unstable'] as const)('in %s order', async (userOrder) => {
    const world = permitWorld();
    for (let index = 0; index < 50; index += 1) addPermitUser(world, { key: `u${index}` });
    const emulator = await runPermit(world, { userOrder });
    const page = async (number: number) =>
      (await facts(emulator, 'GET', `users?per_page=25&page=${number}`)).body.data.map(
        (user: { key: string }) => user.key,
      );
    const listing = async () => [...(await page(1)), ...(await page(2))];
    const first = await listing();
    const second = await listing();
    const made = Array.from({ length: 50 }, (_, index) => `u${index}`);
    if (userOrder === 'stable') expect([first, second]).toEqual([made, made]);
    else expect(first).not.toEqual(second);
    expect(new Set(first).size === 50).toBe(userOrder !== 'unstable');
  });
});

describe('one user', () => {
  test('is made with 201, once', async () => {
    const emulator = await runPermit();
    const body = { key: 'github|1', email: 'ann@acme.test', first_name: 'Ann', attributes: { a: 1 } };
    const { status, body: made } = await facts(emulator, 'POST', 'users', body);
    expect(status).toBe(201);
    expect(made).toMatchObject({ ...body, last_name: null, associated_tenants: [] });
    expect((await facts(emulator, 'POST', 'users', { key: 'github|1' })).status).toBe(409);
    expect((await facts(emulator, 'GET', 'users/github%7C1')).body).toEqual(made);
    expect((await facts(emulator, 'GET', `users/${made.id}`)).body).toEqual(made);
    expect((await facts(emulator, 'GET', 'users/nobody')).body).toMatchObject({ error_code: 'NOT_FOUND' });
  });

  test('is made with roles, or not at all when one of them is missing', async () => {
    const emulator = await runPermit();
    const make = (key: string, role: string) =>
      facts(emulator, 'POST', 'users', { key, role_assignments: [{ role, tenant: 'default' }] });
    expect((await make('ann', 'member')).status).toBe(201);
    expect((await make('ben', 'nothing')).status).toBe(404);
    expect(snapshot(emulator.world)).toEqual({
      ann: { attributes: {}, email: null, grants: ['default/member'] },
    });
  });

  test('is refused with 422 where it does not fit the description', async () => {
    const emulator = await runPermit();
    const refused = async (body: unknown) => {
      const got = await facts(emulator, 'POST', 'users', body);
      expect(got.status).toBe(422);
      return got.body;
    };
    expect(await refused({ key: 'with space' })).toEqual(flaw('body', 'key'));
    expect(await refused({})).toEqual(flaw('body', 'key'));
    expect(await refused({ key: null })).toEqual(flaw('body', 'key'));
    expect(await refused({ key: 7 })).toEqual(flaw('body', 'key'));
    expect(await refused({ key: 'a', email: 'ann@' })).toEqual(flaw('body', 'email'));
    expect(await refused({ key: 'a', attributes: [] })).toEqual(flaw('body', 'attributes'));
    expect(await refused({ key: 'a', grants: [] })).toEqual(flaw('body', 'grants'));
    expect(await refused({ key: 'a', role_assignments: [{ tenant: 'default' }] })).toEqual(
      flaw('body', 'role_assignments', 0, 'role'),
    );
    expect(await refused([])).toEqual(flaw('body'));
    expect(await refused('{')).toEqual(flaw('body', 0));
    expect(await refused(undefined)).toEqual(flaw('body'));
    const form = await send(emulator, 'POST', '/v2/facts/main/dev/users', {
      token: ENVIRONMENT_KEY,
      body: { key: 'a' },
      headers: { 'content-type': 'text/plain' },
    });
    expect(form.status).toBe(422);
    expect(emulator.world.users.size).toBe(0);
  });

  test('is patched field by field, attributes as a whole', async () => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'ann', email: 'ann@acme.test', attributes: { a: 1, b: 2 } });
    const patch = async (body: object) => (await facts(emulator, 'PATCH', 'users/ann', body)).body;
    expect(await patch({ attributes: { c: 3 } })).toMatchObject({
      email: 'ann@acme.test',
      attributes: { c: 3 },
    });
    expect(await patch({ first_name: 'Ann', email: null })).toMatchObject({
      email: null,
      first_name: 'Ann',
      attributes: { c: 3 },
    });
    expect((await facts(emulator, 'PATCH', 'users/ann', { key: 'ben' })).status).toBe(422);
    expect((await facts(emulator, 'PATCH', 'users/nobody', {})).status).toBe(404);
  });

  test('has an email of its own, which is free again when it is given up', async () => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'ann', email: 'ann@acme.test' });
    const make = async () =>
      (await facts(emulator, 'POST', 'users', { key: 'ben', email: 'Ann@acme.test' })).status;
    expect(await make()).toBe(409);
    addPermitUser(emulator.world, { key: 'cat' });
    expect((await facts(emulator, 'PATCH', 'users/cat', { email: 'ann@acme.test' })).status).toBe(409);
    expect((await facts(emulator, 'PATCH', 'users/ann', { email: 'ann@acme.test' })).status).toBe(200);
    expect((await facts(emulator, 'PATCH', 'users/ann', { email: 'a@acme.test' })).status).toBe(200);
    expect(await make()).toBe(201);
    await facts(emulator, 'DELETE', 'users/ben');
    expect(await make()).toBe(201);
  });

  test.each([true, false])('is replaced by PUT; its other roles stay: %s', async (putKeepsAssignments) => {
    const emulator = await runPermit(undefined, { putKeepsAssignments });
    addPermitUser(emulator.world, { key: 'ann', email: 'ann@acme.test', grants: ['default/admin'] });
    const body = {
      key: 'ann',
      attributes: { a: 1 },
      role_assignments: [{ role: 'member', tenant: 'default' }],
    };
    expect((await facts(emulator, 'PUT', 'users/ann', body)).status).toBe(200);
    expect(snapshot(emulator.world)).toEqual({
      ann: {
        attributes: { a: 1 },
        email: null,
        grants: putKeepsAssignments ? ['default/admin', 'default/member'] : ['default/member'],
      },
    });
    expect((await facts(emulator, 'PUT', 'users/ben', { key: 'ben' })).status).toBe(201);
    expect((await facts(emulator, 'PUT', 'users/ben', { key: 'cat' })).status).toBe(422);
  });

  test('is deleted with everything that it has', async () => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'ann', grants: ['default/admin'] });
    expect((await facts(emulator, 'DELETE', 'users/ann')).status).toBe(204);
    expect((await facts(emulator, 'DELETE', 'users/ann')).status).toBe(404);
    await facts(emulator, 'POST', 'users', { key: 'ann' });
    expect((await facts(emulator, 'GET', 'role_assignments')).body).toEqual([]);
  });
});

describe('users in bulk', () => {
  const operations = (...keys: string[]) => ({ operations: keys.map((key) => ({ key })) });

  test('are made at one go, answered with an empty object', async () => {
    const emulator = await runPermit();
    const body = {
      operations: [{ key: 'a', role_assignments: [{ role: 'admin', tenant: 'default' }] }, { key: 'b' }],
    };
    expect(await facts(emulator, 'POST', 'bulk/users', body)).toMatchObject({ status: 200, body: {} });
    expect(Object.keys(snapshot(emulator.world))).toEqual(['a', 'b']);
    expect(snapshot(emulator.world).a?.grants).toEqual(['default/admin']);
  });

  test.each([
    ['a key that exists', operations('x', 'ann', 'y'), 409],
    ['a key that comes twice', operations('x', 'x'), 409],
    ['an email that is taken', { operations: [{ key: 'x' }, { key: 'y', email: 'ann@acme.test' }] }, 409],
    [
      'an email that comes twice',
      { operations: ['x', 'y'].map((key) => ({ key, email: 'x@acme.test' })) },
      409,
    ],
    [
      'a role that is missing',
      { operations: [{ key: 'x' }, { key: 'y', role_assignments: [{ role: 'no' }] }] },
      404,
    ],
    ['nobody', operations(), 400],
    ['too many', operations(...Array.from({ length: 3001 }, (_, index) => `u${index}`)), 403],
    ['a key that is none', operations('x', 'no good'), 422],
    ['a field too many', { operations: [], more: 1 }, 422],
  ])('with %s are refused, and nothing is made', async (_name, body, status) => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'ann', email: 'ann@acme.test' });
    expect((await facts(emulator, 'POST', 'bulk/users', body)).status).toBe(status);
    expect(emulator.world.users.size).toBe(1);
  });

  test('that do not fit are named by their places', async () => {
    const emulator = await runPermit();
    const { body } = await facts(emulator, 'POST', 'bulk/users', operations('ok', 'no good', 'ok2', ''));
    expect(body.detail.map(({ loc }: { loc: unknown }) => loc)).toEqual([
      ['body', 'operations', 1, 'key'],
      ['body', 'operations', 3, 'key'],
    ]);
  });

  test('that are refused leave no resource instance behind either', async () => {
    const world = repos();
    const emulator = await runPermit(world, { missingInstance: 'create' });
    const owner = { role: 'owner', tenant: 'production', resource_instance: 'repo:new' };
    const body = {
      operations: [
        { key: 'a', role_assignments: [owner] },
        { key: 'b', role_assignments: [{ role: 'no' }] },
      ],
    };
    expect((await facts(emulator, 'POST', 'bulk/users', body)).status).toBe(404);
    expect([...world.instances.keys()]).toEqual(['repo:payments']);
    const fine = { operations: body.operations.slice(0, 1) };
    expect((await facts(emulator, 'POST', 'bulk/users', fine)).status).toBe(200);
    expect([...world.instances.keys()]).toEqual(['repo:payments', 'repo:new']);
    expect(() => addPermitUser(world, { key: 'x', email: 'x@acme.test' })).not.toThrow();
    expect(() => addPermitUser(world, { key: 'y', email: 'X@acme.test' })).toThrow('taken');
  });

  test('up to 3000 are taken', async () => {
    const emulator = await runPermit();
    const keys = Array.from({ length: 3000 }, (_, index) => `u${index}`);
    expect((await facts(emulator, 'POST', 'bulk/users', operations(...keys))).status).toBe(200);
    expect((await facts(emulator, 'DELETE', 'bulk/users', { idents: keys })).status).toBe(200);
    expect(emulator.world.users.size).toBe(0);
  });

  test('are replaced or made by PUT', async () => {
    const emulator = await runPermit(undefined, { putKeepsAssignments: true });
    addPermitUser(emulator.world, { key: 'a', attributes: { old: 1 }, grants: ['default/admin'] });
    expect((await facts(emulator, 'PUT', 'bulk/users', operations('a', 'b'))).status).toBe(200);
    expect(snapshot(emulator.world)).toEqual({
      a: { attributes: {}, email: null, grants: ['default/admin'] },
      b: { attributes: {}, email: null, grants: [] },
    });
  });

  test.each([
    ['ignore', 200, ['b']],
    ['notFound', 404, ['a', 'b']],
  ] as const)('are deleted; the unknown: %s', async (bulkDeleteUnknown, status, left) => {
    const emulator = await runPermit(undefined, { bulkDeleteUnknown });
    addPermitUser(emulator.world, { key: 'a', grants: ['default/admin'] });
    addPermitUser(emulator.world, { key: 'b' });
    expect((await facts(emulator, 'DELETE', 'bulk/users', { idents: ['a', 'nobody'] })).status).toBe(status);
    expect([...emulator.world.users.keys()]).toEqual(left);
    expect((await facts(emulator, 'DELETE', 'bulk/users', { idents: [] })).status).toBe(400);
    const many = Array.from({ length: 3001 }, (_, index) => `u${index}`);
    expect((await facts(emulator, 'DELETE', 'bulk/users', { idents: many })).status).toBe(403);
    expect((await facts(emulator, 'DELETE', 'bulk/users', { keys: ['b'] })).status).toBe(422);
    expect((await facts(emulator, 'DELETE', 'bulk/users', undefined)).status).toBe(422);
  });
});
