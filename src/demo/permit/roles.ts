import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, byIdent, list, SCHEMA } from './ask.ts';
import { listOf, matching, may, must, readBody, type Shape, shaped, text, URL_KEY } from './shapes.ts';
import { nextId, ONCE, type PermitRole, type PermitWorld } from './world.ts';

type RoleFields = {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly permissions?: readonly string[] | null;
};

/** Of `RoleUpdate` the part that the emulator plays: no attributes, no derivation, no hierarchy of roles. */
const ROLE_UPDATE_SHAPE: Shape = { name: may(text), description: may(text), permissions: may(listOf(text)) };
const ROLE_SHAPE: Shape = { ...ROLE_UPDATE_SHAPE, key: must(matching(URL_KEY)), name: must(text) };
const PERMISSIONS_SHAPE: Shape = { permissions: must(listOf(text)) };

const on = routesFor<Ask>();

/** The roles of the environment, which are assigned in tenants. */
export const roleRoutes: readonly Route<Ask>[] = [
  on('GET', `${SCHEMA}/roles`, (ask) =>
    list(ask, [...ask.world.roles.values()], (role) => showRole(ask, role)),
  ),
  on('POST', `${SCHEMA}/roles`, (ask) => {
    const body = readBody<RoleFields & { key: string; name: string }>(ask.request, shaped(ROLE_SHAPE));
    const { key, name, description = null, permissions } = body;
    if (ask.world.roles.has(key)) throw refusal(409, 'DUPLICATE_ENTITY', `the role '${key}' exists already`);
    const known = knownPermissions(ask.world, permissions ?? []);
    return saveRole(ask, { id: nextId(ask.world), key, name, description, permissions: known });
  }),
  on('GET', `${SCHEMA}/roles/{role}`, (ask, { role }) => ok(showRole(ask, roleOf(ask.world, role)))),
  on('PATCH', `${SCHEMA}/roles/{role}`, (ask, { role: ident }) => {
    const body = readBody<RoleFields>(ask.request, shaped(ROLE_UPDATE_SHAPE));
    const role = roleOf(ask.world, ident);
    const permissions =
      body.permissions == null ? role.permissions : knownPermissions(ask.world, body.permissions);
    const described = body.description === undefined ? {} : { description: body.description };
    return saveRole(ask, { ...role, name: body.name ?? role.name, permissions, ...described });
  }),
  on('POST', `${SCHEMA}/roles/{role}/permissions`, (ask, { role: ident }) => {
    const { role, named } = readPermissions(ask, ident);
    return saveRole(ask, { ...role, permissions: [...new Set([...role.permissions, ...named])] });
  }),
  on('DELETE', `${SCHEMA}/roles/{role}/permissions`, (ask, { role: ident }) => {
    const { role, named } = readPermissions(ask, ident);
    return saveRole(ask, { ...role, permissions: role.permissions.filter((one) => !named.includes(one)) });
  }),
];

function roleOf(world: PermitWorld, ident: string): PermitRole {
  const role = byIdent(world.roles, ident);
  if (role === undefined) throw notFound('Role', ident);
  return role;
}

/** Permissions that are given already, or taken already, are passed over. */
function readPermissions(ask: Ask, ident: string) {
  const { permissions } = readBody<{ permissions: string[] }>(ask.request, shaped(PERMISSIONS_SHAPE));
  return { role: roleOf(ask.world, ident), named: knownPermissions(ask.world, permissions) };
}

/** Permit knows no pattern for permissions: each action is named. @throws Refused with 400 or 404 */
function knownPermissions(world: PermitWorld, permissions: readonly string[]): readonly string[] {
  for (const permission of permissions) {
    const [resource, action, ...rest] = permission.split(':');
    if (!resource || !action || rest.length > 0) {
      throw refusal(400, 'INVALID_PERMISSION_FORMAT', `'${permission}' is not of the form resource:action`);
    }
    if (world.resources.get(resource)?.actions[action] === undefined) throw notFound('Action', permission);
  }
  return [...new Set(permissions)];
}

function saveRole(ask: Ask, role: PermitRole): Answer {
  ask.world.roles.set(role.key, role);
  return ok(showRole(ask, role));
}

/** `RoleRead` of Permit's OpenAPI description. */
export function showRole({ world }: Ask, { id, key, name, description = null, permissions }: PermitRole) {
  return {
    key,
    id,
    ...belonging(world),
    created_at: ONCE,
    updated_at: ONCE,
    name,
    description,
    permissions,
    attributes: null,
    extends: [],
    granted_to: null,
  };
}
