import type { ChangeState } from '../../model/change.ts';
import type { Ledger } from '../../model/ledger.ts';
import { isSameJson } from '../../model/mark.ts';
import type { PermitReader, PermitWriter, WriteItems } from '../../model/ports.ts';
import { endsOf, type PermitInstance, type Tuple, tupleId } from '../../model/repositories/graph.ts';
import {
  GRAPH_CHANGES,
  type GraphChange,
  type GraphChangeOf,
  type GraphKind,
  type GraphResult,
} from '../../model/repositories/graph-change.ts';
import {
  type BulkPorts,
  type BulkWrite,
  DONE,
  OPEN,
  type Reading,
  readAgain,
  refused,
} from '../bulk-write.ts';
import { writeInBulk } from '../write-in-bulk.ts';

export type GraphPorts = BulkPorts<GraphChange> & {
  readonly ledger: Ledger<GraphChange>;
  readonly writer: Pick<PermitWriter, 'write' | 'writeOne'>;
  readonly readGraph: NonNullable<PermitReader['readGraph']>;
};

/**
 * Applies changes to the graph: instances first, then tuples, then removals. Users and grants come between gains
 * and losses, so these are two calls. A tuple is not sent if one of its instances could not be created. It is kept if
 * the tuple that replaces it could not be created.
 *
 * A bulk request replaces any instance with the same name. So Permit is read right before each one, and what someone
 * else has created or changed since the plan was made is left alone. Attributes can still be lost if someone writes
 * in that moment, or if Permit's listings do not show their write yet.
 * @param gained results of the gains, if these are the losses.
 * @returns how each change ended. It never throws because of Permit's answers.
 */
export async function applyGraph(
  changes: readonly GraphChange[],
  ports: GraphPorts,
  gained: readonly GraphResult[] = [],
): Promise<readonly GraphResult[]> {
  const { ledger, readGraph } = ports;
  const instances = readInstancesAgain(readGraph);
  const tuples = readTuplesAgain(readGraph);
  const write = <K extends GraphKind, C extends GraphChange & WriteItems[K], Held>(
    kind: K,
    own: readonly C[],
    stateOf: (change: C, held: Held) => ChangeState,
    reading: Reading<C, Held>,
  ): Promise<void> => writeInBulk(own, bulkWrite(kind, stateOf, reading, ports), ports);
  const of = <K extends GraphKind>(kind: K): readonly (GraphChange & GraphChangeOf<K>)[] =>
    changes.filter((change): change is GraphChange & GraphChangeOf<K> => change.kind === kind);
  const skip = <C extends GraphChange>(own: readonly C[], whyOf: (change: C) => string | undefined) =>
    own.filter((change) => {
      const why = whyOf(change);
      if (why !== undefined) ledger.skipped([change], ledger.halted() ?? why);
      return why === undefined;
    });

  await write('createInstance', of('createInstance'), stateOfNewInstance, instances);
  await write('updateInstance', of('updateInstance'), stateOfUpdate, instances);

  const notCreated = instancesNotCreated(ledger.results(changes));
  const linkable = skip(of('createTuple'), ({ subject, object }) => {
    const missing = [subject, object].find((name) => notCreated.has(name));
    return missing && `the resource instance ${missing} could not be created`;
  });
  await write('createTuple', linkable, (tuple, held) => (held.has(tupleId(tuple)) ? DONE : OPEN), tuples);

  const notLinked = new Set(
    [...gained, ...ledger.results(changes)].flatMap(({ change, outcome }) =>
      change.kind === 'createTuple' && outcome.kind !== 'applied' ? [endsOf(change)] : [],
    ),
  );
  const replaced = skip(of('deleteTuple'), (tuple) =>
    notLinked.has(endsOf(tuple)) ? 'the tuple that replaces it could not be created' : undefined,
  );
  await write('deleteTuple', replaced, (tuple, held) => (held.has(tupleId(tuple)) ? OPEN : DONE), tuples);
  await write(
    'deleteInstance',
    of('deleteInstance'),
    ({ name }, held) => (held.has(name) ? OPEN : DONE),
    instances,
  );
  return ledger.results(changes);
}

/** Names of instances that the run was to create and that are not there, so that nothing can be granted on them. */
export const instancesNotCreated = (results: readonly GraphResult[]): ReadonlySet<string> =>
  new Set(
    results.flatMap(({ change, outcome }) =>
      change.kind === 'createInstance' && outcome.kind !== 'applied' ? [change.name] : [],
    ),
  );

/** A single POST refuses what exists already. A PATCH replaces all attributes. */
const OVERWRITES: { readonly [K in GraphKind]?: BulkWrite<GraphChange>['overwrites'] } = {
  createInstance: 'in bulk',
  updateInstance: 'always',
};

function bulkWrite<K extends GraphKind, C extends WriteItems[K], Held>(
  kind: K,
  stateOf: (change: C, held: Held) => ChangeState,
  reading: Reading<C, Held>,
  { writer }: GraphPorts,
): BulkWrite<C> {
  return {
    perCall: GRAPH_CHANGES[kind].perCall,
    send: (batch) => writer.write(kind, batch),
    sendOne: (change) => writer.writeOne(kind, change),
    readStates: (changes, doubt) => readAgain(changes, stateOf, reading, doubt),
    overwrites: OVERWRITES[kind],
  };
}

/** More instances than this are looked up in a listing of all: each one that does not exist would cost a request. */
const MOST_INSTANCES_ALONE = 20;
/** The tuples of this many instances are read one by one. More are found in a listing of all. */
const MOST_TUPLES_OF = 100;

type Instances = ReadonlyMap<string, PermitInstance>;

const readInstancesAgain = (
  readGraph: GraphPorts['readGraph'],
): Reading<{ readonly name: string }, Instances> => ({
  isFew: ({ length }) => length <= MOST_INSTANCES_ALONE,
  only: async (changes) =>
    (await readGraph({ instances: changes.map(({ name }) => name), tuplesOf: [] })).instances,
  all: async () => (await readGraph({ instances: 'all', tuplesOf: [] })).instances,
});

function readTuplesAgain(readGraph: GraphPorts['readGraph']): Reading<Tuple, ReadonlySet<string>> {
  /** All tuples of a team, rather than those of each of its repositories, or the other way round. */
  const fewestEnds = (tuples: readonly Tuple[]): readonly string[] => {
    const subjects = new Set(tuples.map(({ subject }) => subject));
    const objects = new Set(tuples.map(({ object }) => object));
    return [...(subjects.size < objects.size ? subjects : objects)];
  };
  const read = async (tuplesOf: readonly string[] | 'all'): Promise<ReadonlySet<string>> =>
    new Set((await readGraph({ instances: [], tuplesOf })).tuples.map(tupleId));
  return {
    isFew: (changes) => fewestEnds(changes).length <= MOST_TUPLES_OF,
    only: (changes) => read(fewestEnds(changes)),
    all: () => read('all'),
  };
}

function stateOfNewInstance({ name, tenant, attributes }: PermitInstance, held: Instances): ChangeState {
  const now = held.get(name);
  if (now === undefined) return OPEN;
  const isOurs = Object.entries(attributes).every(([key, value]) => isSameJson(now.attributes[key], value));
  if (now.tenant === tenant && isOurs) return DONE;
  return refused(`a resource instance ${name} that is not ours appeared during this run`);
}

function stateOfUpdate(
  { name, attributes, from }: GraphChangeOf<'updateInstance'>,
  held: Instances,
): ChangeState {
  const now = held.get(name)?.attributes;
  if (now === undefined) return refused(`the resource instance ${name} was deleted during this run`);
  if (isSameJson(now, attributes)) return DONE;
  if (isSameJson(now, from)) return OPEN;
  return refused(`the resource instance ${name} was changed by someone else during this run`);
}
