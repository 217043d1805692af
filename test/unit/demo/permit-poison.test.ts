import { describe, expect, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  permitWorld,
  poison,
} from '../../../src/demo/permit/permit.ts';
import { facts, runPermit } from './running.ts';

describe('a user on whom Permit fails', () => {
  const user = { key: 'bad', attributes: {} };
  const grant = { user: 'bad', role: 'member', tenant: 'default' };
  const writes = [
    ['POST', 'users', user],
    ['PATCH', 'users/bad', { attributes: {} }],
    ['DELETE', 'users/b%61d', undefined],
    ['POST', 'bulk/users', { operations: [{ key: 'good' }, user] }],
    ['DELETE', 'bulk/users', { idents: ['good', 'bad'] }],
    ['POST', 'role_assignments', grant],
    ['DELETE', 'role_assignments/bulk', [{ ...grant, user: 'good' }, grant]],
  ] as const;

  test.each(writes)('%s %s: 500, and nothing is done', async (method, path, body) => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, { key: 'good', grants: ['default/member'] });
    emulator.faults.push(poison(['bad']));
    expect((await facts(emulator, method, path, body)).status).toBe(500);
    expect([...emulator.world.users.keys()]).toEqual(['good']);
    expect(emulator.world.users.get('good')?.grants).toHaveLength(1);
  });

  test('can be read, and is in nobody else’s way', async () => {
    const emulator = await runPermit();
    addPermitUser(emulator.world, user);
    emulator.faults.push(poison(['bad']));
    expect((await facts(emulator, 'GET', 'users/bad')).status).toBe(200);
    expect((await facts(emulator, 'POST', 'bulk/users', { operations: [{ key: 'bad2' }] })).status).toBe(200);
  });

  test('only where it is said', async () => {
    const emulator = await runPermit();
    const onlyGrants = poison(['bad'], undefined, ({ path }) => path.endsWith('/role_assignments'));
    emulator.faults.push(onlyGrants);
    expect((await facts(emulator, 'POST', 'users', user)).status).toBe(201);
    expect((await facts(emulator, 'POST', 'role_assignments', grant)).status).toBe(500);
  });
});

test.each([
  ['PUT', 'bulk/resource_instances', { operations: [{ key: 'bad', resource: 'repo', tenant: 'default' }] }],
  ['PATCH', 'resource_instances/repo%3Abad', { attributes: {} }],
  ['DELETE', 'bulk/resource_instances', { idents: ['repo:bad'] }],
  ['POST', 'relationship_tuples', { subject: 'team:1', relation: 'owner', object: 'repo:bad' }],
  [
    'DELETE',
    'relationship_tuples/bulk',
    { idents: [{ subject: 'repo:bad', relation: 'owner', object: 'repo:1' }] },
  ],
  [
    'POST',
    'role_assignments',
    { user: 'good', role: 'owner', tenant: 'default', resource_instance: 'repo:bad' },
  ],
] as const)('a resource instance on which Permit fails: %s %s', async (method, path, body) => {
  const emulator = await runPermit();
  emulator.faults.push(poison(['repo:bad']));
  expect((await facts(emulator, method, path, body)).status).toBe(500);
});

test('detailed resource instances are searched by whole keys, plain ones by parts of them', async () => {
  const world = permitWorld();
  addResource(world, 'repo', ['read']);
  for (const key of ['x', 'y', 'xy']) addInstance(world, `repo:${key}`);
  const emulator = await runPermit(world);
  const get = (path: string) => facts(emulator, 'GET', path);
  const keysOf = (body: readonly { readonly key: string }[]) => body.map(({ key }) => key);
  const detailed = async (query: string): Promise<readonly string[]> =>
    keysOf((await get(`resource_instances/detailed?${query}`)).body.data);
  expect(await detailed('search=x&search=xy')).toEqual(['x', 'xy']);
  expect(await detailed('search=z')).toEqual([]);
  expect(keysOf((await get('resource_instances?search=x')).body)).toEqual(['x', 'xy']);
  emulator.switches.instanceSearch = 'partial';
  expect(await detailed('search=y')).toEqual(['y', 'xy']);
  emulator.switches.instanceSearch = 'ignored';
  expect(await detailed('search=x')).toEqual(['x', 'y', 'xy']);
});

test.each([
  ['resource_instances', 25],
  ['resource_instances/detailed', 100],
])('%s takes %i values of search at most', async (path, most) => {
  const emulator = await runPermit();
  const search = (count: number) => Array.from({ length: count }, (_, i) => `search=k${i}`).join('&');
  expect((await facts(emulator, 'GET', `${path}?${search(most)}`)).status).toBe(200);
  expect((await facts(emulator, 'GET', `${path}?${search(most + 1)}`)).status).toBe(422);
});
