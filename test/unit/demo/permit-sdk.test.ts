import axios from 'axios';
import { Permit, type PermitApiError } from 'permitio';
import { describe, expect, test } from 'vitest';
import {
  addPermitUser,
  addResource,
  addRole,
  ENVIRONMENT_KEY,
  PROJECT_KEY,
  permitWorld,
  snapshot,
} from '../../../src/demo/permit/permit.ts';
import { runPermit } from './running.ts';

function sdk(url: string, token = ENVIRONMENT_KEY): Permit {
  return new Permit({
    token,
    apiUrl: url,
    pdp: url,
    log: { level: 'silent' },
    axiosInstance: axios.create(),
  });
}

describe('the real permitio SDK', () => {
  test('makes, changes, lists and deletes users', async () => {
    const emulator = await runPermit();
    const { api } = sdk(emulator.url);
    await api.users.create({ key: 'ann', email: 'ann@acme.test', attributes: { a: 1 } });
    await api.users.update('ann', { attributes: { b: 2 } });
    expect((await api.users.get('ann')).attributes).toEqual({ b: 2 });
    expect(await api.users.sync({ key: 'ann' })).toMatchObject({ created: false, user: { key: 'ann' } });
    expect(await api.users.sync({ key: 'ben' })).toMatchObject({ created: true });
    const { data, total_count } = await api.users.list({ perPage: 100 });
    expect([data?.map(({ key }) => key), total_count]).toEqual([['ann', 'ben'], 2]);
    await api.users.delete('ann');
    await expect(api.users.get('ann')).rejects.toMatchObject({ message: expect.stringContaining("'ann'") });
  });

  test('works in bulk', async () => {
    const emulator = await runPermit();
    const { api } = sdk(emulator.url);
    await api.users.bulkUserCreate([{ key: 'ann' }, { key: 'ben' }]);
    const grants = ['ann', 'ben'].map((user) => ({ user, role: 'member', tenant: 'default' }));
    expect(await api.roleAssignments.bulkAssign(grants)).toEqual({ assignments_created: 2 });
    expect(await api.roleAssignments.list({ user: 'ann', perPage: 1000 })).toMatchObject([
      { role: 'member' },
    ]);
    expect(await api.roleAssignments.bulkUnassign(grants.slice(1))).toEqual({ assignments_removed: 1 });
    await api.users.bulkUserDelete(['ben']);
    expect(snapshot(emulator.world)).toEqual({
      ann: { attributes: {}, email: null, grants: ['default/member'] },
    });
  });

  test('assigns and unassigns, and tells of a conflict', async () => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'ann' });
    const { api } = sdk(emulator.url);
    const grant = { user: 'ann', role: 'admin', tenant: 'default' };
    expect(await api.roleAssignments.assign(grant)).toMatchObject(grant);
    const refused: PermitApiError<unknown> = await api.roleAssignments.assign(grant).catch((error) => error);
    expect(refused.response?.status).toBe(409);
    expect(refused.message).toContain('already');
    await api.roleAssignments.unassign(grant);
    expect(snapshot(emulator.world).ann?.grants).toEqual([]);
  });

  test('sets up a policy, and asks the PDP', async () => {
    const emulator = await runPermit();
    const permit = sdk(emulator.url);
    const { api } = permit;
    await api.resources.create({ key: 'membership', name: 'Membership', actions: { 'edit-repo': {} } });
    await api.resourceActions.create('membership', { key: 'delete-repo', name: 'Delete' });
    await api.roles.create({ key: 'editor', name: 'Editor', permissions: ['membership:edit-repo'] });
    await api.roles.assignPermissions('editor', ['membership:delete-repo']);
    await api.roles.removePermissions('editor', ['membership:delete-repo']);
    await api.tenants.create({ key: 'prod', name: 'Production' });
    await api.resourceInstances.create({ key: 'all', resource: 'membership', tenant: 'prod' });
    expect((await api.roles.list()).map(({ key }) => key)).toEqual(['admin', 'member', 'editor']);
    expect((await api.resources.list()).map(({ key }) => key)).toEqual(['membership']);
    expect((await api.resourceActions.list({ resourceKey: 'membership' })).length).toBe(2);
    expect((await api.tenants.list()).map(({ key }) => key)).toEqual(['default', 'prod']);
    expect((await api.resourceInstances.get('membership:all')).tenant).toBe('prod');
    addPermitUser(emulator.world, { key: 'ann', grants: ['prod/editor'] });
    const ask = (action: string, tenant: string) =>
      permit.check('ann', action, { type: 'membership', tenant });
    expect(await ask('edit-repo', 'prod')).toBe(true);
    expect(await ask('delete-repo', 'prod')).toBe(false);
    expect(await ask('edit-repo', 'default')).toBe(false);
  });

  test('asks for its scope, and fails with a wrong key or one for no environment', async () => {
    const emulator = await runPermit();
    await expect(sdk(emulator.url, 'wrong').api.users.list()).rejects.toThrow(
      'could not fetch the api key scope',
    );
    await expect(sdk(emulator.url, PROJECT_KEY).api.users.list()).rejects.toThrow('less specific context');
    const permit = sdk(emulator.url);
    await Promise.all([permit.api.users.list(), permit.api.users.list()]);
    const scopes = emulator.requests.filter(
      ({ path, status }) => path === '/v2/api-key/scope' && status === 200,
    );
    expect(scopes.length).toBeGreaterThan(1);
  });

  test('stumbles over an error whose body is null, as its users must know', async () => {
    const emulator = await runPermit(permitWorld());
    emulator.faults.push({
      match: ({ path }) => path.endsWith('/users'),
      do: { kind: 'answer', status: 500, body: null },
    });
    await expect(sdk(emulator.url).api.users.list()).rejects.toThrow(TypeError);
  });

  test('sees roles on instances only past its own list', async () => {
    const world = permitWorld();
    addResource(world, 'repo', ['read'], { reader: ['read'] });
    addRole(world, 'viewer');
    addPermitUser(world, { key: 'ann', grants: ['default/reader@repo:x'] });
    const emulator = await runPermit(world);
    const { data } = await sdk(emulator.url).api.users.list();
    expect(data?.[0]?.associated_tenants).toMatchObject([{ tenant: 'default', roles: [] }]);
  });
});
