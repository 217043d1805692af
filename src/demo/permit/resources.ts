import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, byIdent, list, SCHEMA } from './ask.ts';
import { showRole } from './roles.ts';
import {
  dictionary,
  dictionaryOf,
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
import {
  nextId,
  ONCE,
  type PermitAction,
  type PermitResource,
  type PermitRole,
  type PermitWorld,
} from './world.ts';

type ActionBody = { readonly name?: string | null; readonly description?: string | null };
type RoleBody = ActionBody & { readonly name: string; readonly permissions?: readonly string[] | null };
type ResourceFields = {
  readonly name?: string | null;
  readonly urn?: string | null;
  readonly description?: string | null;
  readonly actions?: Readonly<Record<string, ActionBody>> | null;
  readonly roles?: Readonly<Record<string, RoleBody>> | null;
};

const ACTION_SHAPE: Shape = { name: may(text), description: may(text), attributes: may(dictionary) };
const ROLE_BLOCK_SHAPE: Shape = { name: must(text), description: may(text), permissions: may(listOf(text)) };
/** Of `ResourceUpdate` the part that the emulator plays: no attributes, no relations. */
const RESOURCE_UPDATE_SHAPE: Shape = {
  name: may(text),
  urn: may(text),
  description: may(text),
  actions: may(dictionaryOf(shaped(ACTION_SHAPE))),
  roles: may(dictionaryOf(shaped(ROLE_BLOCK_SHAPE))),
};
const RESOURCE_SHAPE: Shape = {
  ...RESOURCE_UPDATE_SHAPE,
  key: must(matching(URL_KEY)),
  name: must(text),
  actions: must(dictionaryOf(shaped(ACTION_SHAPE))),
};
const NEW_ACTION_SHAPE: Shape = { ...ACTION_SHAPE, key: must(matching(URL_KEY)), name: must(text) };

const NEW_ROLE_SHAPE: Shape = { ...ROLE_BLOCK_SHAPE, key: must(matching(URL_KEY)) };

const on = routesFor<Ask>();

export const resourceRoutes: readonly Route<Ask>[] = [
  on('GET', `${SCHEMA}/resources`, (ask) => {
    // There are none that are built in.
    readFlag(ask.request, 'include_built_in');
    return list(ask, [...ask.world.resources.values()], (resource) => showResource(ask, resource));
  }),
  on('POST', `${SCHEMA}/resources`, (ask) => {
    const body = readBody<ResourceFields & { key: string; name: string }>(
      ask.request,
      shaped(RESOURCE_SHAPE),
    );
    const { resources } = ask.world;
    if (resources.has(body.key))
      throw refusal(409, 'DUPLICATE_ENTITY', `the resource '${body.key}' exists already`);
    const { key, name } = body;
    return saveResource(
      ask,
      withFields(ask, { id: nextId(ask.world), key, name, actions: {}, roles: {} }, body),
    );
  }),
  on('GET', `${SCHEMA}/resources/{resource}`, (ask, { resource }) =>
    ok(showResource(ask, resourceOf(ask.world, resource))),
  ),
  on('PATCH', `${SCHEMA}/resources/{resource}`, (ask, { resource: ident }) => {
    const body = readBody<ResourceFields>(ask.request, shaped(RESOURCE_UPDATE_SHAPE));
    const resource = withFields(ask, resourceOf(ask.world, ident), body);
    revokeWithout(ask.world, resource);
    return saveResource(ask, resource);
  }),
  on('GET', `${SCHEMA}/resources/{resource}/actions`, (ask, { resource: ident }) => {
    const resource = resourceOf(ask.world, ident);
    return list(ask, Object.keys(resource.actions), (key) => showAction(ask, resource, key));
  }),
  on('POST', `${SCHEMA}/resources/{resource}/actions`, (ask, { resource: ident }) => {
    const body = readBody<ActionBody & { key: string; name: string }>(ask.request, shaped(NEW_ACTION_SHAPE));
    const resource = resourceOf(ask.world, ident);
    const { key, name, description = null } = body;
    if (resource.actions[key] !== undefined) {
      throw refusal(409, 'DUPLICATE_ENTITY', `the action '${resource.key}:${key}' exists already`);
    }
    const actions = { ...resource.actions, [key]: { id: nextId(ask.world), name, description } };
    const extended = { ...resource, actions };
    ask.world.resources.set(resource.key, extended);
    return ok(showAction(ask, extended, key));
  }),
  on('POST', `${SCHEMA}/resources/{resource}/roles`, (ask, { resource: ident }) => {
    const body = readBody<RoleBody & { key: string }>(ask.request, shaped(NEW_ROLE_SHAPE));
    const resource = resourceOf(ask.world, ident);
    const { key, name, description = null, permissions } = body;
    if (resource.roles[key] !== undefined) {
      throw refusal(409, 'DUPLICATE_ENTITY', `the role '${resource.key}#${key}' exists already`);
    }
    const role = {
      ...{ id: nextId(ask.world), key, name, description },
      permissions: ownActions(resource, permissions ?? []),
    };
    const extended = { ...resource, roles: { ...resource.roles, [key]: role } };
    ask.world.resources.set(resource.key, extended);
    return ok(showResourceRole(ask, extended, role));
  }),
  on('GET', `${SCHEMA}/resources/{resource}/roles`, (ask, { resource: ident }) => {
    const resource = resourceOf(ask.world, ident);
    return list(ask, Object.values(resource.roles), (role) => showResourceRole(ask, resource, role));
  }),
];

function resourceOf(world: PermitWorld, ident: string): PermitResource {
  const resource = byIdent(world.resources, ident);
  if (resource === undefined) throw notFound('Resource', ident);
  return resource;
}

function saveResource(ask: Ask, resource: PermitResource): Answer {
  ask.world.resources.set(resource.key, resource);
  return ok(showResource(ask, resource));
}

/** Each field that is given replaces the whole of what there was; actions and roles that stay keep their ids. */
function withFields({ world }: Ask, resource: PermitResource, body: ResourceFields): PermitResource {
  const actions: Record<string, PermitAction> = {};
  for (const [key, { name, description = null }] of Object.entries(body.actions ?? {})) {
    actions[key] = { id: resource.actions[key]?.id ?? nextId(world), name: name ?? key, description };
  }
  const merged = {
    ...resource,
    name: body.name ?? resource.name,
    ...(body.urn === undefined ? {} : { urn: body.urn }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.actions == null ? {} : { actions }),
  };
  if (body.roles == null) return merged;
  const roles: Record<string, PermitRole> = {};
  for (const [key, { name, description = null, permissions }] of Object.entries(body.roles)) {
    const id = resource.roles[key]?.id ?? nextId(world);
    roles[key] = { id, key, name, description, permissions: ownActions(merged, permissions ?? []) };
  }
  return { ...merged, roles };
}

/** A resource's role may hold its own actions only, by name or as "resource:action". */
function ownActions(resource: PermitResource, permissions: readonly string[]): readonly string[] {
  return permissions.map((permission) => {
    const prefix = `${resource.key}:`;
    const action = permission.startsWith(prefix) ? permission.slice(prefix.length) : permission;
    if (resource.actions[action] === undefined) throw notFound('Action', `${resource.key}:${action}`);
    return action;
  });
}

/** An action that is gone is nobody's permission any more. */
function revokeWithout(world: PermitWorld, { key, actions }: PermitResource): void {
  for (const role of world.roles.values()) {
    const permissions = role.permissions.filter((permission) => {
      const [resource, action = ''] = permission.split(':');
      return resource !== key || actions[action] !== undefined;
    });
    if (permissions.length < role.permissions.length) world.roles.set(role.key, { ...role, permissions });
  }
}

const times = { created_at: ONCE, updated_at: ONCE };

/** `ResourceRead` of Permit's OpenAPI description. */
function showResource(ask: Ask, resource: PermitResource) {
  const { key, id, name, urn = null, description = null, actions, roles } = resource;
  return {
    key,
    id,
    ...belonging(ask.world),
    ...times,
    name,
    urn,
    description,
    actions: Object.fromEntries(
      Object.entries(actions).map(([action, block]) => [action, { ...block, key: action }]),
    ),
    attributes: {},
    roles: Object.fromEntries(
      Object.entries(roles).map(([role, block]) => [role, showResourceRole(ask, resource, block)]),
    ),
    relations: {},
    action_groups: {},
  };
}

function showAction(ask: Ask, resource: PermitResource, key: string) {
  const action = resource.actions[key];
  return {
    ...action,
    key,
    permission_name: `${resource.key}:${key}`,
    ...belonging(ask.world),
    resource_id: resource.id,
    ...times,
  };
}

const showResourceRole = (ask: Ask, resource: PermitResource, role: PermitRole) => ({
  ...showRole(ask, role),
  resource_id: resource.id,
  resource: resource.key,
});
