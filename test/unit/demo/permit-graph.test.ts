import { expect, test } from 'vitest';
import {
  addPermitUser,
  grantText,
  type PermitEmulator,
  permitWorld,
} from '../../../src/demo/permit/permit.ts';
import { addRepositoryModel, addTuple } from '../../support/repository-world.ts';
import { facts, runPermit } from './running.ts';

const API = 'repository:1';
const tuple = { subject: 'github_team:2', relation: 'team_push', object: API };

async function linked(): Promise<PermitEmulator> {
  const world = permitWorld();
  addRepositoryModel(world);
  addTuple(world, tuple);
  addPermitUser(world, { key: 'ann', grants: [`default/admin@${API}`, 'default/member@github_team:2'] });
  return runPermit(world);
}

test.each([
  ['alone', 'resource_instances/repository%3A1', undefined, 204],
  ['in bulk', 'bulk/resource_instances', { idents: [API] }, 200],
] as const)(
  'an instance that is deleted %s goes with its tuples and the roles on it',
  async (_, path, body, status) => {
    const emulator = await linked();
    expect((await facts(emulator, 'DELETE', path, body)).status).toBe(status);
    expect([...emulator.world.instances.keys()]).toEqual(['github_team:2']);
    expect(emulator.world.tuples.size).toBe(0);
    expect(emulator.world.users.get('ann')?.grants.map(grantText)).toEqual(['default/member@github_team:2']);
    const gone = await facts(emulator, 'DELETE', 'resource_instances/repository%3A1');
    expect(gone.status).toBe(404);
  },
);

test('PATCH replaces the attributes of an instance as a whole', async () => {
  const emulator = await linked();
  const patch = (attributes: object) =>
    facts(emulator, 'PATCH', 'resource_instances/repository%3A1', { attributes });
  await patch({ a: 1 });
  expect((await patch({ b: 2 })).body).toMatchObject({ key: '1', tenant: 'default', attributes: { b: 2 } });
  expect(emulator.world.instances.get(API)?.attributes).toEqual({ b: 2 });
});

test('a tuple between instances that are not there: refused, unless a tenant makes them', async () => {
  const emulator = await linked();
  const other = { ...tuple, object: 'repository:9' };
  expect((await facts(emulator, 'POST', 'relationship_tuples', other)).status).toBe(404);
  const made = await facts(emulator, 'POST', 'relationship_tuples', { ...other, tenant: 'default' });
  expect(made.status).toBe(200);
  expect(emulator.world.instances.get('repository:9')?.attributes).toEqual({});
});

test.each([
  ['conflict', 409],
  ['skip', 200],
] as const)('a tuple that exists already (%s)', async (duplicateTuple, status) => {
  const emulator = await linked();
  emulator.switches.duplicateTuple = duplicateTuple;
  expect((await facts(emulator, 'POST', 'relationship_tuples', tuple)).status).toBe(status);
  expect(emulator.world.tuples.size).toBe(1);
  expect((await facts(emulator, 'DELETE', 'relationship_tuples', tuple)).status).toBe(204);
  expect((await facts(emulator, 'DELETE', 'relationship_tuples', tuple)).status).toBe(404);
});
