import { expect } from 'vitest';
import type { PermitReader } from '../../src/model/ports.ts';
import { openTarget } from '../support/adapters.ts';
import { addRepositoryModel } from '../support/repository-world.ts';
import type { Scenario } from './place.ts';

const instance = (name: string) => ({ name, tenant: 'default', attributes: { github_id: 1 } });
const tuple = { subject: 'github_org:1', relation: 'owner_read', object: 'repository:2' };
const names = [tuple.subject, tuple.object];

export const permitGraphScenarios: readonly Scenario[] = [
  [
    'instances and tuples are written, many at once and alone, and read, all of them and a few',
    async ({ open }) => {
      const { permit } = await open();
      addRepositoryModel(permit.world);
      const { reader, writer } = openTarget(permit);
      const read: NonNullable<PermitReader['readGraph']> = (scope) =>
        reader.readGraph?.(scope) ?? Promise.reject(new Error('no readGraph'));
      const instances = names.map(instance);
      await writer.write('createInstance', instances);
      await writer.write('updateInstance', instances);
      await writer.write('createTuple', [tuple]);
      expect((await read()).tuples).toEqual([tuple]);
      expect((await read({ instances: names, tuplesOf: names })).instances.size).toBe(2);
      expect((await read({ instances: [], tuplesOf: [], usesOf: names })).uses?.tuples).toEqual([tuple]);
      await writer.write('deleteTuple', [tuple]);
      await writer.write('deleteInstance', instances);
      for (const one of instances) await writer.writeOne('createInstance', one);
      for (const one of instances) await writer.writeOne('updateInstance', one);
      await writer.writeOne('createTuple', tuple);
      await writer.writeOne('deleteTuple', tuple);
      for (const one of instances) await writer.writeOne('deleteInstance', one);
      expect((await read()).instances.size).toBe(0);
    },
  ],
];
