import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { shuffled } from '../shuffle.ts';
import { created, noContent, notFound, ok, refusal, unprocessable } from './answers.ts';
import { type Ask, belonging, byIdent, counted, FACTS, type PermitSwitches } from './ask.ts';
import {
  distinctPlaces,
  makeGrants,
  mustBeVisible,
  PLACE_SHAPE,
  type PlaceBody,
  resolvePlace,
  saveUser,
  userOf,
} from './grants.ts';
import {
  dictionary,
  email,
  listOf,
  matching,
  may,
  must,
  readBody,
  readFlag,
  readWord,
  type Shape,
  shaped,
  text,
  USER_KEY,
} from './shapes.ts';
import { nextId, type PermitUser, type PermitWorld, splitInstance } from './world.ts';

/** `UserUpdate` of Permit's OpenAPI description. */
type UserFields = {
  readonly email?: string | null;
  readonly first_name?: string | null;
  readonly last_name?: string | null;
  readonly attributes?: Readonly<Record<string, unknown>> | null;
};
/** `UserCreate`. */
export type UserBody = UserFields & {
  readonly key: string;
  readonly role_assignments?: readonly PlaceBody[] | null;
};

const UPDATE_SHAPE: Shape = {
  email: may(email),
  first_name: may(text),
  last_name: may(text),
  attributes: may(dictionary),
};
export const USER_SHAPE: Shape = {
  ...UPDATE_SHAPE,
  key: must(matching(USER_KEY)),
  role_assignments: may(listOf(shaped(PLACE_SHAPE))),
};

const on = routesFor<Ask>();

export const userRoutes: readonly Route<Ask>[] = [
  on('GET', `${FACTS}/users`, (ask) => pageOfUsers(ask, () => true)),
  on('GET', `${FACTS}/tenants/{tenant}/users`, (ask, { tenant }) => {
    const key = byIdent(ask.world.tenants, tenant)?.key;
    if (key === undefined) throw notFound('Tenant', tenant);
    return pageOfUsers(ask, (user) => user.grants.some((grant) => grant.tenant === key));
  }),
  on('POST', `${FACTS}/users`, (ask) => {
    const body = readBody<UserBody>(ask.request, shaped(USER_SHAPE));
    const standing = ask.world.users.get(body.key);
    if (standing && ask.switches.duplicateCreate === 'answer')
      return ok(showUser(ask.world, standing, ask.switches));
    const user = newUser(ask, body);
    saveUser(ask, user);
    return created(showUser(ask.world, user, ask.switches));
  }),
  on('GET', `${FACTS}/users/{user}`, (ask, { user }) => {
    const { world, switches } = ask;
    const users = switches.lag.hides === 'lists' ? world.users : ask.laggingUsers();
    return ok(showUser(world, userOf({ users }, user), switches, switches.singleUserInstanceRoles));
  }),
  on('PATCH', `${FACTS}/users/{user}`, patchUser),
  on('PUT', `${FACTS}/users/{user}`, (ask, { user: key }) => {
    const body = readBody<UserBody>(ask.request, shaped(USER_SHAPE));
    if (body.key !== key) {
      const msg = 'the key differs from the one in the path';
      throw unprocessable([{ loc: ['body', 'key'], msg, type: 'value_error' }]);
    }
    const standing = ask.world.users.get(key);
    const user = replacedUser(ask, body);
    saveUser(ask, user);
    return standing === undefined
      ? created(showUser(ask.world, user, ask.switches))
      : ok(showUser(ask.world, user, ask.switches));
  }),
  on('DELETE', `${FACTS}/users/{user}`, ({ world }, { user }) => {
    world.users.delete(userOf(world, user).key);
    return noContent;
  }),
];

/** Replaces each field that is given, `attributes` as a whole. */
function patchUser(ask: Ask, { user: ident }: { readonly user: string }): Answer {
  const body = readBody<UserFields>(ask.request, shaped(UPDATE_SHAPE));
  mustBeVisible(ask, ident);
  const user = userOf(ask.world, ident);
  mustBeFree(ask.world, user.key, body.email);
  const patched: PermitUser = {
    ...user,
    email: body.email === undefined ? user.email : body.email,
    firstName: body.first_name === undefined ? user.firstName : body.first_name,
    lastName: body.last_name === undefined ? user.lastName : body.last_name,
    attributes: body.attributes === undefined ? user.attributes : body.attributes,
    updated: ask.stamp,
  };
  ask.world.users.set(user.key, patched);
  return ok(showUser(ask.world, patched, ask.switches));
}

/** @throws Refused with 409 when the key or the email is taken, with 404 for a role that can't be assigned */
export function newUser(ask: Ask, body: UserBody): PermitUser {
  if (ask.world.users.has(body.key))
    throw refusal(409, 'DUPLICATE_ENTITY', `the user '${body.key}' exists already`);
  return userFrom(ask, body);
}

/** The user after a PUT, whether or not it is there already. */
export function replacedUser(ask: Ask, body: UserBody): PermitUser {
  const standing = ask.world.users.get(body.key);
  if (standing === undefined) return userFrom(ask, body);
  const kept = ask.switches.putKeepsAssignments ? standing.grants : [];
  const places = (body.role_assignments ?? []).map((place) => resolvePlace(ask, place));
  const fresh = distinctPlaces(ask, body.key, places).filter(
    ({ tenant, role, resource }) =>
      !kept.some((one) => one.tenant === tenant && one.role === role && one.resource === resource),
  );
  const { id, created: since } = standing;
  return { ...userFrom(ask, body, [...kept, ...makeGrants(ask, fresh)]), id, created: since };
}

function userFrom(ask: Ask, body: UserBody, grants?: PermitUser['grants']): PermitUser {
  const { world, stamp } = ask;
  mustBeFree(world, body.key, body.email);
  const places = (body.role_assignments ?? []).map((place) => resolvePlace(ask, place));
  return {
    id: nextId(world),
    key: body.key,
    email: body.email ?? null,
    firstName: body.first_name ?? null,
    lastName: body.last_name ?? null,
    attributes: body.attributes === undefined ? {} : body.attributes,
    grants: grants ?? makeGrants(ask, distinctPlaces(ask, body.key, places)),
    created: stamp,
    updated: stamp,
  };
}

function mustBeFree(world: PermitWorld, key: string, address: string | null | undefined): void {
  if (address == null) return;
  const holder = world.users.holderOf(address);
  if (holder !== undefined && holder !== key) {
    throw refusal(409, 'DUPLICATE_ENTITY', `the email '${address}' belongs to another user already`);
  }
}

function pageOfUsers(ask: Ask, belongs: (user: PermitUser) => boolean): Answer {
  const { request } = ask;
  const search = request.search.get('search')?.toLowerCase();
  const role = request.search.get('role');
  const operator = readWord(request, 'search_operator', ['startswith', 'endswith', 'contains']) ?? 'contains';
  const instanceRoles = readFlag(request, 'include_resource_instance_roles');
  const { name, users } = orderedUsers(ask);
  const fits = (user: PermitUser): boolean =>
    belongs(user) &&
    (search === undefined || searchable(user).some((one) => FITS[operator](one, search))) &&
    (role === null || user.grants.some((grant) => grant.role === role && grant.resource === undefined));
  const selected = ask
    .laggingUsers()
    .derive(`${request.path} ${operator} ${search} ${role} ${name}`, () => users.filter(fits));
  return ok(counted(ask, selected, (user) => showUser(ask.world, user, ask.switches, instanceRoles)));
}

const searchable = ({ key, email: address, firstName, lastName }: PermitUser): readonly string[] =>
  [key, address, firstName, lastName].map((one) => (one ?? '').toLowerCase());

const FITS = {
  startswith: (one: string, search: string) => one.startsWith(search),
  endswith: (one: string, search: string) => one.endsWith(search),
  contains: (one: string, search: string) => one.includes(search),
};

/** Permit promises no order. The name tells one order from another. */
function orderedUsers({ laggingUsers, switches, request, orders }: Ask): {
  name: string;
  users: readonly PermitUser[];
} {
  const users = laggingUsers();
  const stable = users.derive('stable', () => [...users.values()]);
  const { userOrder } = switches;
  if (userOrder === 'stable') return { name: userOrder, users: stable };
  if (userOrder === 'newest')
    return { name: userOrder, users: users.derive(userOrder, () => stable.toReversed()) };
  if (userOrder === 'key') {
    return {
      name: userOrder,
      users: users.derive(userOrder, () => stable.toSorted((a, b) => (a.key < b.key ? -1 : 1))),
    };
  }
  const isFirst = (request.search.get('page') ?? '1') === '1';
  if (isFirst || userOrder === 'unstable') orders.count += 1;
  const name = `shuffled ${orders.count}`;
  return { name, users: users.derive(name, () => shuffled(stable, orders.count)) };
}

/**
 * `UserRead` of Permit's OpenAPI description.
 * @param instanceRoles whether roles on resource instances are shown. A tenant with only such roles is listed either way,
 *   without roles
 */
function showUser(
  world: PermitWorld,
  user: PermitUser,
  { repeatGrants }: Pick<PermitSwitches, 'repeatGrants'>,
  instanceRoles = false,
) {
  const tenants = [...new Set(user.grants.map(({ tenant }) => tenant))];
  const grants = repeatGrants ? user.grants.flatMap((one) => [one, one]) : user.grants;
  const inTenants = grants.filter(({ resource }) => resource === undefined);
  return {
    key: user.key,
    id: user.id,
    ...belonging(world),
    associated_tenants: tenants.map((tenant) => ({
      tenant,
      roles: inTenants.filter((grant) => grant.tenant === tenant).map(({ role }) => role),
      status: 'active',
      resource_instance_roles: instanceRoles
        ? grants.flatMap((grant) => {
            if (grant.tenant !== tenant || grant.resource === undefined) return [];
            const [resource, key] = splitInstance(grant.resource);
            return [{ resource_instance: key, resource, role: grant.role }];
          })
        : [],
    })),
    roles: inTenants.map(({ role, tenant }) => ({ role, tenant })),
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    attributes: user.attributes,
    created_at: user.created,
    updated_at: user.updated,
  };
}
