import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { permitWorld, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import { tupleText } from '../../src/demo/permit/tuples.ts';
import type { PermitWorld } from '../../src/demo/permit/world.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import { openLedger } from '../../src/model/ledger.ts';
import type { GraphChange } from '../../src/model/repositories/graph-change.ts';
import { openOutage } from '../../src/sync/outage.ts';
import { gainGraph, loseGraph } from '../../src/sync/repositories/apply-graph.ts';
import { openTarget } from '../support/adapters.ts';
import { addRepositoryModel, addTuple } from '../support/repository-world.ts';

const HELD = 30;
const ids = Array.from({ length: 2 * HELD }, (_, index) => index + 1);
const names = (id: number) => ({ name: `repository:${id}`, tenant: 'default', reason: '' });
const marked = (id: number, name = 'old') => ({ managed_by: 'gh-permit-sync:default', github_id: id, name });
const owned = (id: number) => ({
  ...{ subject: 'github_org:1', relation: 'owner_read', object: `repository:${id}` },
  ...{ tenant: 'default', reason: '' },
});

/** Half of the repositories are there. One kind of change to each. */
const changes: readonly GraphChange[] = [
  ...ids.flatMap((id): readonly GraphChange[] => {
    if (id > HELD) {
      return [
        { kind: 'createInstance', ...names(id), attributes: marked(id) },
        { kind: 'createTuple', ...owned(id) },
      ];
    }
    if (id % 3 > 0)
      return [{ kind: 'updateInstance', ...names(id), from: marked(id), attributes: marked(id, 'new') }];
    return [
      { kind: 'deleteTuple', ...owned(id), isReplaced: false },
      { kind: 'deleteInstance', ...names(id) },
    ];
  }),
];

function isInEffect({ instances, tuples }: PermitWorld, change: GraphChange): boolean {
  switch (change.kind) {
    case 'createInstance':
    case 'updateInstance':
      return instances.get(change.name)?.attributes.name === change.attributes.name;
    case 'deleteInstance':
      return !instances.has(change.name);
    case 'createTuple':
      return tuples.has(tupleText(change));
    case 'deleteTuple':
      return !tuples.has(tupleText(change));
    default:
      return change satisfies never;
  }
}

const ACTIONS: readonly FaultAction[] = [
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'after' },
  { kind: 'failAfter', status: 500 },
  ...[400, 404, 409, 500].map((status): FaultAction => ({ kind: 'answer', status })),
  {
    kind: 'answer',
    status: 422,
    body: { detail: [{ loc: ['body', 'operations', 3], msg: 'no', type: 'x' }] },
  },
  { kind: 'answer', status: 200, body: 'a page' },
];

test('whatever Permit answers: what is reported as applied is in effect, and the next try finishes', async () => {
  const world = permitWorld();
  const permit = await startPermitEmulator(world);
  onTestFinished(() => permit.close());
  const { reader, writer } = openTarget(permit);
  const { readGraph } = reader;
  if (readGraph === undefined) throw new Error('the reader has no readGraph');
  const apply = async (some: readonly GraphChange[]) => {
    const ledger = openLedger<GraphChange>();
    const pause = async () => undefined;
    const ports = { ledger, outage: openOutage(), oneAlone: false, pause, writer, readGraph };
    await gainGraph(some, ports);
    await loseGraph(some, ports);
    return ledger.results(some);
  };
  const reset = (): void => {
    for (const map of [world.resources, world.instances]) map.clear();
    for (const text of [...world.tuples.keys()]) world.tuples.delete(text);
    addRepositoryModel(world);
    for (const id of ids.slice(0, HELD)) {
      addTuple(world, owned(id));
      const made = world.instances.get(names(id).name);
      if (made) world.instances.set(names(id).name, { ...made, attributes: marked(id) });
    }
  };
  const faults = fc.array(
    fc.record({
      at: fc.nat({ max: 12 }),
      times: fc.integer({ min: 1, max: 4 }),
      what: fc.constantFrom(...ACTIONS),
    }),
    { maxLength: 4 },
  );
  const switches = fc.record({
    duplicateTuple: fc.constantFrom('conflict', 'skip'),
    bulkDeleteUnknown: fc.constantFrom('ignore', 'notFound'),
  });
  await fc.assert(
    fc.asyncProperty(faults, switches, async (planned, chosen) => {
      reset();
      Object.assign(permit.switches, chosen);
      let writes = 0;
      permit.onRequest = ({ method }) => {
        if (method !== 'GET') writes += 1;
      };
      permit.faults.splice(
        0,
        permit.faults.length,
        ...planned.map(({ at, times, what }) => ({
          match: ({ method }: { readonly method: string }) => method !== 'GET' && writes > at,
          times,
          do: what,
        })),
      );
      const results = await apply(changes);
      const lies = results.filter(
        ({ change, outcome }) => outcome.kind === 'applied' && !isInEffect(world, change),
      );
      expect(lies).toEqual([]);
      permit.faults.length = 0;
      const left = results.filter(({ outcome }) => outcome.kind !== 'applied').map(({ change }) => change);
      expect((await apply(left)).filter(({ outcome }) => outcome.kind !== 'applied')).toEqual([]);
      expect(changes.filter((change) => !isInEffect(world, change))).toEqual([]);
    }),
    { numRuns: Number(process.env.GRAPH_RUNS ?? 20) },
  );
});
