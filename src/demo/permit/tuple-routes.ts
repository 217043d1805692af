import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { noContent, notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, counted, FACTS, list } from './ask.ts';
import { mustFit, refuseDetails } from './instances.ts';
import { listOf, matching, may, must, readBody, type Shape, shaped, text, URL_KEY } from './shapes.ts';
import { tenantOf } from './tenants.ts';
import { type PermitTuple, tupleText } from './tuples.ts';
import { addInstance, nextId, ONCE, type PermitWorld, splitInstance } from './world.ts';

const on = routesFor<Ask>();

/** Relationship tuples between resource instances. */
export const tupleRoutes: readonly Route<Ask>[] = [
  on('GET', `${FACTS}/relationship_tuples`, (ask) => {
    refuseDetails(ask);
    return list(ask, foundTuples(ask), (tuple) => showTuple(ask.world, tuple));
  }),
  on('GET', `${FACTS}/relationship_tuples/detailed`, (ask) =>
    ok(counted(ask, foundTuples(ask), (tuple) => showDetails(ask.world, tuple))),
  ),
  on('POST', `${FACTS}/relationship_tuples`, createTuple),
  on('DELETE', `${FACTS}/relationship_tuples`, deleteTuple),
  on('POST', `${FACTS}/relationship_tuples/bulk`, createTuples),
  on('DELETE', `${FACTS}/relationship_tuples/bulk`, deleteTuples),
];

type TupleBody = Pick<PermitTuple, 'subject' | 'relation' | 'object'> & { readonly tenant?: string | null };

const TUPLE_SHAPE: Shape = { subject: must(text), relation: must(matching(URL_KEY)), object: must(text) };
const CREATE_SHAPE: Shape = { ...TUPLE_SHAPE, tenant: may(text) };
/** The maximum of relationship tuples in one bulk call. */
const MAX_TUPLES = 1000;

const TUPLE_FILTERS = ['tenant', 'subject', 'relation', 'object', 'object_type', 'subject_type'] as const;

function foundTuples({ request, laggingTuples }: Ask): readonly PermitTuple[] {
  const filter = (name: string, of: (tuple: PermitTuple) => string) => {
    const wanted = request.search.get(name);
    return (tuple: PermitTuple): boolean => wanted === null || of(tuple) === wanted;
  };
  const filters = [
    filter('tenant', ({ tenant }) => tenant),
    filter('subject', ({ subject }) => subject),
    filter('relation', ({ relation }) => relation),
    filter('object', ({ object }) => object),
    filter('object_type', ({ object }) => splitInstance(object)[0]),
    filter('subject_type', ({ subject }) => splitInstance(subject)[0]),
  ];
  const tuples = laggingTuples();
  const name = TUPLE_FILTERS.map((one) => request.search.get(one)).join(' ');
  return tuples.derive(name, () =>
    [...tuples.values()].filter((tuple) => filters.every((passes) => passes(tuple))),
  );
}

function createTuple(ask: Ask): Answer {
  const tuple = newTuple(ask, readBody<TupleBody>(ask.request, shaped(CREATE_SHAPE)));
  const standing = ask.world.tuples.get(tupleText(tuple));
  if (standing !== undefined) {
    if (ask.switches.duplicateTuple === 'conflict') throw alreadyLinked(tuple);
    return ok(showTuple(ask.world, standing));
  }
  saveTuple(ask.world, tuple);
  return ok(showTuple(ask.world, tuple));
}

function deleteTuple({ request, world }: Ask): Answer {
  const ident = readBody<TupleBody>(request, shaped(TUPLE_SHAPE));
  if (!world.tuples.delete(tupleText(ident))) throw notFound('RelationshipTuple', tupleText(ident));
  return noContent;
}

const alreadyLinked = (tuple: PermitTuple) =>
  refusal(409, 'DUPLICATE_ENTITY', `the relationship tuple '${tupleText(tuple)}' exists already`);

/** Keeps a tuple, and makes the instances that do not exist yet. */
function saveTuple(world: PermitWorld, tuple: PermitTuple): void {
  for (const name of [tuple.subject, tuple.object])
    if (!world.instances.has(name)) addInstance(world, name, tuple.tenant);
  if (!world.tuples.has(tupleText(tuple))) world.tuples.set(tupleText(tuple), tuple);
}

/** All or nothing. */
function createTuples(ask: Ask): Answer {
  const shape = shaped({ operations: must(listOf(shaped(CREATE_SHAPE))) });
  const { operations } = readBody<{ operations: TupleBody[] }>(ask.request, shape);
  mustFit(operations, MAX_TUPLES);
  const made = operations.map((body) => newTuple(ask, body));
  for (const tuple of made) {
    const isThere = ask.world.tuples.has(tupleText(tuple));
    if (isThere && ask.switches.duplicateTuple === 'conflict') throw alreadyLinked(tuple);
  }
  for (const tuple of made) saveTuple(ask.world, tuple);
  return ok({});
}

/** A tenant makes the instances that do not exist yet. */
function newTuple(
  { world, switches, laggingInstances }: Ask,
  { subject, relation, object, tenant: named }: TupleBody,
): PermitTuple {
  const [type] = splitInstance(object);
  const resource = world.resources.get(type);
  if (resource === undefined) throw notFound('Resource', type);
  const known = resource.relations?.[relation];
  if (known === undefined) throw notFound('Relation', `${type}#${relation}`);
  if (splitInstance(subject)[0] !== known.subject) {
    throw refusal(
      400,
      'INVALID_INPUT',
      `the subject of '${relation}' must be of the resource '${known.subject}'`,
    );
  }
  const visible = switches.lag.hides === 'writes' ? laggingInstances() : world.instances;
  const tenants = new Set<string>();
  for (const name of [subject, object]) {
    const instance = visible.get(name);
    if (instance === undefined && named == null) throw notFound('ResourceInstance', name);
    tenants.add(instance?.tenant ?? tenantOf(world, named ?? '').key);
  }
  const [tenant = '', other] = tenants;
  if (other !== undefined) {
    const message = `'${subject}' and '${object}' are in different tenants`;
    throw refusal(409, 'MISMATCH_RESOURCE_INSTANCES_TENANTS', message);
  }
  return { id: nextId(world), subject, relation, object, tenant };
}

function deleteTuples(ask: Ask): Answer {
  const shape = shaped({ idents: must(listOf(shaped(TUPLE_SHAPE))) });
  const { idents } = readBody<{ idents: TupleBody[] }>(ask.request, shape);
  mustFit(idents, MAX_TUPLES);
  const { tuples } = ask.world;
  for (const ident of idents) {
    if (!tuples.has(tupleText(ident)) && ask.switches.bulkDeleteUnknown === 'notFound') {
      throw notFound('RelationshipTuple', tupleText(ident));
    }
  }
  for (const ident of idents) tuples.delete(tupleText(ident));
  return ok({});
}

/** `RelationshipTupleRead` of Permit's OpenAPI description. */
function showTuple(world: PermitWorld, { id, subject, relation, object, tenant }: PermitTuple) {
  const [type] = splitInstance(object);
  return {
    ...{ id, subject, relation, object, tenant },
    ...belonging(world),
    subject_id: world.instances.get(subject)?.id,
    object_id: world.instances.get(object)?.id,
    relation_id: world.resources.get(type)?.relations?.[relation]?.id,
    tenant_id: world.tenants.get(tenant)?.id,
    created_at: ONCE,
    updated_at: ONCE,
  };
}

function showDetails(world: PermitWorld, tuple: PermitTuple) {
  const { subject, relation, object, tenant } = tuple;
  const blockOf = (name: string) => {
    const [resource, key] = splitInstance(name);
    return { key, resource, tenant, attributes: world.instances.get(name)?.attributes ?? {} };
  };
  return {
    ...showTuple(world, tuple),
    subject_details: blockOf(subject),
    object_details: blockOf(object),
    relation_details: { key: relation, name: relation },
    tenant_details: { key: tenant, name: world.tenants.get(tenant)?.name ?? tenant },
  };
}
