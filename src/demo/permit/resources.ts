import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, byIdent, counted, list, SCHEMA } from './ask.ts';
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
  type PermitDerivation,
  type PermitRelation,
  type PermitResource,
  type PermitRole,
  type PermitWorld,
} from './world.ts';

type ActionBody = { readonly name?: string | null; readonly description?: string | null };
type DerivationBody = {
  readonly role: string;
  readonly on_resource: string;
  readonly linked_by_relation: string;
};
type RoleBody = ActionBody & {
  readonly name: string;
  readonly permissions?: readonly string[] | null;
  readonly granted_to?: { readonly users_with_role?: readonly DerivationBody[] | null } | null;
};
type RelationBody = ActionBody & {
  readonly key: string;
  readonly name: string;
  readonly subject_resource: string;
};
type ResourceFields = {
  readonly name?: string | null;
  readonly urn?: string | null;
  readonly description?: string | null;
  readonly actions?: Readonly<Record<string, ActionBody>> | null;
  readonly roles?: Readonly<Record<string, RoleBody>> | null;
  readonly relations?: Readonly<Record<string, string>> | null;
};

const ACTION_SHAPE: Shape = { name: may(text), description: may(text), attributes: may(dictionary) };
const DERIVATION = shaped({ role: must(text), on_resource: must(text), linked_by_relation: must(text) });
const ROLE_UPDATE_SHAPE: Shape = {
  name: may(text),
  description: may(text),
  permissions: may(listOf(text)),
  granted_to: may(shaped({ users_with_role: may(listOf(DERIVATION)) })),
};
const ROLE_BLOCK_SHAPE: Shape = { ...ROLE_UPDATE_SHAPE, name: must(text) };
const RELATION_SHAPE: Shape = {
  key: must(matching(URL_KEY)),
  name: must(text),
  description: may(text),
  subject_resource: must(text),
};
/** Of `ResourceUpdate` the part that the emulator plays: no attributes. */
const RESOURCE_UPDATE_SHAPE: Shape = {
  name: may(text),
  urn: may(text),
  description: may(text),
  actions: may(dictionaryOf(shaped(ACTION_SHAPE))),
  roles: may(dictionaryOf(shaped(ROLE_BLOCK_SHAPE))),
  relations: may(dictionaryOf(text)),
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
      derivations: derivationsOf(ask.world, resource, body.granted_to),
    };
    const extended = { ...resource, roles: { ...resource.roles, [key]: role } };
    ask.world.resources.set(resource.key, extended);
    return ok(showResourceRole(ask, extended, role));
  }),
  on('PATCH', `${SCHEMA}/resources/{resource}/roles/{role}`, (ask, { resource: ident, role: key }) => {
    const body = readBody<Partial<RoleBody>>(ask.request, shaped(ROLE_UPDATE_SHAPE));
    const resource = resourceOf(ask.world, ident);
    const role = resource.roles[key];
    if (role === undefined) throw notFound('Role', `${resource.key}#${key}`);
    const patched: PermitRole = {
      ...role,
      name: body.name ?? role.name,
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.permissions == null ? {} : { permissions: ownActions(resource, body.permissions) }),
      ...(body.granted_to == null
        ? {}
        : { derivations: derivationsOf(ask.world, resource, body.granted_to) }),
    };
    const extended = { ...resource, roles: { ...resource.roles, [key]: patched } };
    ask.world.resources.set(resource.key, extended);
    return ok(showResourceRole(ask, extended, patched));
  }),
  on('GET', `${SCHEMA}/resources/{resource}/relations`, (ask, { resource: ident }) => {
    const resource = resourceOf(ask.world, ident);
    return ok(counted(ask, Object.keys(resource.relations ?? {}), (key) => showRelation(ask, resource, key)));
  }),
  on('POST', `${SCHEMA}/resources/{resource}/relations`, (ask, { resource: ident }) => {
    const { key, name, subject_resource } = readBody<RelationBody>(ask.request, shaped(RELATION_SHAPE));
    const resource = resourceOf(ask.world, ident);
    if (resource.relations?.[key] !== undefined) {
      throw refusal(409, 'DUPLICATE_ENTITY', `the relation '${resource.key}#${key}' exists already`);
    }
    const relation = { id: nextId(ask.world), name, subject: resourceOf(ask.world, subject_resource).key };
    const extended = { ...resource, relations: { ...resource.relations, [key]: relation } };
    ask.world.resources.set(resource.key, extended);
    return ok(showRelation(ask, extended, key));
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
  const relations: Record<string, PermitRelation> = { ...resource.relations };
  for (const [key, subject] of Object.entries(body.relations ?? {})) {
    relations[key] = { id: nextId(world), name: key, subject: resourceOf(world, subject).key };
  }
  const merged = {
    ...resource,
    relations,
    name: body.name ?? resource.name,
    ...(body.urn === undefined ? {} : { urn: body.urn }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.actions == null ? {} : { actions }),
  };
  if (body.roles == null) return merged;
  const roles: Record<string, PermitRole> = {};
  for (const [key, block] of Object.entries(body.roles)) {
    const { name, description = null, permissions } = block;
    const id = resource.roles[key]?.id ?? nextId(world);
    roles[key] = {
      ...{ id, key, name, description },
      permissions: ownActions(merged, permissions ?? []),
      derivations: derivationsOf(world, merged, block.granted_to),
    };
  }
  return { ...merged, roles };
}

/** A derivation needs an existing relation in this resource and an existing role in the other. */
function derivationsOf(
  world: PermitWorld,
  resource: PermitResource,
  granted: RoleBody['granted_to'],
): readonly PermitDerivation[] {
  return (granted?.users_with_role ?? []).map(
    ({ role, on_resource: other, linked_by_relation: relation }) => {
      const subject = resource.relations?.[relation]?.subject;
      if (subject !== other) throw notFound('Relation', `${resource.key}#${relation}`);
      if (world.resources.get(other)?.roles[role] === undefined) throw notFound('Role', `${other}#${role}`);
      return { role, resource: other, relation };
    },
  );
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

/** A deleted action is removed from all permissions. */
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
    relations: Object.fromEntries(
      Object.entries(resource.relations ?? {}).map(([relation, { subject }]) => [
        relation,
        { resource_id: ask.world.resources.get(subject)?.id, relation_name: relation, resource: subject },
      ]),
    ),
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

/** `RelationRead`. */
function showRelation(ask: Ask, resource: PermitResource, key: string) {
  const relation = resource.relations?.[key];
  const subject = relation?.subject ?? '';
  return {
    ...{ key, id: relation?.id, name: relation?.name, description: null, subject_resource: subject },
    ...belonging(ask.world),
    ...times,
    object_resource: resource.key,
    object_resource_id: resource.id,
    subject_resource_id: ask.world.resources.get(subject)?.id,
  };
}

/** `DerivedRoleBlockRead`; the role's id serves for the block too. */
function showDerivations(world: PermitWorld, resource: PermitResource, { id, derivations = [] }: PermitRole) {
  if (derivations.length === 0) return null;
  return {
    id,
    users_with_role: derivations.map(({ role, resource: other, relation }) => ({
      role,
      on_resource: other,
      linked_by_relation: relation,
      role_id: world.resources.get(other)?.roles[role]?.id,
      resource_id: world.resources.get(other)?.id,
      relation_id: resource.relations?.[relation]?.id,
    })),
  };
}

const showResourceRole = (ask: Ask, resource: PermitResource, role: PermitRole) => ({
  ...showRole(ask, role),
  granted_to: showDerivations(ask.world, resource, role),
  resource_id: resource.id,
  resource: resource.key,
});
