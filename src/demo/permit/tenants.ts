import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { noContent, notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, byIdent, FACTS, list } from './ask.ts';
import { dictionary, matching, may, must, readBody, type Shape, shaped, text, URL_KEY } from './shapes.ts';
import { dropInstance, nextId, ONCE, type PermitTenant, type PermitWorld } from './world.ts';

type Attributes = Readonly<Record<string, unknown>>;
type TenantFields = { name?: string | null; description?: string | null; attributes?: Attributes | null };

const TENANT_UPDATE_SHAPE: Shape = { name: may(text), description: may(text), attributes: may(dictionary) };
const TENANT_SHAPE: Shape = { ...TENANT_UPDATE_SHAPE, key: must(matching(URL_KEY)), name: must(text) };
const on = routesFor<Ask>();

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
];

export function tenantOf(world: PermitWorld, ident: string): PermitTenant {
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
  for (const [name, instance] of [...world.instances]) if (instance.tenant === key) dropInstance(world, name);
  const affected = [...world.users.values()].filter((user) =>
    user.grants.some(({ tenant }) => tenant === key),
  );
  for (const user of affected) {
    world.users.set(user.key, { ...user, grants: user.grants.filter(({ tenant }) => tenant !== key) });
  }
  return noContent;
}

export function duplicate({ switches }: Ask, what: string, standing: unknown): Answer {
  if (switches.duplicateCreate === 'conflict')
    throw refusal(409, 'DUPLICATE_ENTITY', `${what} exists already`);
  return ok(standing);
}

function showTenant({ world }: Ask, { id, key, name, description = null, attributes }: PermitTenant) {
  const times = { created_at: ONCE, updated_at: ONCE, last_action_at: ONCE };
  return { key, id, ...belonging(world), ...times, name, description, attributes };
}
