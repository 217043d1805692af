import type { HeldPolicy, Label, LabelPart, PolicyResource, PolicyRole } from '../model/policy.ts';
import type { NewThing, PolicyReader, PolicyWriter } from '../model/policy-ports.ts';
import { defined, isRecord } from '../model/text/record.ts';
import { parsePage, parseResourceRoles } from './answers.ts';
import { resourceListing } from './keyed-listings.ts';
import { PER_PAGE, readListing } from './read-listing.ts';
import { openRead, type Read, type RequestOptions, readOne, type WriteKind, write } from './requests.ts';

/** Permit's schema (resources, actions, roles, permissions), and its tenants. */

const TENANTS_AT_ONCE = 10;

export function createPolicyReader(options: RequestOptions): PolicyReader {
  const { resources, roles, tenants } = options.sdk.api;
  const read = openRead(options);
  const one = async <T>(ask: () => Promise<unknown>, parse: (body: unknown) => Named<T> | undefined) =>
    (await readOne(read, ask, parse))?.value;
  const rolesOf = resourceListing(options.sdk, read, new Map()).one;
  const withRoles = async (
    key: string,
    { roles: shown, ...rest }: ShownResource,
  ): Promise<PolicyResource> => ({
    ...rest,
    roles: shown ?? [...((await rolesOf(key)) ?? [])],
  });
  const readShown = (key: string) => one(() => resources.get(key), parseResource);
  const readResource = async (key: string): Promise<PolicyResource | undefined> => {
    const shown = await readShown(key);
    return shown && withRoles(key, shown);
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
      const complete = [...shown].map(async ([key, one]) => [key, await withRoles(key, one)] as const);
      const heldResources = new Map(await Promise.all(complete));
      return { resources: heldResources, roles: heldRoles, tenants: heldTenants } satisfies HeldPolicy;
    },
    readResource,
    readRole,
    readTenant,
  };
}

type Page = { readonly page: number; readonly perPage: number; readonly includeTotalCount: true };
/** Permit may leave out the roles of a resource. */
type ShownResource = Omit<PolicyResource, 'roles'> & { readonly roles: readonly string[] | undefined };
type Named<T> = { readonly key: string; readonly value: T };

async function readAll<T>(
  read: Read,
  what: string,
  list: (page: Page) => Promise<unknown>,
  parse: (body: unknown) => Named<T> | undefined,
  readOneOf: (key: string) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const page = (number: number) =>
    read(
      () => list({ page: number, perPage: PER_PAGE, includeTotalCount: true }),
      (body) => parsePage(body, parse),
    );
  const isThere = async (key: string): Promise<boolean> => (await readOneOf(key)) !== undefined;
  const found = await readListing({ what, page, keyOf: ({ key }) => key, isThere });
  return new Map([...found].map(([key, { value }]) => [key, value]));
}

async function readTenants(
  keys: readonly string[],
  readTenant: PolicyReader['readTenant'],
): Promise<ReadonlyMap<string, Label>> {
  const found = new Map<string, Label>();
  for (let start = 0; start < keys.length; start += TENANTS_AT_ONCE) {
    const some = keys.slice(start, start + TENANTS_AT_ONCE);
    const labels = await Promise.all(some.map(readTenant));
    for (const [index, label] of labels.entries()) if (label) found.set(some[index] ?? '', label);
  }
  return found;
}

/** A write that may have been processed is never sent again here. */
export function createPolicyWriter(options: RequestOptions): PolicyWriter {
  const { resources, resourceActions, resourceRoles, roles, tenants } = options.sdk.api;
  const send = async (ask: () => Promise<unknown>, kind: WriteKind): Promise<void> => {
    await write(options, ask, kind);
  };
  const create = (ask: () => Promise<unknown>) => send(ask, { conflicts: [409] });
  /** A PATCH with the same body has the same effect however often it arrives. */
  const update = (ask: () => Promise<unknown>) => send(ask, { conflicts: [404, 409], repeatable: true });
  return {
    createResource: ({ actions, ...thing }) =>
      create(() =>
        resources.create({
          ...bodyOf(thing),
          actions: Object.fromEntries(actions.map((action) => [action, { name: action }])),
        }),
      ),
    // Never with `actions`: Permit would take away all that are not named.
    updateResource: (key, to) => update(() => resources.update(key, partOf(to))),
    createAction: (resource, action) =>
      create(() => resourceActions.create(resource, { key: action, name: action })),
    createResourceRole: (resource, role) =>
      create(() => resourceRoles.create(resource, { key: role, name: role })),
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

/** Permit wants a name: the key where nobody gave another. */
const bodyOf = ({ key, label }: NewThing): { key: string; name: string; description?: string } => ({
  key,
  name: key,
  ...partOf(label),
});

/** Permit answers `null` for a description that nobody gave. */
function parseLabeled(body: unknown): Named<Label> | undefined {
  if (!isRecord(body) || typeof body.key !== 'string' || body.key === '') return undefined;
  const { key, name, description } = body;
  if (typeof name !== 'string') return undefined;
  return { key, value: { name, description: typeof description === 'string' ? description : '' } };
}

/** `actions` is an object by key; Permit's description leaves it optional. */
function parseResource(body: unknown): Named<ShownResource> | undefined {
  const labeled = parseLabeled(body);
  const actions = (body as { actions?: unknown } | null)?.actions ?? {};
  if (!labeled || !isRecord(actions)) return undefined;
  const roles = parseResourceRoles(body)?.roles;
  return { key: labeled.key, value: { ...labeled.value, actions: Object.keys(actions), roles } };
}

/** `permissions` are "resource:action"; Permit's description leaves them optional. */
function parseRole(body: unknown): Named<PolicyRole> | undefined {
  const labeled = parseLabeled(body);
  const permissions = (body as { permissions?: unknown } | null)?.permissions ?? [];
  if (!labeled || !Array.isArray(permissions)) return undefined;
  if (!permissions.every((one) => typeof one === 'string')) return undefined;
  return { key: labeled.key, value: { ...labeled.value, permissions } };
}
