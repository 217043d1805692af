import { notFound, refusal, unprocessable } from './answers.ts';
import { type Ask, byIdent } from './ask.ts';
import { matching, may, must, type Shape, text, URL_KEY } from './shapes.ts';
import {
  grantText,
  nextId,
  type PermitGrant,
  type PermitRole,
  type PermitUser,
  type PermitWorld,
  splitInstance,
} from './world.ts';

/** A role in a tenant or on a resource instance as requests name it; each part a key or an id. */
export type PlaceBody = {
  readonly role: string;
  readonly tenant?: string | null;
  readonly resource_instance?: string | null;
};
export type AssignmentBody = PlaceBody & { readonly user: string };

const KEY = matching(URL_KEY);
/** `UserRoleCreate`: what `role_assignments` of a new user holds. */
export const PLACE_SHAPE: Shape = { role: must(KEY), tenant: may(KEY), resource_instance: may(text) };
/** `RoleAssignmentCreate`. */
export const ASSIGN_SHAPE: Shape = { ...PLACE_SHAPE, user: must(text) };
/** `RoleAssignmentRemove`: here the tenant is required. */
export const UNASSIGN_SHAPE: Shape = { ...ASSIGN_SHAPE, tenant: must(KEY) };

/** A role in a tenant or on an instance, by keys. */
export type Place = Pick<PermitGrant, 'tenant' | 'role' | 'resource'>;

/**
 * @throws Refused with 404 for what does not exist, with 409 for an instance of another tenant, with 422 for neither
 */
export function resolvePlace({ world, switches, laggingInstances }: Ask, body: PlaceBody): Place {
  const { role, resource_instance: named } = body;
  const tenant = body.tenant == null ? undefined : (byIdent(world.tenants, body.tenant)?.key ?? null);
  if (named == null) {
    const found = byIdent(world.roles, role);
    if (found === undefined) throw notFound('Role', role);
    if (tenant === undefined) {
      const msg = 'either tenant or resource_instance must be given';
      throw unprocessable([{ loc: ['body', '__root__'], msg, type: 'value_error' }]);
    }
    if (tenant === null) throw notFound('Tenant', body.tenant ?? '');
    return { tenant, role: found.key };
  }
  const visible = switches.lag.hides === 'writes' ? laggingInstances() : world.instances;
  const instance = byIdent(visible, named);
  const [type] = instance === undefined ? splitInstance(named) : [instance.resource];
  const found = resourceRole(world, type, role);
  if (tenant === null) throw notFound('Tenant', body.tenant ?? '');
  if (instance === undefined) {
    if (switches.missingInstance === 'refuse' || tenant === undefined)
      throw notFound('ResourceInstance', named);
    return { tenant, role: found.key, resource: named };
  }
  if (tenant !== undefined && tenant !== instance.tenant) {
    const message = `the resource instance '${named}' is not in the tenant '${tenant}'`;
    throw refusal(409, 'MISMATCH_RESOURCE_INSTANCES_TENANTS', message);
  }
  return { tenant: instance.tenant, role: found.key, resource: `${instance.resource}:${instance.key}` };
}

function resourceRole(world: PermitWorld, type: string, role: string): PermitRole {
  const resource = world.resources.get(type);
  if (resource === undefined) throw notFound('Resource', type);
  const found = byIdent(new Map(Object.entries(resource.roles)), role);
  if (found === undefined) throw notFound('Role', `${type}#${role}`);
  return found;
}

/** @throws Refused with 404 if the user does not exist */
export function userOf(world: Pick<PermitWorld, 'users'>, ident: string): PermitUser {
  const user = world.users.find(ident);
  if (user === undefined) throw notFound('User', ident);
  return user;
}

/** @throws Refused with 404 for a user who is still hidden from writes */
export function mustBeVisible({ switches, laggingUsers }: Ask, ident: string): void {
  if (switches.lag.hides === 'writes') userOf({ users: laggingUsers() }, ident);
}

export const grantAt = (user: PermitUser, place: Place): PermitGrant | undefined => {
  const text = grantText(place);
  return user.grants.find((one) => grantText(one) === text);
};

/** Makes grants of resolved places. No user holds them yet. */
export function makeGrants({ world, stamp }: Ask, places: readonly Place[]): readonly PermitGrant[] {
  return places.map((place) => ({ id: nextId(world), ...place, created: stamp }));
}

/** Keeps a user, and makes the resource instances that its grants imply. */
export function saveUser({ world, switches }: Ask, user: PermitUser): void {
  world.users.set(user.key, user);
  if (switches.missingInstance === 'refuse') return;
  for (const { resource: name, tenant } of user.grants) {
    if (name === undefined || world.instances.has(name)) continue;
    const [resource, key] = splitInstance(name);
    world.instances.set(name, { id: nextId(world), resource, key, tenant, attributes: {} });
  }
}

/** The places without those that come twice. @throws Refused with 409 when one does and the switch says so */
export function distinctPlaces({ switches }: Ask, key: string, places: readonly Place[]): readonly Place[] {
  const distinct = new Map(places.map((place) => [grantText(place), place]));
  if (distinct.size < places.length && switches.duplicateAssign === 'conflict') {
    throw refusal(409, 'DUPLICATE_ENTITY', `a role is assigned twice to the user '${key}'`);
  }
  return [...distinct.values()];
}
