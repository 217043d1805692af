import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal, unprocessable } from './answers.ts';
import { type Ask, belonging, byIdent, counted, FACTS, list, type PermitSwitches } from './ask.ts';
import {
  dictionary,
  listOf,
  matching,
  may,
  must,
  readBody,
  readFlag,
  type Shape,
  shaped,
  text,
  URL_KEY,
} from './shapes.ts';
import { duplicate, tenantOf } from './tenants.ts';
import { type PermitTuple, tupleText } from './tuples.ts';
import {
  addInstance,
  dropInstance,
  nextId,
  ONCE,
  type PermitInstance,
  type PermitWorld,
  splitInstance,
} from './world.ts';

type Attributes = Readonly<Record<string, unknown>>;
type InstanceBody = { key: string; resource: string; tenant: string; attributes?: Attributes | null };

const INSTANCE_SHAPE: Shape = {
  key: must(matching(URL_KEY)),
  resource: must(text),
  tenant: must(text),
  attributes: may(dictionary),
};

const on = routesFor<Ask>();

/** Resource instances, and the relationship tuples between them. */
export const instanceRoutes: readonly Route<Ask>[] = [
  on('GET', `${FACTS}/resource_instances`, (ask) => {
    refuseDetails(ask);
    return list(ask, foundInstances(ask, 25, 'partial'), (instance) => showInstance(ask, instance));
  }),
  on('GET', `${FACTS}/resource_instances/detailed`, (ask) => {
    const found = foundInstances(ask, 100, ask.switches.instanceSearch);
    const linksOf = (name: string) =>
      [...ask.world.tuples.values()]
        .filter(({ subject, object }) => subject === name || object === name)
        .map(({ subject, relation, object }) => ({ subject, relation, object }));
    return ok(
      counted(ask, found, (instance) => ({
        ...showInstance(ask, instance),
        relationships: linksOf(`${instance.resource}:${instance.key}`),
      })),
    );
  }),
  on('POST', `${FACTS}/resource_instances`, createInstance),
  on('PUT', `${FACTS}/bulk/resource_instances`, replaceInstances),
  on('DELETE', `${FACTS}/bulk/resource_instances`, deleteInstances),
  on('GET', `${FACTS}/resource_instances/{instance}`, (ask, { instance: ident }) => {
    refuseDetails(ask);
    const instance = byIdent(ask.world.instances, ident);
    if (instance === undefined) throw notFound('ResourceInstance', ident);
    return ok(showInstance(ask, instance));
  }),
  on('GET', `${FACTS}/relationship_tuples`, (ask) => {
    refuseDetails(ask);
    return list(ask, foundTuples(ask), (tuple) => showTuple(ask.world, tuple));
  }),
  on('GET', `${FACTS}/relationship_tuples/detailed`, (ask) =>
    ok(counted(ask, foundTuples(ask), (tuple) => showDetails(ask.world, tuple))),
  ),
  on('POST', `${FACTS}/relationship_tuples/bulk`, createTuples),
  on('DELETE', `${FACTS}/relationship_tuples/bulk`, deleteTuples),
];

function refuseDetails({ request }: Ask): void {
  if (readFlag(request, 'detailed')) throw refusal(501, 'UNEXPECTED_ERROR', 'the emulator has no details');
}

/** @param most values of `search`: more are refused. */
function foundInstances(
  { request, world }: Ask,
  most: number,
  how: PermitSwitches['instanceSearch'],
): readonly PermitInstance[] {
  const { search } = request;
  const tenant = search.get('tenant');
  const resource = search.get('resource');
  const values = search.getAll('search');
  if (values.length > most) {
    const msg = `ensure this value has at most ${most} items`;
    throw unprocessable([{ loc: ['query', 'search'], msg, type: 'value_error.list.max_items' }]);
  }
  const fits = ({ key, id }: PermitInstance): boolean =>
    values.length === 0 ||
    how === 'ignored' ||
    values.some((value) => (how === 'key' ? key === value || id === value : key.includes(value)));
  return [...world.instances.values()].filter(
    (one) =>
      (tenant === null || one.tenant === tenant) &&
      (resource === null || one.resource === resource) &&
      fits(one),
  );
}

function createInstance(ask: Ask): Answer {
  const instance = newInstance(ask, readBody<InstanceBody>(ask.request, shaped(INSTANCE_SHAPE)));
  const name = `${instance.resource}:${instance.key}`;
  const standing = ask.world.instances.get(name);
  if (standing !== undefined)
    return duplicate(ask, `the resource instance '${name}'`, showInstance(ask, standing));
  ask.world.instances.set(name, instance);
  return ok(showInstance(ask, instance));
}

function newInstance({ world }: Ask, body: InstanceBody): PermitInstance {
  const { key: tenant } = tenantOf(world, body.tenant);
  const resource = byIdent(world.resources, body.resource)?.key;
  if (resource === undefined) throw notFound('Resource', body.resource);
  return { id: nextId(world), resource, key: body.key, tenant, attributes: body.attributes ?? {} };
}

/** The most resource instances that one bulk call takes. */
const MOST_INSTANCES = 3000;

/** Creates or replaces, attributes whole. All or nothing. */
function replaceInstances(ask: Ask): Answer {
  const shape = shaped({ operations: must(listOf(shaped(INSTANCE_SHAPE))) });
  const { operations } = readBody<{ operations: InstanceBody[] }>(ask.request, shape);
  mustFit(operations, MOST_INSTANCES);
  const made = operations.map((body) => newInstance(ask, body));
  for (const instance of made) {
    const name = `${instance.resource}:${instance.key}`;
    const standing = ask.world.instances.get(name);
    if (standing !== undefined && standing.tenant !== instance.tenant) {
      const message = `the resource instance '${name}' is in the tenant '${standing.tenant}'`;
      throw refusal(409, 'MISMATCH_RESOURCE_INSTANCES_TENANTS', message);
    }
  }
  for (const instance of made) {
    const name = `${instance.resource}:${instance.key}`;
    ask.world.instances.set(name, { ...instance, id: ask.world.instances.get(name)?.id ?? instance.id });
  }
  return ok({});
}

/** Whether one that does not exist stops the others is not documented. */
function deleteInstances(ask: Ask): Answer {
  const { idents } = readBody<{ idents: string[] }>(ask.request, shaped({ idents: must(listOf(text)) }));
  mustFit(idents, MOST_INSTANCES);
  const { world, switches } = ask;
  const names = idents.flatMap((ident) => {
    const instance = byIdent(world.instances, ident);
    if (instance !== undefined) return [`${instance.resource}:${instance.key}`];
    if (switches.bulkDeleteUnknown === 'notFound') throw notFound('ResourceInstance', ident);
    return [];
  });
  for (const name of names) dropInstance(world, name);
  return ok({});
}

function mustFit(items: readonly unknown[], most: number): void {
  if (items.length === 0) throw refusal(400, 'INVALID_INPUT', 'the list is empty');
  if (items.length > most) throw refusal(403, 'FORBIDDEN_ACCESS', `a bulk call takes ${most} at most`);
}

type TupleBody = Pick<PermitTuple, 'subject' | 'relation' | 'object'> & { readonly tenant?: string | null };

const TUPLE_SHAPE: Shape = { subject: must(text), relation: must(matching(URL_KEY)), object: must(text) };
/** The most relationship tuples that one bulk call takes. */
const MOST_TUPLES = 1000;

function foundTuples({ request, world }: Ask): readonly PermitTuple[] {
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
  return [...world.tuples.values()].filter((tuple) => filters.every((passes) => passes(tuple)));
}

/** All or nothing. A tenant makes the instances that do not exist yet. */
function createTuples(ask: Ask): Answer {
  const shape = shaped({ operations: must(listOf(shaped({ ...TUPLE_SHAPE, tenant: may(text) }))) });
  const { operations } = readBody<{ operations: TupleBody[] }>(ask.request, shape);
  mustFit(operations, MOST_TUPLES);
  const made = operations.map((body) => newTuple(ask, body));
  for (const tuple of made) {
    if (ask.world.tuples.has(tupleText(tuple)) && ask.switches.duplicateTuple === 'conflict') {
      throw refusal(409, 'DUPLICATE_ENTITY', `the relationship tuple '${tupleText(tuple)}' exists already`);
    }
  }
  for (const tuple of made) {
    for (const name of [tuple.subject, tuple.object])
      if (!ask.world.instances.has(name)) addInstance(ask.world, name, tuple.tenant);
    if (!ask.world.tuples.has(tupleText(tuple))) ask.world.tuples.set(tupleText(tuple), tuple);
  }
  return ok({});
}

function newTuple({ world }: Ask, { subject, relation, object, tenant: named }: TupleBody): PermitTuple {
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
  const tenants = new Set<string>();
  for (const name of [subject, object]) {
    const instance = world.instances.get(name);
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
  mustFit(idents, MOST_TUPLES);
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

function showInstance({ world }: Ask, instance: PermitInstance) {
  return {
    ...instance,
    ...belonging(world),
    created_at: ONCE,
    updated_at: ONCE,
    resource_id: world.resources.get(instance.resource)?.id ?? null,
    tenant_id: world.tenants.get(instance.tenant)?.id ?? null,
  };
}
