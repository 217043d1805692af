import { describe, expect, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  ENVIRONMENT_KEY,
  permitWorld,
  snapshot,
} from '../../../src/demo/permit/permit.ts';
import { facts, runPermit, schema, send } from './running.ts';

describe('tenants', () => {
  test('are listed bare, or counted, 100 a page at most', async () => {
    const emulator = await runPermit();
    const { body } = await facts(emulator, 'GET', 'tenants');
    expect(body).toMatchObject([{ key: 'default', name: 'Default Tenant', attributes: {} }]);
    expect((await facts(emulator, 'GET', 'tenants?include_total_count=true')).body).toMatchObject({
      data: body,
      total_count: 1,
      page_count: 1,
    });
    expect((await facts(emulator, 'GET', 'tenants?per_page=101')).status).toBe(422);
    expect((await facts(emulator, 'GET', 'tenants?search=nothing')).body).toEqual([]);
  });

  test('are made, changed and deleted with what is in them', async () => {
    const world = permitWorld();
    addResource(world, 'repo', ['read'], { reader: ['read'] });
    const emulator = await runPermit(world);
    expect((await facts(emulator, 'POST', 'tenants', { key: 'prod', name: 'Prod' })).status).toBe(200);
    expect((await facts(emulator, 'POST', 'tenants', { key: 'no good', name: '' })).status).toBe(422);
    expect((await facts(emulator, 'POST', 'tenants', { key: 'x' })).status).toBe(422);
    const patched = await facts(emulator, 'PATCH', 'tenants/prod', {
      name: 'Production',
      attributes: { a: 1 },
    });
    expect(patched.body).toMatchObject({ key: 'prod', name: 'Production', attributes: { a: 1 } });
    expect((await facts(emulator, 'GET', 'tenants/prod')).body.name).toBe('Production');
    addInstance(world, 'repo:x', 'prod');
    addPermitUser(world, { key: 'ann', grants: ['default/member', 'prod/admin', 'prod/reader@repo:x'] });
    expect((await facts(emulator, 'DELETE', 'tenants/prod')).status).toBe(204);
    expect((await facts(emulator, 'DELETE', 'tenants/prod')).status).toBe(404);
    expect(snapshot(world).ann?.grants).toEqual(['default/member']);
    expect(world.instances.size).toBe(0);
  });

  test.each([
    ['conflict', 409],
    ['answer', 200],
  ] as const)('and instances that exist already: %s', async (duplicateCreate, status) => {
    const world = permitWorld();
    addResource(world, 'repo', ['read']);
    addInstance(world, 'repo:x');
    const emulator = await runPermit(world, { duplicateCreate });
    expect((await facts(emulator, 'POST', 'tenants', { key: 'default', name: 'Other' })).status).toBe(status);
    expect(world.tenants.get('default')?.name).toBe('Default Tenant');
    const instance = { key: 'x', resource: 'repo', tenant: 'default' };
    expect((await facts(emulator, 'POST', 'resource_instances', instance)).status).toBe(status);
  });
});

describe('resource instances', () => {
  test('are made, listed, and found by type:key or id', async () => {
    const world = permitWorld();
    addResource(world, 'repo', ['read']);
    addTenant(world, 'prod');
    const emulator = await runPermit(world);
    const make = (body: object) => facts(emulator, 'POST', 'resource_instances', body);
    const { status, body } = await make({ key: 'x', resource: 'repo', tenant: 'prod' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: 'x', resource: 'repo', tenant: 'prod' });
    expect((await make({ key: 'x', resource: 'ship', tenant: 'prod' })).status).toBe(404);
    expect((await make({ key: 'x', resource: 'repo', tenant: 'moon' })).status).toBe(404);
    expect((await make({ key: 'x y', resource: 'repo', tenant: 'prod' })).status).toBe(422);
    expect((await facts(emulator, 'GET', 'resource_instances/repo:x')).body.id).toBe(body.id);
    expect((await facts(emulator, 'GET', 'resource_instances/repo%3Ax')).body.id).toBe(body.id);
    expect((await facts(emulator, 'GET', `resource_instances/${body.id}`)).body.key).toBe('x');
    expect((await facts(emulator, 'GET', 'resource_instances/repo:y')).status).toBe(404);
    expect((await facts(emulator, 'GET', 'resource_instances?resource=repo&tenant=prod')).body).toHaveLength(
      1,
    );
    expect((await facts(emulator, 'GET', 'resource_instances?tenant=default')).body).toHaveLength(0);
  });
});

describe('roles', () => {
  test('are listed, made and changed, with permissions that exist', async () => {
    const world = permitWorld();
    addResource(world, 'membership', ['create-repo', 'edit-repo']);
    const emulator = await runPermit(world);
    const list = await schema(emulator, 'GET', 'roles');
    expect(list.body.map(({ key }: { key: string }) => key)).toEqual(['admin', 'member']);
    expect((await schema(emulator, 'GET', 'roles?include_total_count=true')).body.total_count).toBe(2);
    const role = { key: 'editor', name: 'Editor', permissions: ['membership:edit-repo'] };
    expect((await schema(emulator, 'POST', 'roles', role)).body).toMatchObject(role);
    expect((await schema(emulator, 'POST', 'roles', role)).status).toBe(409);
    const make = async (body: object) => (await schema(emulator, 'POST', 'roles', body)).status;
    expect(await make({ key: 'x', name: 'X', permissions: ['membership:*'] })).toBe(404);
    expect(await make({ key: 'x', name: 'X', permissions: ['membership'] })).toBe(400);
    expect(await make({ key: 'x y', name: 'X' })).toBe(422);
    expect(await make({ key: 'x' })).toBe(422);
    const patch = { permissions: ['membership:create-repo'], description: null };
    expect((await schema(emulator, 'PATCH', 'roles/editor', patch)).body.permissions).toEqual([
      'membership:create-repo',
    ]);
    expect((await schema(emulator, 'GET', 'roles/editor')).body.name).toBe('Editor');
    expect((await schema(emulator, 'GET', 'roles/nothing')).status).toBe(404);
  });

  test('gain and lose permissions, the needless passed over', async () => {
    const world = permitWorld();
    addResource(world, 'doc', ['read', 'write']);
    const emulator = await runPermit(world);
    const change = async (method: string, ...permissions: string[]) =>
      (await schema(emulator, method, 'roles/admin/permissions', { permissions })).body.permissions;
    expect(await change('POST', 'doc:read')).toEqual(['doc:read']);
    expect(await change('POST', 'doc:read', 'doc:write')).toEqual(['doc:read', 'doc:write']);
    expect(await change('DELETE', 'doc:read')).toEqual(['doc:write']);
    expect(await change('DELETE', 'doc:read')).toEqual(['doc:write']);
    const nothing = await schema(emulator, 'POST', 'roles/nothing/permissions', { permissions: [] });
    expect(nothing.status).toBe(404);
  });
});

describe('resources', () => {
  test('are made with actions and roles of their own', async () => {
    const emulator = await runPermit();
    const body = {
      key: 'repo',
      name: 'Repository',
      actions: { read: {}, push: { name: 'Push' } },
      roles: { owner: { name: 'Owner', permissions: ['read', 'repo:push'] } },
    };
    const { status, body: made } = await schema(emulator, 'POST', 'resources', body);
    expect(status).toBe(200);
    expect(made.actions.push).toMatchObject({ key: 'push', name: 'Push' });
    expect((await schema(emulator, 'GET', 'resources/repo/roles')).body).toMatchObject([
      { key: 'owner', permissions: ['read', 'push'], resource: 'repo' },
    ]);
    expect((await schema(emulator, 'GET', 'resources')).body).toHaveLength(1);
    expect((await schema(emulator, 'POST', 'resources', body)).status).toBe(409);
    expect((await schema(emulator, 'POST', 'resources', { key: 'x', name: 'X' })).status).toBe(422);
    const alien = { key: 'x', name: 'X', actions: {}, roles: { owner: { name: 'O', permissions: ['fly'] } } };
    expect((await schema(emulator, 'POST', 'resources', alien)).status).toBe(404);
  });

  test('gain actions one by one, or have them all replaced, permissions and all', async () => {
    const world = permitWorld();
    const before = addResource(world, 'repo', ['read', 'push']);
    addRole(world, 'pusher', ['repo:push', 'repo:read']);
    const emulator = await runPermit(world);
    const action = { key: 'delete', name: 'Delete' };
    expect((await schema(emulator, 'POST', 'resources/repo/actions', action)).body).toMatchObject({
      ...action,
      permission_name: 'repo:delete',
    });
    expect((await schema(emulator, 'POST', 'resources/repo/actions', action)).status).toBe(409);
    expect((await schema(emulator, 'GET', 'resources/repo/actions')).body).toHaveLength(3);
    const patched = await schema(emulator, 'PATCH', 'resources/repo', { actions: { read: {} } });
    expect(Object.keys(patched.body.actions)).toEqual(['read']);
    expect(patched.body.actions.read.id).toBe(before.actions.read?.id);
    expect(world.roles.get('pusher')?.permissions).toEqual(['repo:read']);
    expect((await schema(emulator, 'PATCH', 'resources/repo', { name: 'R' })).body.name).toBe('R');
    expect((await schema(emulator, 'PATCH', 'resources/nothing', {})).status).toBe(404);
  });
});

describe('the PDP', () => {
  test('allows what roles in the tenant and on the instance permit', async () => {
    const world = permitWorld();
    addResource(world, 'repo', ['read', 'push'], { owner: ['push'] });
    addRole(world, 'member', ['repo:read']);
    addTenant(world, 'prod');
    addInstance(world, 'repo:x', 'prod');
    addPermitUser(world, { key: 'ann', grants: ['default/member', 'prod/owner@repo:x'] });
    const emulator = await runPermit(world);
    const allowed = async (action: string, resource: object, key = 'ann') => {
      const body = { user: { key }, action, resource: { type: 'repo', ...resource }, context: {} };
      return (await send(emulator, 'POST', '/allowed', { token: ENVIRONMENT_KEY, body })).body.allow;
    };
    expect(await allowed('read', { tenant: 'default' })).toBe(true);
    expect(await allowed('read', {})).toBe(true);
    expect(await allowed('read', { tenant: 'prod' })).toBe(false);
    expect(await allowed('push', { tenant: 'default' })).toBe(false);
    expect(await allowed('push', { tenant: 'prod', key: 'x' })).toBe(true);
    expect(await allowed('push', { key: 'x' })).toBe(true);
    expect(await allowed('push', { tenant: 'prod', key: 'y' })).toBe(false);
    expect(await allowed('push', { tenant: 'prod' })).toBe(false);
    expect(await allowed('read', { tenant: 'default' }, 'nobody')).toBe(false);
  });

  test('wants a valid API key and a whole question', async () => {
    const emulator = await runPermit();
    const body = { user: { key: 'ann' }, action: 'read', resource: { type: 'repo' } };
    expect((await send(emulator, 'POST', '/allowed', { token: 'wrong', body })).status).toBe(401);
    expect(
      (await send(emulator, 'POST', '/allowed', { token: ENVIRONMENT_KEY, body: { user: 'ann' } })).status,
    ).toBe(422);
  });
});
