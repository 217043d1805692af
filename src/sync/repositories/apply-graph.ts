import type { ChangeState } from '../../model/change.ts';
import { isSameJson } from '../../model/mark.ts';
import type { PermitReader, PermitWriter, WriteItems } from '../../model/ports.ts';
import { endsOf, type PermitInstance, type Tuple, tupleId } from '../../model/repositories/graph.ts';
import {
  GRAPH_CHANGES,
  type GraphChange,
  type GraphChangeOf,
  type GraphKind,
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

type GraphPorts = BulkPorts<GraphChange> & {
  readonly writer: Pick<PermitWriter, 'write' | 'writeOne'>;
  readonly readGraph: NonNullable<PermitReader['readGraph']>;
};

/**
 * Creates and updates instances, then creates tuples. A tuple is not sent if one of its instances could not be created.
 *
 * A bulk request replaces any instance with the same name. So Permit is read right before each one, and what someone
 * else has created or changed since the plan was made is left alone. Attributes can still be lost if someone writes
 * in that moment, or if Permit's listings do not show their write yet.
 *
 * It never throws because of Permit's answers: the ledger shows how each change ended.
 * @returns the names of instances that could not be created, so that nothing can be granted on them.
 */
export async function gainGraph(
  changes: readonly GraphChange[],
  ports: GraphPorts,
): Promise<ReadonlySet<string>> {
  const instances = readInstancesAgain(ports.readGraph);
  await write('createInstance', of('createInstance', changes), stateOfNewInstance, instances, ports);
  await write('updateInstance', of('updateInstance', changes), stateOfUpdate, instances, ports);
  const missing = new Set(unapplied('createInstance', changes, ports).map(({ name }) => name));
  const linkable = skip(of('createTuple', changes), ports, ({ subject, object }) => {
    const end = [subject, object].find((name) => missing.has(name));
    return end && `the resource instance ${end} could not be created`;
  });
  const tuples = readTuplesAgain(ports.readGraph);
  await write('createTuple', linkable, (one, held) => (held.has(tupleId(one)) ? DONE : OPEN), tuples, ports);
  return missing;
}

/**
 * Deletes tuples, then instances. A tuple is kept if the tuple that replaces it could not be created.
 * @param changes all of the plan's, after {@link gainGraph}: users and their grants are written in between.
 */
export async function loseGraph(changes: readonly GraphChange[], ports: GraphPorts): Promise<void> {
  const missing = new Set(unapplied('createTuple', changes, ports).map(endsOf));
  const replaced = skip(of('deleteTuple', changes), ports, (tuple) =>
    missing.has(endsOf(tuple)) ? 'the tuple that replaces it could not be created' : undefined,
  );
  const tuples = readTuplesAgain(ports.readGraph);
  await write('deleteTuple', replaced, (one, held) => (held.has(tupleId(one)) ? OPEN : DONE), tuples, ports);
  const gone = of('deleteInstance', changes);
  const instances = readInstancesAgain(ports.readGraph);
  await write('deleteInstance', gone, ({ name }, held) => (held.has(name) ? OPEN : DONE), instances, ports);
}

const of = <K extends GraphKind>(
  kind: K,
  changes: readonly GraphChange[],
): readonly (GraphChange & GraphChangeOf<K>)[] =>
  changes.filter((change): change is GraphChange & GraphChangeOf<K> => change.kind === kind);

const unapplied = <K extends GraphKind>(
  kind: K,
  changes: readonly GraphChange[],
  { ledger }: GraphPorts,
): readonly GraphChangeOf<K>[] => of(kind, changes).filter((change) => !ledger.isApplied(change));

/** Records what can't be sent. @returns the rest. */
const skip = <C extends GraphChange>(
  changes: readonly C[],
  { ledger }: GraphPorts,
  whyOf: (change: C) => string | undefined,
): readonly C[] =>
  changes.filter((change) => {
    const why = whyOf(change);
    if (why !== undefined) ledger.skipped([change], ledger.halted() ?? why);
    return why === undefined;
  });

/** A single POST refuses what exists already. A PATCH replaces all attributes. */
const OVERWRITES: { readonly [K in GraphKind]?: BulkWrite<GraphChange>['overwrites'] } = {
  createInstance: 'in bulk',
  updateInstance: 'always',
};

const write = <K extends GraphKind, C extends GraphChange & WriteItems[K], Held>(
  kind: K,
  changes: readonly C[],
  stateOf: (change: C, held: Held) => ChangeState,
  reading: Reading<C, Held>,
  ports: GraphPorts,
): Promise<void> => {
  const { writer } = ports;
  const how: BulkWrite<C> = {
    perCall: GRAPH_CHANGES[kind].perCall,
    send: (batch) => writer.write(kind, batch),
    sendOne: (change) => writer.writeOne(kind, change),
    readStates: (some, doubt) => readAgain(some, stateOf, reading, doubt),
    overwrites: OVERWRITES[kind],
  };
  return writeInBulk(changes, how, ports);
};

/** More instances than this are looked up in a listing of all: each one that does not exist would cost a request. */
const MAX_SINGLE_INSTANCE_READS = 20;
/** The tuples of this many instances are read one by one. More are found in a listing of all. */
const MAX_SINGLE_TUPLE_READS = 100;

type Instances = ReadonlyMap<string, PermitInstance>;

const readInstancesAgain = (
  readGraph: GraphPorts['readGraph'],
): Reading<{ readonly name: string }, Instances> => ({
  isFew: ({ length }) => length <= MAX_SINGLE_INSTANCE_READS,
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
    isFew: (changes) => fewestEnds(changes).length <= MAX_SINGLE_TUPLE_READS,
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
