import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { noContent, notFound, ok, refusal } from './answers.ts';
import { type Ask, belonging, FACTS, list } from './ask.ts';
import {
  ASSIGN_SHAPE,
  type AssignmentBody,
  grantAt,
  makeGrants,
  mustBeVisible,
  type Place,
  resolvePlace,
  saveUser,
  UNASSIGN_SHAPE,
  userOf,
} from './grants.ts';
import { listOf, readBody, readFlag, readWord, shaped } from './shapes.ts';
import { grantText, type PermitGrant, type PermitUser, type PermitWorld } from './world.ts';

/** The maximum of assignments in one bulk call. */
const MAX_ASSIGNMENTS = 2000;

const on = routesFor<Ask>();

export const assignmentRoutes: readonly Route<Ask>[] = [
  on('GET', `${FACTS}/role_assignments`, listAssignments),
  on('POST', `${FACTS}/role_assignments`, assign),
  on('DELETE', `${FACTS}/role_assignments`, unassign),
  on('POST', `${FACTS}/role_assignments/bulk`, assignMany),
  on('DELETE', `${FACTS}/role_assignments/bulk`, unassignMany),
];

type Assignment = { readonly user: PermitUser; readonly grant: PermitGrant };

const FILTERS = ['role', 'tenant', 'resource', 'resource_instance'] as const;

/** The filters `user`, `role` and `tenant` may come several times, and then any of the values will do. */
function listAssignments(ask: Ask): Answer {
  const { request, world } = ask;
  const users = ask.laggingUsers();
  if (readFlag(request, 'detailed'))
    throw refusal(501, 'UNEXPECTED_ERROR', 'the emulator has no detailed list');
  const wanted = new Map(FILTERS.map((name) => [name, new Set(request.search.getAll(name))]));
  const passes = (name: (typeof FILTERS)[number], value: string | undefined): boolean => {
    const values = wanted.get(name);
    return values === undefined || values.size === 0 || (value !== undefined && values.has(value));
  };
  const select = (users: Iterable<PermitUser>): Assignment[] =>
    [...users].flatMap((user) =>
      user.grants
        .filter(({ role, tenant, resource }) => {
          const type = resource?.split(':', 1)[0];
          return (
            passes('role', role) &&
            passes('tenant', tenant) &&
            passes('resource', type) &&
            passes('resource_instance', resource)
          );
        })
        .map((grant) => ({ user, grant })),
    );
  const idents = request.search.getAll('user');
  const name = `assignments ${JSON.stringify([...wanted.values()].map((values) => [...values]))}`;
  const selected =
    idents.length > 0
      ? select(new Set(idents.map((ident) => users.find(ident)).filter((user) => user !== undefined)))
      : users.derive(name, () => select(users.values()));
  const { repeatGrants, assignmentsPerPage } = ask.switches;
  const shown = repeatGrants ? selected.flatMap((one) => [one, one]) : selected;
  const [most, cut] = assignmentsPerPage === 'cut to 100' ? [1000, 100] : [assignmentsPerPage, undefined];
  return list(ask, shown, ({ user, grant }) => showAssignment(world, user, grant), most, cut);
}

/** `RoleAssignmentRead` of Permit's OpenAPI description. */
function showAssignment(world: PermitWorld, user: PermitUser, grant: PermitGrant) {
  const { tenant, role, resource } = grant;
  const instance = resource === undefined ? undefined : world.instances.get(resource);
  const roles = instance && world.resources.get(instance.resource)?.roles;
  return {
    id: grant.id,
    user: user.key,
    role,
    tenant,
    ...(resource === undefined
      ? {}
      : { resource_instance: resource, resource_instance_id: instance?.id ?? null }),
    user_id: user.id,
    role_id: (roles === undefined ? world.roles.get(role) : roles[role])?.id ?? null,
    tenant_id: world.tenants.get(tenant)?.id ?? null,
    ...belonging(world),
    created_at: grant.created,
  };
}

function assign(ask: Ask): Answer {
  const body = readBody<AssignmentBody>(ask.request, shaped(ASSIGN_SHAPE));
  const { world, switches } = ask;
  mustBeVisible(ask, body.user);
  const user = userOf(world, body.user);
  const place = resolvePlace(ask, body);
  const standing = grantAt(user, place);
  if (standing !== undefined) {
    if (switches.duplicateAssign === 'conflict') throw alreadyAssigned(user, place);
    return ok(showAssignment(world, user, standing));
  }
  const [made] = makeGrants(ask, [place]) as readonly [PermitGrant];
  saveUser(ask, { ...user, grants: [...user.grants, made] });
  return ok(showAssignment(world, user, made));
}

function unassign(ask: Ask): Answer {
  const body = readBody<AssignmentBody>(ask.request, shaped(UNASSIGN_SHAPE));
  const user = userOf(ask.world, body.user);
  const place = resolvePlace(ask, body);
  const standing = grantAt(user, place);
  if (standing === undefined) throw notAssigned(user, place);
  ask.world.users.set(user.key, { ...user, grants: user.grants.filter((one) => one !== standing) });
  return noContent;
}

/** All or nothing: everything is checked before anything changes. */
function assignMany(ask: Ask): Answer {
  const bodies = readBody<AssignmentBody[]>(ask.request, listOf(shaped(ASSIGN_SHAPE)));
  const policy = readWord(ask.request, 'missing_user_policy', ['fail', 'ignore', 'create']) ?? 'fail';
  if (policy === 'create') throw refusal(501, 'UNEXPECTED_ERROR', 'the emulator creates no user here');
  const additions = new Map<PermitUser, Map<string, Place>>();
  mustFit(bodies);
  const visible = ask.switches.lag.hides === 'writes' ? ask.laggingUsers() : ask.world.users;
  for (const body of bodies) {
    if (policy === 'ignore' && visible.find(body.user) === undefined) continue;
    userOf({ users: visible }, body.user);
    const user = userOf(ask.world, body.user);
    const place = resolvePlace(ask, body);
    const added = additions.get(user) ?? new Map<string, Place>();
    additions.set(user, added);
    if (grantAt(user, place) !== undefined || added.has(grantText(place))) {
      if (ask.switches.duplicateAssign === 'conflict') throw alreadyAssigned(user, place);
    } else added.set(grantText(place), place);
  }
  let created = 0;
  for (const [user, added] of additions) {
    const grants = makeGrants(ask, [...added.values()]);
    created += grants.length;
    if (grants.length > 0) saveUser(ask, { ...user, grants: [...user.grants, ...grants] });
  }
  return ok({ assignments_created: created });
}

/** All or nothing, except that unknown assignments can be ignored. */
function unassignMany(ask: Ask): Answer {
  const bodies = readBody<AssignmentBody[]>(ask.request, listOf(shaped(UNASSIGN_SHAPE)));
  const { world, switches } = ask;
  const lost = new Map<PermitUser, Set<PermitGrant>>();
  mustFit(bodies);
  for (const body of bodies) {
    const user = world.users.find(body.user);
    if (user === undefined && switches.bulkUnassignUnknown === 'ignore') continue;
    if (user === undefined) throw notFound('User', body.user);
    const place = resolvePlace(ask, body);
    const standing = grantAt(user, place);
    if (standing === undefined && switches.bulkUnassignUnknown === 'ignore') continue;
    if (standing === undefined) throw notAssigned(user, place);
    lost.set(user, (lost.get(user) ?? new Set()).add(standing));
  }
  let removed = 0;
  for (const [user, grants] of lost) {
    removed += grants.size;
    world.users.set(user.key, { ...user, grants: user.grants.filter((one) => !grants.has(one)) });
  }
  return ok({ assignments_removed: removed });
}

function mustFit(bodies: readonly unknown[]): void {
  if (bodies.length === 0) throw refusal(400, 'INVALID_INPUT', 'the list of role assignments is empty');
  if (bodies.length > MAX_ASSIGNMENTS) {
    throw refusal(403, 'FORBIDDEN_ACCESS', `a bulk call takes ${MAX_ASSIGNMENTS} role assignments at most`);
  }
}

const alreadyAssigned = (user: PermitUser, place: Place) =>
  refusal(409, 'DUPLICATE_ENTITY', `'${grantText(place)}' is assigned to the user '${user.key}' already`);
const notAssigned = (user: PermitUser, place: Place) =>
  notFound('RoleAssignment', `${user.key} ${grantText(place)}`);
