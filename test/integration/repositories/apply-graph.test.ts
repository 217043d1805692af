import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addInstance,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  poison,
  startPermitEmulator,
} from '../../../src/demo/permit/permit.ts';
import type { FaultAction, FaultRequest } from '../../../src/demo/server.ts';
import { type Ledger, openLedger } from '../../../src/model/ledger.ts';
import type { Tuple } from '../../../src/model/repositories/graph.ts';
import {
  type GraphChange,
  type GraphResult,
  graphTarget,
} from '../../../src/model/repositories/graph-change.ts';
import { openOutage } from '../../../src/sync/outage.ts';
import { gainGraph, loseGraph } from '../../../src/sync/repositories/apply-graph.ts';
import { openTarget, withoutScope } from '../../support/adapters.ts';
import { addRepositoryModel, addTuple } from '../../support/repository-world.ts';

const ORG = 'github_org:1';
const repository = (id: number): string => `repository:${id}`;
const marked = (id: number) => ({
  managed_by: 'gh-permit-sync:default',
  github_id: id,
  github_org: 1,
  github_name: `acme/repo-${id}`,
});
const reason = 'the repository exists';
const instance = (name: string): GraphChange => ({
  kind: 'createInstance',
  name,
  tenant: 'default',
  attributes: marked(Number(name.split(':')[1])),
  reason,
});
const rename = (id: number): GraphChange => ({
  kind: 'updateInstance',
  name: repository(id),
  tenant: 'default',
  from: marked(id),
  attributes: { ...marked(id), github_name: `acme/renamed-${id}` },
  reason,
});
const owned = (id: number, relation = 'owner_read'): Tuple => ({
  subject: ORG,
  relation,
  object: repository(id),
});
const link = (tuple: Tuple): GraphChange => ({ kind: 'createTuple', ...tuple, tenant: 'default', reason });
const unlink = (tuple: Tuple): GraphChange => ({
  kind: 'deleteTuple',
  ...tuple,
  tenant: 'default',
  isReplaced: false,
  reason,
});
const remove = (name: string): GraphChange => ({ kind: 'deleteInstance', name, tenant: 'default', reason });

const ids = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
/** Everything that a first run creates for so many repositories. */
const gains = (count: number): readonly GraphChange[] => [
  instance(ORG),
  ...ids(count).map((id) => instance(repository(id))),
  ...ids(count).map((id) => link(owned(id))),
];
const losses = (count: number): readonly GraphChange[] => [
  ...ids(count).map((id) => unlink(owned(id))),
  ...ids(count).map((id) => remove(repository(id))),
];

async function emptyPermit(switches: Partial<PermitSwitches> = {}): Promise<PermitEmulator> {
  const world = permitWorld();
  addRepositoryModel(world);
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Permit after a first run for so many repositories. */
async function fullPermit(count: number, switches: Partial<PermitSwitches> = {}): Promise<PermitEmulator> {
  const permit = await emptyPermit(switches);
  for (const name of [ORG, ...ids(count).map(repository)]) {
    const made = addInstance(permit.world, name);
    permit.world.instances.set(name, { ...made, attributes: marked(Number(made.key)) });
  }
  for (const id of ids(count)) addTuple(permit.world, owned(id));
  return permit;
}

async function apply(
  permit: PermitEmulator,
  changes: readonly GraphChange[],
  {
    ledger = openLedger(),
    oneAlone = false,
    pause = () => Promise.resolve(),
  }: {
    readonly ledger?: Ledger<GraphChange>;
    readonly oneAlone?: boolean;
    readonly pause?: () => Promise<void>;
  } = {},
): Promise<readonly GraphResult[]> {
  const { reader, writer } = openTarget(permit);
  const { readGraph } = reader;
  if (readGraph === undefined) throw new Error('the reader has no readGraph');
  const ports = { ledger, outage: openOutage(), pause, oneAlone, writer, readGraph };
  await gainGraph(changes, ports);
  await loseGraph(changes, ports);
  return ledger.results(changes);
}

/** What did not work, by what it is about. */
const unapplied = (results: readonly GraphResult[]) =>
  Object.fromEntries(
    results.flatMap(({ change, outcome }) => {
      if (outcome.kind === 'applied') return [];
      const why = 'why' in outcome ? outcome.why : 'message' in outcome ? outcome.message : '';
      return [[graphTarget(change), `${outcome.kind}: ${why}`]];
    }),
  );
const calls = (permit: PermitEmulator): readonly string[] =>
  permit.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`);
const truth = ({ world }: PermitEmulator) => ({
  instances: [...world.instances.keys()].sort(),
  tuples: [...world.tuples.keys()].sort(),
});

describe('a first run', () => {
  test('creates instances, then tuples, each in one call', async () => {
    const permit = await emptyPermit();
    expect(unapplied(await apply(permit, gains(400)))).toEqual({});
    expect(truth(permit)).toEqual(truth(await fullPermit(400)));
    expect(permit.world.instances.get(repository(7))?.attributes).toEqual(marked(7));
    expect(calls(permit)).toEqual(['PUT bulk/resource_instances', 'POST relationship_tuples/bulk']);
    // What is there already is read right before: the model, and a page for each type.
    expect(withoutScope(permit.requests)).toHaveLength(2 + 3 + 3);
  });

  test.each(['conflict', 'skip'] as const)(
    'that was killed halfway is finished by the next one (a tuple that exists: %s)',
    async (duplicateTuple) => {
      const permit = await fullPermit(30, { duplicateTuple });
      for (const id of ids(15)) permit.world.tuples.delete(`${ORG} owner_read ${repository(id)}`);
      permit.world.instances.delete(repository(1));
      expect(unapplied(await apply(permit, gains(30)))).toEqual({});
      expect(truth(permit)).toEqual(truth(await fullPermit(30)));
    },
  );

  test('a drain that creates one repository needs no bulk call', async () => {
    const permit = await fullPermit(1);
    const changes = [instance(repository(2)), link(owned(2))];
    expect(unapplied(await apply(permit, changes, { oneAlone: true }))).toEqual({});
    expect(truth(permit)).toEqual(truth(await fullPermit(2)));
    expect(calls(permit)).toEqual(['POST resource_instances', 'POST relationship_tuples']);
  });
});

describe('losses', () => {
  test.each(['ignore', 'notFound'] as const)(
    'tuples, then instances; some are gone already (Permit: %s)',
    async (bulkDeleteUnknown) => {
      const permit = await fullPermit(30, { bulkDeleteUnknown });
      for (const id of ids(5)) permit.world.tuples.delete(`${ORG} owner_read ${repository(id)}`);
      permit.world.instances.delete(repository(1));
      expect(unapplied(await apply(permit, losses(30)))).toEqual({});
      expect(truth(permit)).toEqual({ instances: [ORG], tuples: [] });
    },
  );

  test('a tuple is kept where the one that replaces it could not be created', async () => {
    const permit = await fullPermit(2);
    const replaced = [1, 2].map((id) => link(owned(id, 'owner_write')));
    permit.faults.push({
      match: ({ method, path, body }) =>
        method === 'POST' &&
        path.includes('relationship_tuples') &&
        JSON.stringify(body).includes('repository:2'),
      do: { kind: 'answer', status: 422, body: { detail: [] } },
    });
    const results = await apply(permit, [...replaced, unlink(owned(1)), unlink(owned(2))]);
    expect(unapplied(results)).toEqual({
      [`${ORG} owner_write repository:2`]: expect.stringMatching(/^failed: /),
      [`${ORG} owner_read repository:2`]: 'skipped: the tuple that replaces it could not be created',
    });
    expect(truth(permit).tuples).toEqual([
      `${ORG} owner_read repository:2`,
      `${ORG} owner_write repository:1`,
    ]);
  });
});

describe('what someone else writes meanwhile', () => {
  test('an instance under a name that the plan needs is left alone, and nothing is linked to it', async () => {
    const permit = await emptyPermit();
    const theirs = { ...addInstance(permit.world, repository(2)), attributes: { owner: 'someone else' } };
    permit.world.instances.set(repository(2), theirs);
    const results = await apply(permit, gains(30));
    expect(unapplied(results)).toEqual({
      'repository:2': 'failed: a resource instance repository:2 that is not ours appeared during this run',
      [`${ORG} owner_read repository:2`]: 'skipped: the resource instance repository:2 could not be created',
    });
    expect(permit.world.instances.get(repository(2))).toEqual(theirs);
  });

  test.each(['conflict', 'answer'] as const)(
    'nor is it treated as ours in a single request (Permit: %s)',
    async (duplicateCreate) => {
      const permit = await fullPermit(1, { duplicateCreate });
      addInstance(permit.world, repository(2));
      const changes = [instance(repository(2)), link(owned(2))];
      const results = await apply(permit, changes, { oneAlone: true });
      expect(results.map(({ outcome }) => outcome.kind)).toEqual(['failed', 'skipped']);
      expect(permit.world.instances.get(repository(2))?.attributes).toEqual({});
    },
  );

  test('attributes that changed since the plan was made are not overwritten', async () => {
    const permit = await fullPermit(30);
    const attributes = { ...marked(3), team: 'theirs' };
    const third = permit.world.instances.get(repository(3));
    if (third) permit.world.instances.set(repository(3), { ...third, attributes });
    permit.world.instances.delete(repository(4));
    const results = await apply(permit, ids(30).map(rename));
    expect(unapplied(results)).toEqual({
      'repository:3':
        'failed: the resource instance repository:3 was changed by someone else during this run',
      'repository:4': 'failed: the resource instance repository:4 was deleted during this run',
    });
    expect(permit.world.instances.get(repository(3))?.attributes).toEqual(attributes);
    expect(permit.world.instances.get(repository(5))?.attributes).toMatchObject({
      github_name: 'acme/renamed-5',
    });
    expect(permit.world.instances.has(repository(4))).toBe(false);
    const alone = await apply(permit, [rename(3)], { oneAlone: true });
    expect(alone.map(({ outcome }) => outcome.kind)).toEqual(['failed']);
    expect(permit.world.instances.get(repository(3))?.attributes).toEqual(attributes);
  });
});

describe('answers that never arrive', () => {
  const actions: readonly (readonly [string, FaultAction])[] = [
    ['500 after it was done', { kind: 'failAfter', status: 500 }],
    ['500 before it was done', { kind: 'answer', status: 500 }],
    ['a reset after it was done', { kind: 'reset', when: 'after' }],
  ];
  test.each(actions)(
    '%s, for each kind of call: the graph is read, and each is done once',
    async (_, action) => {
      const permit = await emptyPermit();
      const fail = () =>
        permit.faults.push({ match: ({ method }) => method !== 'GET', times: 1, do: action });
      fail();
      expect(unapplied(await apply(permit, gains(30)))).toEqual({});
      fail();
      expect(unapplied(await apply(permit, ids(30).map(rename)))).toEqual({});
      fail();
      expect(unapplied(await apply(permit, losses(15)))).toEqual({});
      expect(truth(permit).tuples).toHaveLength(15);
      expect(truth(permit).instances).toHaveLength(1 + 15);
    },
  );

  test('no more is written once the run is halted', async () => {
    const permit = await emptyPermit();
    const ledger = openLedger<GraphChange>(() => 'the run has lost its lock');
    const results = await apply(permit, gains(3), { ledger });
    expect(truth(permit).tuples).toEqual([]);
    expect(results.filter(({ outcome }) => outcome.kind === 'applied')).toHaveLength(4);
    expect(Object.values(unapplied(results))).toEqual(Array(3).fill('skipped: the run has lost its lock'));
  });
});

describe('Permit shows writes only after half a minute (CONTRACT §6.9)', () => {
  const faults: readonly (readonly [string, FaultAction | undefined])[] = [
    ['every answer comes', undefined],
    ['each call fails after it was done', { kind: 'failAfter', status: 500 }],
  ];
  test.each(
    (['lists', 'reads', 'writes'] as const).flatMap((hides) =>
      faults.map(([what, action]) => ({ hides, what, action })),
    ),
  )('$hides lag, and $what: all is done in the end', async ({ hides, action }) => {
    let now = 0;
    const permit = await emptyPermit({ lag: { ms: 30_000, hides }, now: () => now });
    const pause = async (): Promise<void> => {
      now += 10_000;
    };
    const run = async (changes: readonly GraphChange[]): Promise<void> => {
      for (const path of ['instances', 'tuples']) {
        const match = (request: FaultRequest): boolean =>
          request.method !== 'GET' && request.path.includes(path);
        if (action) permit.faults.push({ match, times: 1, do: action });
      }
      expect(unapplied(await apply(permit, changes, { pause }))).toEqual({});
    };
    await run(gains(30));
    expect(truth(permit)).toEqual(truth(await fullPermit(30)));
    now += 30_000;
    await run(losses(30));
    expect(truth(permit)).toEqual({ instances: [ORG], tuples: [] });
  });
});

describe('one bad item never blocks the others', () => {
  test.each([500, 422])('an instance on which Permit answers %i, in bulk and alone', async (status) => {
    const permit = await emptyPermit();
    permit.faults.push(poison([repository(13)], { kind: 'answer', status, body: { detail: [] } }));
    const results = await apply(permit, gains(60));
    expect(Object.keys(unapplied(results))).toEqual(['repository:13', `${ORG} owner_read repository:13`]);
    expect(truth(permit).tuples).toHaveLength(59);
  });

  test('a tuple on which Permit answers 500, in bulk and alone', async () => {
    const permit = await emptyPermit();
    permit.faults.push(poison([repository(13)], undefined, ({ path }) => path.includes('tuples')));
    expect(Object.keys(unapplied(await apply(permit, gains(60))))).toEqual([
      `${ORG} owner_read repository:13`,
    ]);
    expect(truth(permit).tuples).toHaveLength(59);
  });
});
