import type {
  HeldPolicy,
  Label,
  PolicyChange,
  PolicyResource,
  PolicyRole,
  ResourceRole,
} from '../../../src/model/policy.ts';

type Held = {
  readonly resources?: Readonly<Record<string, readonly string[]>>;
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  readonly tenants?: readonly string[];
  readonly resourceRoles?: Readonly<Record<string, readonly string[]>>;
};

/** What Permit holds: resources with their actions, roles with their permissions; everything is called by its key. */
export function held({
  resources = {},
  roles = {},
  tenants = [],
  resourceRoles = {},
}: Held = {}): HeldPolicy {
  const label = (name: string): Label => ({ name, description: '' });
  return {
    resources: new Map(
      Object.entries(resources).map(([key, actions]) => [
        key,
        {
          ...label(key),
          actions: [...actions],
          roles: new Map(Object.entries(bareRoles(new Map(Object.entries(resourceRoles)).get(key) ?? []))),
          relations: new Map(),
        },
      ]),
    ),
    roles: new Map(
      Object.entries(roles).map(([key, permissions]) => [
        key,
        { ...label(key), permissions: [...permissions] },
      ]),
    ),
    tenants: new Map(tenants.map((key) => [key, label(key)])),
  };
}

/** Roles of a resource that may do nothing. */
export const bareRoles = (keys: readonly string[]): { readonly [role: string]: ResourceRole } =>
  Object.fromEntries(keys.map((role) => [role, { permissions: [], derivations: [] }]));

/** What Permit would hold after one change. @throws when Permit would refuse it. */
export function applyToHeld(now: HeldPolicy, change: PolicyChange): HeldPolicy {
  const resources = new Map(now.resources);
  const roles = new Map(now.roles);
  const tenants = new Map(now.tenants);
  const resource = (key: string): PolicyResource => must(resources.get(key), `no resource ${key}`);
  const role = (key: string): PolicyRole => must(roles.get(key), `no role ${key}`);
  const made = <V>(map: Map<string, V>, key: string, value: V): void => {
    if (map.has(key)) throw new Error(`${key} exists already`);
    map.set(key, value);
  };
  const labelOf = (key: string, { name = key, description = '' }: Partial<Label>): Label => ({
    name,
    description,
  });
  switch (change.kind) {
    case 'createResource':
      made(resources, change.resource, {
        ...labelOf(change.resource, change.label as Label),
        actions: [],
        roles: new Map(),
        relations: new Map(),
      });
      break;
    case 'updateResource':
      resources.set(change.resource, { ...resource(change.resource), ...(change.to as Label) });
      break;
    case 'createAction': {
      const { actions, ...rest } = resource(change.resource);
      if (actions.includes(change.action)) throw new Error(`${change.action} exists already`);
      resources.set(change.resource, { ...rest, actions: [...actions, change.action] });
      break;
    }
    case 'createResourceRole': {
      const { roles: own, ...rest } = resource(change.resource);
      if (own.has(change.role)) throw new Error(`${change.role} exists already`);
      const { permissions, derivations } = change;
      const more = new Map([...own, [change.role, { permissions, derivations }]]);
      resources.set(change.resource, { ...rest, roles: more });
      break;
    }
    case 'extendResourceRole': {
      const { roles: own, ...rest } = resource(change.resource);
      const now = must(own.get(change.role), `no role ${change.role}`);
      const extended = {
        permissions: [...now.permissions, ...change.permissions],
        derivations: [...now.derivations, ...change.derivations],
      };
      resources.set(change.resource, { ...rest, roles: new Map([...own, [change.role, extended]]) });
      break;
    }
    case 'createRelation': {
      const { relations, ...rest } = resource(change.resource);
      if (relations.has(change.relation)) throw new Error(`${change.relation} exists already`);
      const more = new Map([...relations, [change.relation, change.subject]]);
      resources.set(change.resource, { ...rest, relations: more });
      break;
    }
    case 'createRole':
      made(roles, change.role, { ...labelOf(change.role, change.label as Label), permissions: [] });
      break;
    case 'updateRole':
      roles.set(change.role, { ...role(change.role), ...(change.to as Label) });
      break;
    case 'addPermission': {
      const [type = '', action = ''] = change.permission.split(':');
      if (!resource(type).actions.includes(action)) throw new Error(`no action ${change.permission}`);
      const { permissions, ...rest } = role(change.role);
      if (permissions.includes(change.permission)) throw new Error(`${change.permission} is held already`);
      roles.set(change.role, { ...rest, permissions: [...permissions, change.permission] });
      break;
    }
    case 'removePermission': {
      const { permissions, ...rest } = role(change.role);
      if (!permissions.includes(change.permission)) throw new Error(`${change.permission} is not held`);
      roles.set(change.role, {
        ...rest,
        permissions: permissions.filter((one) => one !== change.permission),
      });
      break;
    }
    case 'createTenant':
      made(tenants, change.tenant, labelOf(change.tenant, change.label as Label));
      break;
    case 'updateTenant':
      tenants.set(change.tenant, {
        ...must(tenants.get(change.tenant), 'no tenant'),
        ...(change.to as Label),
      });
      break;
  }
  return { resources, roles, tenants };
}

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(what);
  return value;
}

/** A change in one line: `+ role admin`, `- member doc:read`, `~ tenant default {"name":"Default"}`. */
export function line(change: PolicyChange): string {
  switch (change.kind) {
    case 'createResource':
      return `+ resource ${change.resource} ${JSON.stringify(change.label)}`;
    case 'createRole':
      return `+ role ${change.role} ${JSON.stringify(change.label)}`;
    case 'createTenant':
      return `+ tenant ${change.tenant} ${JSON.stringify(change.label)}`;
    case 'updateResource':
      return `~ resource ${change.resource} ${JSON.stringify(change.to)}`;
    case 'updateRole':
      return `~ role ${change.role} ${JSON.stringify(change.to)}`;
    case 'updateTenant':
      return `~ tenant ${change.tenant} ${JSON.stringify(change.to)}`;
    case 'createAction':
      return `+ action ${change.resource}:${change.action}`;
    case 'createResourceRole':
      return `+ role ${change.role} of ${change.resource}`;
    case 'extendResourceRole':
      return `~ role ${change.role} of ${change.resource}`;
    case 'createRelation':
      return `+ relation ${change.resource}#${change.relation} to ${change.subject}`;
    case 'addPermission':
      return `+ ${change.role} ${change.permission}`;
    case 'removePermission':
      return `- ${change.role} ${change.permission}`;
  }
}
