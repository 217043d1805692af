import type {
  Derivation,
  HeldPolicy,
  Label,
  LabelPart,
  PolicyResource,
  PolicyRole,
  ResourceRole,
} from '../model/policy.ts';
import type { NewThing, PolicyReader, PolicyWriter } from '../model/policy-ports.ts';
import { chunks, defined, isRecord, parseEach } from '../model/text/record.ts';
import { parseListing, parsePage } from './answers.ts';
import { PER_PAGE, readListing, readUncounted } from './read-listing.ts';
import { openRead, type Read, type RequestOptions, readOne, type WriteKind, write } from './requests.ts';

/** Permit's schema (resources, actions, relations, roles, permissions), and its tenants. */

const TENANTS_AT_ONCE = 10;

/** @param read sends one request; pass one that limits concurrency if others send requests at the same time. */
export function createPolicyReader(options: RequestOptions, read: Read = openRead(options)): PolicyReader {
  const { resources, resourceRoles, resourceRelations, roles, tenants } = options.sdk.api;
  const one = async <T>(ask: () => Promise<unknown>, parse: (body: unknown) => KeyedValue<T> | undefined) =>
    (await readOne(read, ask, parse))?.value;
  const whole = async (key: string, shown: ShownResource): Promise<PolicyResource> => {
    const page = (number: number) => ({ resourceKey: key, page: number, perPage: PER_PAGE });
    const [own, relations] = await Promise.all([
      shown.roles ?? readParts(read, `roles of ${key}`, (n) => resourceRoles.list(page(n)), roleOf(key)),
      shown.relations ??
        readParts(read, `relations of ${key}`, (n) => resourceRelations.list(page(n)), parseRelation),
    ]);
    return { ...shown, roles: own, relations };
  };
  const readShown = (key: string) => one(() => resources.get(key), parseResource);
  const readResource = async (key: string): Promise<PolicyResource | undefined> => {
    const shown = await readShown(key);
    return shown && whole(key, shown);
  };
  const readRole = (key: string): Promise<PolicyRole | undefined> => one(() => roles.get(key), parseRole);
  const readTenant = (key: string): Promise<Label | undefined> => one(() => tenants.get(key), parseLabeled);
  return {
    readPolicy: async (keys) => {
      const [shown, heldRoles, heldTenants] = await Promise.all([
        readAll(read, 'resources', (page) => resources.list(page), parseResource, readShown),
        readAll(read, 'roles', (page) => roles.list(page), parseRole, readRole),
        readTenants(keys, readTenant),
      ]);
      const complete = [...shown].map(async ([key, one]) => [key, await whole(key, one)] as const);
      const heldResources = new Map(await Promise.all(complete));
      return { resources: heldResources, roles: heldRoles, tenants: heldTenants } satisfies HeldPolicy;
    },
    readResource,
    readRole,
    readTenant,
  };
}

type PageParameters = { readonly page: number; readonly perPage: number; readonly includeTotalCount: true };
/** Permit may leave out the roles and the relations of a resource. */
type ShownResource = Omit<PolicyResource, 'roles' | 'relations'> & {
  readonly roles: PolicyResource['roles'] | undefined;
  readonly relations: PolicyResource['relations'] | undefined;
};
type KeyedValue<T> = { readonly key: string; readonly value: T };

async function readAll<T>(
  read: Read,
  what: string,
  list: (page: PageParameters) => Promise<unknown>,
  parse: (body: unknown) => KeyedValue<T> | undefined,
  readOneOf: (key: string) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const page = (number: number) =>
    read(
      () => list({ page: number, perPage: PER_PAGE, includeTotalCount: true }),
      (body) => parsePage(body, parse),
    );
  const isThere = async ({ key }: KeyedValue<T>): Promise<boolean> => (await readOneOf(key)) !== undefined;
  const found = await readListing({ what, page, keyOf: ({ key }) => key, isThere });
  return new Map([...found].map(([key, { value }]) => [key, value]));
}

/** The roles or the relations of one resource, by key: pages without a total. */
async function readParts<T>(
  read: Read,
  what: string,
  list: (page: number) => Promise<unknown>,
  parse: (body: unknown) => KeyedValue<T> | undefined,
): Promise<ReadonlyMap<string, T>> {
  const page = async (number: number) =>
    (
      await read(
        () => list(number),
        (body) => parseListing(body, parse),
      )
    ).items;
  const found = await readUncounted(what, page, ({ key }) => key);
  return new Map([...(found ?? [])].map(([key, { value }]) => [key, value]));
}

async function readTenants(
  keys: readonly string[],
  readTenant: PolicyReader['readTenant'],
): Promise<ReadonlyMap<string, Label>> {
  const found = new Map<string, Label>();
  for (const some of chunks(keys, TENANTS_AT_ONCE)) {
    const labels = await Promise.all(some.map(readTenant));
    for (const [index, label] of labels.entries()) if (label) found.set(some[index] ?? '', label);
  }
  return found;
}

/** A write that may have been processed is never sent again here. */
export function createPolicyWriter(options: RequestOptions): PolicyWriter {
  const { resources, resourceActions, resourceRelations, resourceRoles, roles, tenants } = options.sdk.api;
  const send = async (ask: () => Promise<unknown>, kind: WriteKind): Promise<void> => {
    await write(options, ask, kind);
  };
  const create = (ask: () => Promise<unknown>) => send(ask, { conflicts: [409] });
  /** A PATCH with the same body has the same effect however often it arrives. */
  const update = (ask: () => Promise<unknown>) => send(ask, { conflicts: [404, 409], repeatable: true });
  return {
    createResource: ({ actions, relations, roles: own, ...thing }) =>
      create(() =>
        resources.create({
          ...bodyOf(thing),
          actions: Object.fromEntries(actions.map((action) => [action, { name: action }])),
          ...(Object.keys(relations).length > 0 ? { relations: { ...relations } } : {}),
          ...(Object.keys(own).length > 0
            ? {
                roles: Object.fromEntries(Object.entries(own).map(([key, has]) => [key, roleBody(key, has)])),
              }
            : {}),
        }),
      ),
    // Never with `actions`: Permit would take away all that are not named.
    updateResource: (key, to) => update(() => resources.update(key, partOf(to))),
    createAction: (resource, action) =>
      create(() => resourceActions.create(resource, { key: action, name: action })),
    createRelation: (resource, relation, subject) =>
      create(() =>
        resourceRelations.create(resource, { key: relation, name: relation, subject_resource: subject }),
      ),
    createResourceRole: (resource, role, has) =>
      create(() => resourceRoles.create(resource, { key: role, ...roleBody(role, has) })),
    replaceResourceRole: (resource, role, has) =>
      update(() => resourceRoles.update(resource, role, partsOf(has))),
    createRole: (thing) => create(() => roles.create(bodyOf(thing))),
    // Never with `permissions`, for the same reason.
    updateRole: (key, to) => update(() => roles.update(key, partOf(to))),
    addPermissions: (role, permissions) => create(() => roles.assignPermissions(role, [...permissions])),
    removePermissions: (role, permissions) =>
      send(() => roles.removePermissions(role, [...permissions]), { conflicts: [404, 409] }),
    createTenant: (thing) => create(() => tenants.create(bodyOf(thing))),
    updateTenant: (key, to) => update(() => tenants.update(key, partOf(to))),
  };
}

const partOf = ({ name, description }: LabelPart) => defined({ name, description });

/** Permit requires a name: the key, if no name was given. */
const bodyOf = ({ key, label }: NewThing): { key: string; name: string; description?: string } => ({
  key,
  name: key,
  ...partOf(label),
});

/** What a role of a resource may do, and what it follows from; each left out where there is nothing to say. */
const partsOf = ({ permissions, derivations }: ResourceRole) => ({
  ...(permissions.length > 0 ? { permissions: [...permissions] } : {}),
  ...(derivations.length > 0
    ? {
        granted_to: {
          users_with_role: derivations.map(({ role, resource, relation }) => ({
            role,
            on_resource: resource,
            linked_by_relation: relation,
          })),
        },
      }
    : {}),
});

const roleBody = (name: string, has: ResourceRole) => ({ name, ...partsOf(has) });

/** Permit answers `null` for a missing description. */
function parseLabeled(body: unknown): KeyedValue<Label> | undefined {
  if (!isRecord(body) || typeof body.key !== 'string' || body.key === '') return undefined;
  const { key, name, description } = body;
  if (typeof name !== 'string') return undefined;
  return { key, value: { name, description: typeof description === 'string' ? description : '' } };
}

/** `actions` is an object by key; Permit's description leaves it optional. */
function parseResource(body: unknown): KeyedValue<ShownResource> | undefined {
  const labeled = parseLabeled(body);
  const actions = (body as { actions?: unknown } | null)?.actions ?? {};
  if (!labeled || !isRecord(actions)) return undefined;
  const { roles, relations } = body as { readonly roles?: unknown; readonly relations?: unknown };
  const shown = {
    roles: isRecord(roles) ? parseByKey(roles, roleOf(labeled.key)) : undefined,
    relations: isRecord(relations) ? parseByKey(relations, parseRelation) : undefined,
  };
  return { key: labeled.key, value: { ...labeled.value, actions: Object.keys(actions), ...shown } };
}

/** An object by key, whose values need not repeat it. @returns undefined if one is not as described. */
function parseByKey<T>(
  things: Readonly<Record<string, unknown>>,
  parse: (body: unknown) => KeyedValue<T> | undefined,
): ReadonlyMap<string, T> | undefined {
  const found = new Map<string, T>();
  for (const [key, one] of Object.entries(things)) {
    const value = isRecord(one) ? parse({ ...one, key })?.value : undefined;
    if (value === undefined) return undefined;
    found.set(key, value);
  }
  return found;
}

/** Permissions are shown as actions, or as "resource:action". */
const roleOf =
  (resource: string) =>
  (body: unknown): KeyedValue<ResourceRole> | undefined => {
    const role = parseRole(body);
    if (!role || !isRecord(body)) return undefined;
    const derivations = parseDerivations(body.granted_to);
    if (derivations === undefined) return undefined;
    const prefix = `${resource}:`;
    const permissions = role.value.permissions.map((one) =>
      one.startsWith(prefix) ? one.slice(prefix.length) : one,
    );
    return { key: role.key, value: { permissions, derivations } };
  };

/** `granted_to: {users_with_role: [{role, on_resource, linked_by_relation}]}`; either may be null. */
function parseDerivations(body: unknown): readonly Derivation[] | undefined {
  if (body === null || body === undefined) return [];
  if (!isRecord(body)) return undefined;
  return parseEach(body.users_with_role ?? [], (one) => {
    if (!isRecord(one)) return undefined;
    const { role, on_resource: resource, linked_by_relation: relation } = one;
    if (typeof role !== 'string' || typeof resource !== 'string' || typeof relation !== 'string')
      return undefined;
    return { role, resource, relation };
  });
}

/** In a resource the subject is called `resource`, in a list of relations `subject_resource`. */
function parseRelation(body: unknown): KeyedValue<string> | undefined {
  if (!isRecord(body) || typeof body.key !== 'string') return undefined;
  const subject = body.subject_resource ?? body.resource;
  return typeof subject === 'string' ? { key: body.key, value: subject } : undefined;
}

/** `permissions` are "resource:action"; Permit's description leaves them optional. */
function parseRole(body: unknown): KeyedValue<PolicyRole> | undefined {
  const labeled = parseLabeled(body);
  const permissions = (body as { permissions?: unknown } | null)?.permissions ?? [];
  if (!labeled || !Array.isArray(permissions)) return undefined;
  if (!permissions.every((one) => typeof one === 'string')) return undefined;
  return { key: labeled.key, value: { ...labeled.value, permissions } };
}
