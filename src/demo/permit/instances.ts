import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { noContent, notFound, ok, refusal, unprocessable } from './answers.ts';
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
import { dropInstance, nextId, ONCE, type PermitInstance } from './world.ts';

type Attributes = Readonly<Record<string, unknown>>;
type InstanceBody = { key: string; resource: string; tenant: string; attributes?: Attributes | null };

const INSTANCE_SHAPE: Shape = {
  key: must(matching(URL_KEY)),
  resource: must(text),
  tenant: must(text),
  attributes: may(dictionary),
};

const UPDATE = shaped({ attributes: may(dictionary) });

const on = routesFor<Ask>();

/** Resource instances. */
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
        relationships: linksOf(nameOf(instance)),
      })),
    );
  }),
  on('POST', `${FACTS}/resource_instances`, createInstance),
  on('PUT', `${FACTS}/bulk/resource_instances`, replaceInstances),
  on('DELETE', `${FACTS}/bulk/resource_instances`, deleteInstances),
  on('GET', `${FACTS}/resource_instances/{instance}`, (ask, { instance: ident }) => {
    refuseDetails(ask);
    const isHidden = ask.switches.lag.hides !== 'lists';
    return ok(showInstance(ask, instanceOf(isHidden ? ask.laggingInstances() : ask.world.instances, ident)));
  }),
  on('PATCH', `${FACTS}/resource_instances/{instance}`, (ask, { instance: ident }) => {
    const { attributes } = readBody<Pick<InstanceBody, 'attributes'>>(ask.request, UPDATE);
    const instance = instanceOf(ask.world.instances, ident);
    const patched = { ...instance, ...(attributes === undefined ? {} : { attributes: attributes ?? {} }) };
    ask.world.instances.set(nameOf(instance), patched);
    return ok(showInstance(ask, patched));
  }),
  on('DELETE', `${FACTS}/resource_instances/{instance}`, ({ world }, { instance: ident }) => {
    dropInstance(world, nameOf(instanceOf(world.instances, ident)));
    return noContent;
  }),
];

export function refuseDetails({ request }: Ask): void {
  if (readFlag(request, 'detailed')) throw refusal(501, 'UNEXPECTED_ERROR', 'the emulator has no details');
}

/** @throws Refused with 404 if it does not exist */
function instanceOf(instances: ReadonlyMap<string, PermitInstance>, ident: string): PermitInstance {
  const instance = byIdent(instances, ident);
  if (instance === undefined) throw notFound('ResourceInstance', ident);
  return instance;
}

const nameOf = ({ resource, key }: Pick<PermitInstance, 'resource' | 'key'>): string => `${resource}:${key}`;

/** @param most values of `search`: more are refused. */
function foundInstances(
  { request, laggingInstances }: Ask,
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
  const instances = laggingInstances();
  return instances.derive(`${tenant} ${resource} ${how} ${values}`, () =>
    [...instances.values()].filter(
      (one) =>
        (tenant === null || one.tenant === tenant) &&
        (resource === null || one.resource === resource) &&
        fits(one),
    ),
  );
}

function createInstance(ask: Ask): Answer {
  const instance = newInstance(ask, readBody<InstanceBody>(ask.request, shaped(INSTANCE_SHAPE)));
  const name = nameOf(instance);
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

/** The maximum of resource instances in one bulk call. */
const MAX_INSTANCES = 3000;

/** Creates or replaces, attributes whole. All or nothing. */
function replaceInstances(ask: Ask): Answer {
  const shape = shaped({ operations: must(listOf(shaped(INSTANCE_SHAPE))) });
  const { operations } = readBody<{ operations: InstanceBody[] }>(ask.request, shape);
  mustFit(operations, MAX_INSTANCES);
  const made = operations.map((body) => newInstance(ask, body));
  for (const instance of made) {
    const name = nameOf(instance);
    const standing = ask.world.instances.get(name);
    if (standing !== undefined && standing.tenant !== instance.tenant) {
      const message = `the resource instance '${name}' is in the tenant '${standing.tenant}'`;
      throw refusal(409, 'MISMATCH_RESOURCE_INSTANCES_TENANTS', message);
    }
  }
  for (const instance of made) {
    const name = nameOf(instance);
    ask.world.instances.set(name, { ...instance, id: ask.world.instances.get(name)?.id ?? instance.id });
  }
  return ok({});
}

/** Whether one that does not exist stops the others is not documented. */
function deleteInstances(ask: Ask): Answer {
  const { idents } = readBody<{ idents: string[] }>(ask.request, shaped({ idents: must(listOf(text)) }));
  mustFit(idents, MAX_INSTANCES);
  const { world, switches } = ask;
  const names = idents.flatMap((ident) => {
    const instance = byIdent(world.instances, ident);
    if (instance !== undefined) return [nameOf(instance)];
    if (switches.bulkDeleteUnknown === 'notFound') throw notFound('ResourceInstance', ident);
    return [];
  });
  for (const name of names) dropInstance(world, name);
  return ok({});
}

export function mustFit(items: readonly unknown[], most: number): void {
  if (items.length === 0) throw refusal(400, 'INVALID_INPUT', 'the list is empty');
  if (items.length > most) throw refusal(403, 'FORBIDDEN_ACCESS', `a bulk call takes ${most} at most`);
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
