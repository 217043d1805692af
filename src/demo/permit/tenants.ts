import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { noContent, notFound, ok, refusal, unprocessable } from './answers.ts';
import { type Ask, belonging, byIdent, counted, FACTS, list, type PermitSwitches } from './ask.ts';
import {
  dictionary,
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
import { nextId, ONCE, type PermitInstance, type PermitTenant, type PermitWorld } from './world.ts';

type Attributes = Readonly<Record<string, unknown>>;
type TenantFields = { name?: string | null; description?: string | null; attributes?: Attributes | null };
type InstanceBody = { key: string; resource: string; tenant: string; attributes?: Attributes | null };

const TENANT_UPDATE_SHAPE: Shape = { name: may(text), description: may(text), attributes: may(dictionary) };
const TENANT_SHAPE: Shape = { ...TENANT_UPDATE_SHAPE, key: must(matching(URL_KEY)), name: must(text) };
const INSTANCE_SHAPE: Shape = {
  key: must(matching(URL_KEY)),
  resource: must(text),
  tenant: must(text),
  attributes: may(dictionary),
};

const on = routesFor<Ask>();

/** Tenants, and the resource instances in them. */
export const tenantRoutes: readonly Route<Ask>[] = [
  on('GET', `${FACTS}/tenants`, (ask) => {
    const search = ask.request.search.get('search')?.toLowerCase() ?? '';
    const tenants = [...ask.world.tenants.values()].filter(({ key, name }) =>
      `${key}\n${name}`.toLowerCase().includes(search),
    );
    return list(ask, tenants, (tenant) => showTenant(ask, tenant));
  }),
  on('POST', `${FACTS}/tenants`, createTenant),
  on('GET', `${FACTS}/tenants/{tenant}`, (ask, { tenant }) =>
    ok(showTenant(ask, tenantOf(ask.world, tenant))),
  ),
  on('PATCH', `${FACTS}/tenants/{tenant}`, (ask, { tenant: ident }) => {
    const { name, description, attributes } = readBody<TenantFields>(
      ask.request,
      shaped(TENANT_UPDATE_SHAPE),
    );
    const tenant = tenantOf(ask.world, ident);
    const patched: PermitTenant = {
      ...tenant,
      name: name ?? tenant.name,
      ...(description === undefined ? {} : { description }),
      ...(attributes == null ? {} : { attributes }),
    };
    ask.world.tenants.set(tenant.key, patched);
    return ok(showTenant(ask, patched));
  }),
  on('DELETE', `${FACTS}/tenants/{tenant}`, deleteTenant),
  on('GET', `${FACTS}/resource_instances`, (ask) => {
    refuseDetails(ask);
    return list(ask, foundInstances(ask, 25, 'partial'), (instance) => showInstance(ask, instance));
  }),
  on('GET', `${FACTS}/resource_instances/detailed`, (ask) => {
    const found = foundInstances(ask, 100, ask.switches.instanceSearch);
    return ok(counted(ask, found, (instance) => ({ ...showInstance(ask, instance), relationships: [] })));
  }),
  on('POST', `${FACTS}/resource_instances`, createInstance),
  on('GET', `${FACTS}/resource_instances/{instance}`, (ask, { instance: ident }) => {
    refuseDetails(ask);
    const instance = byIdent(ask.world.instances, ident);
    if (instance === undefined) throw notFound('ResourceInstance', ident);
    return ok(showInstance(ask, instance));
  }),
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

function tenantOf(world: PermitWorld, ident: string): PermitTenant {
  const tenant = byIdent(world.tenants, ident);
  if (tenant === undefined) throw notFound('Tenant', ident);
  return tenant;
}

function createTenant(ask: Ask): Answer {
  const body = readBody<TenantFields & { key: string; name: string }>(ask.request, shaped(TENANT_SHAPE));
  const { tenants } = ask.world;
  const standing = tenants.get(body.key);
  if (standing !== undefined) return duplicate(ask, `the tenant '${body.key}'`, showTenant(ask, standing));
  const { key, name, description = null, attributes } = body;
  const tenant = { id: nextId(ask.world), key, name, description, attributes: attributes ?? {} };
  tenants.set(key, tenant);
  return ok(showTenant(ask, tenant));
}

/** The tenant's roles and resource instances go with it. */
function deleteTenant({ world }: Ask, { tenant: ident }: { readonly tenant: string }): Answer {
  const { key } = tenantOf(world, ident);
  world.tenants.delete(key);
  for (const [name, instance] of world.instances) if (instance.tenant === key) world.instances.delete(name);
  const affected = [...world.users.values()].filter((user) =>
    user.grants.some(({ tenant }) => tenant === key),
  );
  for (const user of affected) {
    world.users.set(user.key, { ...user, grants: user.grants.filter(({ tenant }) => tenant !== key) });
  }
  return noContent;
}

function createInstance(ask: Ask): Answer {
  const body = readBody<InstanceBody>(ask.request, shaped(INSTANCE_SHAPE));
  const { world } = ask;
  const { key: tenant } = tenantOf(world, body.tenant);
  const resource = byIdent(world.resources, body.resource)?.key;
  if (resource === undefined) throw notFound('Resource', body.resource);
  const name = `${resource}:${body.key}`;
  const standing = world.instances.get(name);
  if (standing !== undefined)
    return duplicate(ask, `the resource instance '${name}'`, showInstance(ask, standing));
  const instance = { id: nextId(world), resource, key: body.key, tenant, attributes: body.attributes ?? {} };
  world.instances.set(name, instance);
  return ok(showInstance(ask, instance));
}

function duplicate({ switches }: Ask, what: string, standing: unknown): Answer {
  if (switches.duplicateCreate === 'conflict')
    throw refusal(409, 'DUPLICATE_ENTITY', `${what} exists already`);
  return ok(standing);
}

function showTenant({ world }: Ask, { id, key, name, description = null, attributes }: PermitTenant) {
  const times = { created_at: ONCE, updated_at: ONCE, last_action_at: ONCE };
  return { key, id, ...belonging(world), ...times, name, description, attributes };
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
