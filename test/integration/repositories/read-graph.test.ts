import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  startPermitEmulator,
} from '../../../src/demo/permit/permit.ts';
import type { FaultRequest } from '../../../src/demo/server.ts';
import {
  type GraphScope,
  type PermitGraph,
  type Tuple,
  tupleId,
} from '../../../src/model/repositories/graph.ts';
import { openTarget, withoutScope } from '../../support/adapters.ts';
import { addRepositoryModel, addTuple } from '../../support/repository-world.ts';

const ORG = 'github_org:1';
const repository = (id: number): string => `repository:${id}`;
const team = (id: number): string => `github_team:${id}`;
const owned = (id: number): Tuple => ({ subject: ORG, relation: 'owner_read', object: repository(id) });

/** So many repositories of one organization, and one team that has every third of them. */
async function permitWith(
  repositories: number,
  switches: Partial<PermitSwitches> = {},
): Promise<PermitEmulator> {
  const world = permitWorld();
  addRepositoryModel(world);
  addInstance(world, ORG);
  for (let id = 1; id <= repositories; id++) {
    addTuple(world, owned(id));
    if (id % 3 === 0) addTuple(world, { subject: team(9), relation: 'team_push', object: repository(id) });
  }
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

async function read(permit: PermitEmulator, scope?: GraphScope): Promise<PermitGraph> {
  const { readGraph } = openTarget(permit).reader;
  if (readGraph === undefined) throw new Error('the reader has no readGraph');
  return readGraph(scope);
}

const shown = ({ instances, tuples }: PermitGraph) => ({
  instances: [...instances.keys()].sort(),
  tuples: tuples.map(tupleId).sort(),
});
const truth = ({ world }: PermitEmulator) => ({
  instances: [...world.instances.keys()].sort(),
  tuples: [...world.tuples.keys()].sort(),
});

const isTuplesPage =
  (page: number) =>
  ({ path, query }: Pick<FaultRequest, 'path' | 'query'>): boolean =>
    path.endsWith('/relationship_tuples') && query.page === String(page);

describe('reading the graph of repositories', () => {
  test('complete: three requests for the types, and one for each hundred instances and tuples', async () => {
    const permit = await permitWith(250);
    expect(shown(await read(permit))).toEqual(truth(permit));
    // Instances: 1, 1, and 3 pages. Tuples: 250 and 83.
    expect(withoutScope(permit.requests)).toHaveLength(3 + 5 + 4);
  });

  test("others' links of a few instances: up to two requests for each, and for many those of the type", async () => {
    const permit = await permitWith(30);
    const own = { subject: repository(1), relation: 'parent', object: 'document:9' };
    const above = { subject: 'project:3', relation: 'parent', object: team(9) };
    for (const one of [own, above]) addTuple(permit.world, one);
    const usesOf = async (names: readonly string[]) => {
      const asked = withoutScope(permit.requests).length;
      const { uses } = await read(permit, { instances: [], tuplesOf: [], usesOf: names });
      const foreign = uses?.tuples.filter(({ relation }) => relation === 'parent').map(tupleId);
      return { foreign, requests: withoutScope(permit.requests).length - asked - 3 };
    };
    expect(await usesOf([team(9)])).toEqual({ foreign: [tupleId(above)], requests: 2 });
    const many = [...permit.world.instances.keys()].filter((name) => name.startsWith('repository:'));
    expect(await usesOf(many)).toEqual({ foreign: [tupleId(own)], requests: 1 });
  });

  test('with its pages side by side, never more than 40 beside those of users (CONTRACT §11)', async () => {
    const permit = await permitWith(2000);
    for (let i = 0; i < 2000; i++) addPermitUser(permit.world, { key: `user-${i}` });
    permit.latencyMs = 50;
    const { reader } = openTarget(permit);
    await Promise.all([reader.readGraph?.(), reader.readUsers()]);
    expect(permit.peakInFlight).toBeGreaterThan(20);
    expect(permit.peakInFlight).toBeLessThanOrEqual(40);
  });

  test('with attributes and tenants, and what policy created', async () => {
    const permit = await permitWith(1);
    const attributes = { managed_by: 'gh-permit-sync:default', github_name: 'acme/next.js' };
    permit.world.instances.set(ORG, { ...addInstance(permit.world, ORG), attributes });
    const { instances, model } = await read(permit);
    expect(instances.get(ORG)).toEqual({ name: ORG, tenant: 'default', attributes });
    expect([...model.roles]).toEqual(
      expect.arrayContaining(['github_org#owner', 'github_team#maintainer', 'repository#triager']),
    );
    expect([...model.relations]).toEqual(expect.arrayContaining(['team_pull', 'owner_none']));
  });

  test('where policy has not run: nothing, for three requests', async () => {
    const permit = await startPermitEmulator(permitWorld());
    onTestFinished(() => permit.close());
    const { instances, tuples, model } = await read(permit);
    expect({ instances: instances.size, tuples: tuples.length, roles: model.roles.size }).toEqual({
      instances: 0,
      tuples: 0,
      roles: 0,
    });
    expect(withoutScope(permit.requests)).toHaveLength(3);
  });

  test("a resource of the customer's own, without our model: its instances, and nothing else", async () => {
    const world = permitWorld();
    addResource(world, 'repository', ['push'], { owner: ['push'] });
    addInstance(world, 'repository:next-js');
    const permit = await startPermitEmulator(world);
    onTestFinished(() => permit.close());
    const graph = await read(permit);
    expect(shown(graph)).toEqual(truth(permit));
    expect([...graph.model.roles]).toEqual(['repository#owner']);
    expect(graph.model.relations.size).toBe(0);
  });

  test('while others write: read again until it adds up', async () => {
    const permit = await permitWith(250);
    let isChanged = false;
    permit.onRequest = (request) => {
      if (isChanged || !isTuplesPage(2)(request)) return;
      isChanged = true;
      permit.world.tuples.delete(tupleId(owned(1)));
    };
    expect(shown(await read(permit))).toEqual(truth(permit));
  });

  test.each([
    ['is missing', { kind: 'answer', status: 503 }],
    ['is cut short', { kind: 'answer', status: 200, body: { data: [] } }],
    ['is empty, beside a total', { kind: 'answer', status: 200, body: { data: [], total_count: 333 } }],
  ] as const)('a page that %s: an error, never a shorter list', async (_, action) => {
    const permit = await permitWith(250);
    permit.faults.push({ match: isTuplesPage(2), do: action });
    await expect(read(permit)).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
  });
});

describe('reading a part of the graph', () => {
  test('a repository and a team: those that exist, with the tuples of both', async () => {
    const permit = await permitWith(150);
    const names = [repository(3), team(9), repository(4000)];
    const graph = await read(permit, { instances: names, tuplesOf: names });
    expect(shown(graph).instances).toEqual([team(9), repository(3)].sort());
    const tuples = [...permit.world.tuples.values()].filter(
      ({ subject, object }) => subject === team(9) || object === repository(3),
    );
    expect(shown(graph).tuples).toEqual(tuples.map(tupleId).sort());
    // The types; one search, and the repository that it does not find; one list of tuples each.
    expect(withoutScope(permit.requests)).toHaveLength(3 + 2 + 3);
  });

  test('the types are read once in a run, and again where that failed', async () => {
    const permit = await permitWith(1);
    const { reader } = openTarget(permit);
    const readNothing = () => reader.readGraph?.({ instances: [], tuplesOf: [] });
    permit.faults.push({
      match: ({ path }) => path.endsWith('/repository'),
      do: { kind: 'answer', status: 400 },
    });
    await expect(readNothing()).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
    permit.faults.length = 0;
    for (let i = 0; i < 2; i++) expect((await readNothing())?.model.relations.size).toBe(9);
    expect(withoutScope(permit.requests)).toHaveLength(3 + 1);
  });

  test('an organization alone: a search would show each of its tuples', async () => {
    const permit = await permitWith(150);
    const names = [ORG, team(9), repository(1)];
    const graph = await read(permit, { instances: names, tuplesOf: [] });
    expect(shown(graph).instances).toEqual(names.toSorted());
    const searches = permit.requests.filter(({ path }) => path.includes('resource_instances'));
    expect(searches.map(({ path }) => path.split('/').at(-1)).sort()).toEqual([
      'detailed',
      encodeURIComponent(ORG),
    ]);
  });

  test.each(['key', 'partial', 'ignored'] as const)(
    'however Permit handles a search (%s)',
    async (instanceSearch) => {
      const permit = await permitWith(250, { instanceSearch });
      const names = [repository(1), repository(249)];
      const graph = await read(permit, { instances: names, tuplesOf: [] });
      expect(shown(graph)).toEqual({ instances: names.toSorted(), tuples: [] });
    },
  );
});
