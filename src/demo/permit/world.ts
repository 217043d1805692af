import { TrackedMap } from '../tracked-map.ts';
import { Tuples } from './tuples.ts';

/** A role in a tenant, or on one resource instance ("type:key") of that tenant. Permit: role assignment. */
export type PermitGrant = {
  readonly id: string;
  readonly tenant: string;
  readonly role: string;
  readonly resource?: string;
  readonly created: string;
};

/** One user with everything assigned to it. Replace it to change it. */
export type PermitUser = {
  readonly id: string;
  readonly key: string;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** Permit does answer `null` here for users that were made without. */
  readonly attributes: Readonly<Record<string, unknown>> | null;
  readonly grants: readonly PermitGrant[];
  readonly created: string;
  readonly updated: string;
};

export type PermitTenant = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description?: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
};

/** `permissions` are "resource:action" in a role of the environment, and plain actions in a role of a resource. */
export type PermitRole = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description?: string | null;
  readonly permissions: readonly string[];
  /** Of a resource's role: the roles that it follows from. */
  readonly derivations?: readonly PermitDerivation[];
};

/** Who has `role` on an instance of `resource` has the derived role on every instance that `relation` links to it. */
export type PermitDerivation = {
  readonly role: string;
  readonly resource: string;
  readonly relation: string;
};

export type PermitAction = {
  readonly id: string;
  readonly name: string;
  readonly description?: string | null;
};

export type PermitResource = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description?: string | null;
  readonly urn?: string | null;
  readonly actions: Readonly<Record<string, PermitAction>>;
  /** The roles that people can hold on one instance of this type. */
  readonly roles: Readonly<Record<string, PermitRole>>;
  /** By key, with the resource of the subject. */
  readonly relations?: Readonly<Record<string, PermitRelation>>;
};

export type PermitRelation = { readonly id: string; readonly name: string; readonly subject: string };

export type PermitInstance = {
  readonly id: string;
  readonly resource: string;
  readonly key: string;
  readonly tenant: string;
  readonly attributes: Readonly<Record<string, unknown>>;
};

/**
 * What an API key reaches; each part is an id. Without `environment` it is a project's key, without both an
 * organization's.
 */
export type PermitKeyScope = {
  readonly organization: string;
  readonly project?: string;
  readonly environment?: string;
};

type Named = { readonly id: string; readonly key: string };

/** Everything that the emulated Permit knows: one environment. Plain data: tests change it while the emulator runs. */
export type PermitWorld = {
  readonly organization: Named;
  readonly project: Named;
  readonly environment: Named;
  readonly apiKeys: Map<string, PermitKeyScope>;
  readonly users: Users;
  readonly tenants: Map<string, PermitTenant>;
  readonly roles: Map<string, PermitRole>;
  readonly resources: Map<string, PermitResource>;
  /** By "type:key". */
  readonly instances: TrackedMap<string, PermitInstance>;
  /** By `tupleText`. */
  readonly tuples: Tuples;
  /** How many ids were given out. */
  ids: number;
};

/** Users by key, in the order in which they were made. */
export class Users extends TrackedMap<string, PermitUser> {
  readonly #keysById = new Map<string, string>();
  readonly #keysByEmail = new Map<string, string>();

  /** @throws when another user has the email */
  override set(key: string, user: PermitUser): this {
    const holder = user.email === null ? undefined : this.holderOf(user.email);
    if (holder !== undefined && holder !== key) throw new Error(`the email ${user.email} is taken`);
    this.#forget(key);
    this.#keysById.set(user.id, key);
    if (user.email !== null) this.#keysByEmail.set(user.email.toLowerCase(), key);
    return super.set(key, user);
  }

  override delete(key: string): boolean {
    this.#forget(key);
    return super.delete(key);
  }

  override clear(): void {
    this.#keysById.clear();
    this.#keysByEmail.clear();
    super.clear();
  }

  /** @param ident the key or the id: Permit accepts both everywhere */
  find(ident: string): PermitUser | undefined {
    return this.get(ident) ?? this.get(this.#keysById.get(ident) ?? '');
  }

  /** The key of the user who has this email; it is unique in an environment. */
  holderOf(email: string): string | undefined {
    return this.#keysByEmail.get(email.toLowerCase());
  }

  #forget(key: string): void {
    const user = this.get(key);
    if (user === undefined) return;
    this.#keysById.delete(user.id);
    if (user.email !== null) this.#keysByEmail.delete(user.email.toLowerCase());
  }
}

/** The API key of the default world's environment, and the one of its project. */
export const ENVIRONMENT_KEY = 'permit_key_env';
export const PROJECT_KEY = 'permit_key_project';

/** The creation time of everything in a world. Only users and their grants show their real time. */
export const ONCE = '2024-01-01T00:00:00+00:00';

/**
 * An environment `dev` of the project `main` with two API keys, the tenant `default`, and the roles `admin` and
 * `member`, which may do nothing yet.
 */
export function permitWorld(): PermitWorld {
  const world: PermitWorld = {
    organization: { id: makeId(1), key: 'acme' },
    project: { id: makeId(2), key: 'main' },
    environment: { id: makeId(3), key: 'dev' },
    apiKeys: new Map(),
    users: new Users(),
    tenants: new Map(),
    roles: new Map(),
    resources: new Map(),
    instances: new TrackedMap(),
    tuples: new Tuples(),
    ids: 3,
  };
  const { organization, project, environment } = world;
  const scope = { organization: organization.id, project: project.id };
  world.apiKeys.set(ENVIRONMENT_KEY, { ...scope, environment: environment.id });
  world.apiKeys.set(PROJECT_KEY, scope);
  addTenant(world, 'default', 'Default Tenant');
  addRole(world, 'admin');
  addRole(world, 'member');
  return world;
}

const makeId = (number: number): string => number.toString(16).padStart(32, '0');
export function nextId(world: PermitWorld): string {
  world.ids += 1;
  return makeId(world.ids);
}

export function addTenant(world: PermitWorld, key: string, name = key): PermitTenant {
  const tenant = { id: nextId(world), key, name, attributes: {} };
  world.tenants.set(key, tenant);
  return tenant;
}

/** @param permissions "resource:action" */
export function addRole(world: PermitWorld, key: string, permissions: readonly string[] = []): PermitRole {
  const role = { id: nextId(world), key, name: key, permissions };
  world.roles.set(key, role);
  return role;
}

/** @param roles the resource's own roles, with the actions that each may do */
export function addResource(
  world: PermitWorld,
  key: string,
  actions: readonly string[],
  roles: Readonly<Record<string, readonly string[]>> = {},
): PermitResource {
  const resource: PermitResource = {
    id: nextId(world),
    key,
    name: key,
    actions: Object.fromEntries(actions.map((action) => [action, { id: nextId(world), name: action }])),
    roles: Object.fromEntries(
      Object.entries(roles).map(([role, permissions]) => [
        role,
        { id: nextId(world), key: role, name: role, permissions },
      ]),
    ),
  };
  world.resources.set(key, resource);
  return resource;
}

/** @param name "type:key" */
export function addInstance(world: PermitWorld, name: string, tenant = 'default'): PermitInstance {
  const [resource = '', key = ''] = splitInstance(name);
  const instance = { id: nextId(world), resource, key, tenant, attributes: {} };
  world.instances.set(name, instance);
  return instance;
}

/** Deletes an instance, its tuples and the grants on it. */
export function dropInstance(world: PermitWorld, name: string): void {
  world.instances.delete(name);
  for (const [text, { subject, object }] of world.tuples)
    if (subject === name || object === name) world.tuples.delete(text);
  for (const user of [...world.users.values()]) {
    const grants = user.grants.filter(({ resource }) => resource !== name);
    if (grants.length < user.grants.length) world.users.set(user.key, { ...user, grants });
  }
}

/** "type:key" in two; the key may hold colons of its own. */
export function splitInstance(name: string): readonly [type: string, key: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

type NewUser = {
  readonly key: string;
  readonly email?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly attributes?: Readonly<Record<string, unknown>> | null;
  /** `tenant/role`, or `tenant/role@type:key`; nothing checks that they exist. */
  readonly grants?: readonly string[];
};
/** Makes a user, or replaces the one of that key. */
export function addPermitUser(world: PermitWorld, user: NewUser): PermitUser {
  const { key, email = null, firstName = null, lastName = null, attributes = {}, grants = [] } = user;
  const made: PermitUser = {
    id: nextId(world),
    key,
    email,
    firstName,
    lastName,
    attributes,
    grants: grants.map((grant) => ({ id: nextId(world), created: ONCE, ...parseGrant(grant) })),
    created: ONCE,
    updated: ONCE,
  };
  world.users.set(key, made);
  return made;
}

/** @param text `tenant/role`, or `tenant/role@type:key` */
function parseGrant(text: string): Pick<PermitGrant, 'tenant' | 'role' | 'resource'> {
  const { tenant, role, resource } =
    /^(?<tenant>[^/]+)\/(?<role>[^@]+)(?:@(?<resource>.+))?$/.exec(text)?.groups ?? {};
  if (tenant === undefined || role === undefined) throw new Error(`no grant: ${text}`);
  return { tenant, role, ...(resource === undefined ? {} : { resource }) };
}

/** `tenant/role`, or `tenant/role@type:key` */
export const grantText = ({
  tenant,
  role,
  resource,
}: Pick<PermitGrant, 'tenant' | 'role' | 'resource'>): string =>
  resource === undefined ? `${tenant}/${role}` : `${tenant}/${role}@${resource}`;

/** Gives a grant without any check. */
export function grant(world: PermitWorld, key: string, text: string): void {
  const user = world.users.get(key);
  if (user === undefined) throw new Error(`no user ${key}`);
  const made = { id: nextId(world), created: ONCE, ...parseGrant(text) };
  world.users.set(key, { ...user, grants: [...user.grants, made] });
}

/** Takes a grant, if it is there. */
export function revoke(world: PermitWorld, key: string, text: string): void {
  const user = world.users.get(key);
  if (user === undefined) throw new Error(`no user ${key}`);
  world.users.set(key, { ...user, grants: user.grants.filter((one) => grantText(one) !== text) });
}

export type PermitSnapshot = {
  readonly [key: string]: {
    readonly attributes: Readonly<Record<string, unknown>> | null;
    readonly email: string | null;
    readonly grants: readonly string[];
  };
};
/** Who may do what, for comparing end states: users sorted by key, grants sorted. */
export function snapshot(world: PermitWorld): PermitSnapshot {
  const users = [...world.users.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return Object.fromEntries(
    users.map(({ key, attributes, email, grants }) => [
      key,
      { attributes: structuredClone(attributes), email, grants: grants.map(grantText).sort() },
    ]),
  );
}
