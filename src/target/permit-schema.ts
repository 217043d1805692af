import { SyncError } from '../model/errors.ts';
import type { HeldPolicy, Label, LabelPart, PolicyResource, PolicyRole } from '../model/policy.ts';
import type { NewThing, PolicyReader, PolicyWriter } from '../model/policy-ports.ts';
import { WriteError } from '../model/ports.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import { explainPermitFailure } from './permit-reader.ts';
import { type PermitSdk, undocumented } from './permit-sdk.ts';

/** Permit's schema (resources, actions, roles, permissions), and its tenants. */

/** The largest page of resources and roles. */
const PER_PAGE = 100;
/** A listing has no cursor and no order: when it does not add up it is read again this many times. */
const REREADS = 3;
const TENANTS_AT_ONCE = 10;

type SchemaOptions = {
  readonly sdk: PermitSdk;
  readonly stop: Stop;
  readonly retry?: RetryPolicy | undefined;
};

export function createPolicyReader(options: SchemaOptions): PolicyReader {
  const { resources, roles, tenants } = options.sdk.api;
  const one = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => Named<T> | undefined) =>
    readOne(options, ask, parse);
  const readTenant = (key: string): Promise<Label | undefined> => one(() => tenants.get(key), parseLabeled);
  return {
    readPolicy: async (keys) => {
      const [heldResources, heldRoles, heldTenants] = await Promise.all([
        readAll(options, 'resources', (page) => resources.list(page), parseResource),
        readAll(options, 'roles', (page) => roles.list(page), parseRole),
        readTenants(keys, readTenant),
      ]);
      return { resources: heldResources, roles: heldRoles, tenants: heldTenants } satisfies HeldPolicy;
    },
    readResource: (key) => one(() => resources.get(key), parseResource),
    readRole: (key) => one(() => roles.get(key), parseRole),
    readTenant,
  };
}

type Page = { readonly page: number; readonly perPage: number; readonly includeTotalCount: true };
type Named<T> = { readonly key: string; readonly value: T };

/** All of a listing, by key: complete, or a failure. */
async function readAll<T>(
  options: SchemaOptions,
  what: string,
  list: (page: Page) => Promise<unknown>,
  parse: (body: unknown) => Named<T> | undefined,
): Promise<ReadonlyMap<string, T>> {
  let seen = '';
  for (let reading = 0; reading <= REREADS; reading++) {
    const found = new Map<string, T>();
    let total = 0;
    for (let page = 1; page === 1 || (page - 1) * PER_PAGE < total; page++) {
      const ask = (): Promise<unknown> => list({ page, perPage: PER_PAGE, includeTotalCount: true });
      const got = await read(options, ask, (body) => parsePage(body, parse));
      total = got.total;
      for (const { key, value } of got.items) found.set(key, value);
    }
    if (found.size === total) return found;
    seen = `${found.size} different ${what}, while it counts ${total}`;
  }
  throw new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of ${what} does not add up: ${REREADS + 1} readings, the last with ${seen}`,
    'somebody else is changing this environment right now: run again',
  );
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

const ABSENT = Symbol('404');

async function readOne<T>(
  options: SchemaOptions,
  ask: () => Promise<unknown>,
  parse: (body: unknown) => Named<T> | undefined,
): Promise<T | undefined> {
  const absent = (error: unknown): typeof ABSENT => {
    if (error instanceof HttpFailure && error.status === 404) return ABSENT;
    throw error;
  };
  const answer = await read(
    options,
    () => ask().catch(absent),
    (body) => (body === ABSENT ? { value: undefined } : parse(body)),
  );
  return answer.value;
}

/** @throws SyncError */
async function read<T>(
  { sdk, stop, retry }: SchemaOptions,
  ask: () => Promise<unknown>,
  parse: (body: unknown) => T | undefined,
): Promise<T> {
  const attempt = async (): Promise<T> => {
    stop.signal.throwIfAborted();
    await sdk.ready();
    const value = parse(await ask());
    if (value === undefined) throw undocumented('GET');
    return value;
  };
  try {
    return await withRetry(attempt, { stop, repeatable: true, ...(retry ? { policy: retry } : {}) });
  } catch (error) {
    throw error instanceof HttpFailure ? explainPermitFailure(error) : error;
  }
}

/** A change of the schema is small; a write that may have been worked off is never sent again from here. */
export function createPolicyWriter(options: SchemaOptions): PolicyWriter {
  const { resources, resourceActions, roles, tenants } = options.sdk.api;
  const create = (ask: () => Promise<unknown>) => write(options, ask, [409], false);
  /** A PATCH with the same body has the same effect however often it arrives. */
  const update = (ask: () => Promise<unknown>) => write(options, ask, [404, 409], true);
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
    createRole: (thing) => create(() => roles.create(bodyOf(thing))),
    // Never with `permissions`, for the same reason.
    updateRole: (key, to) => update(() => roles.update(key, partOf(to))),
    addPermissions: (role, permissions) => create(() => roles.assignPermissions(role, [...permissions])),
    removePermissions: (role, permissions) =>
      write(options, () => roles.removePermissions(role, [...permissions]), [404, 409], false),
    createTenant: (thing) => create(() => tenants.create(bodyOf(thing))),
    updateTenant: (key, to) => update(() => tenants.update(key, partOf(to))),
  };
}

function partOf({ name, description }: LabelPart): { name?: string; description?: string } {
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  };
}

/** Permit wants a name: the key where nobody gave another. */
const bodyOf = ({ key, label }: NewThing): { key: string; name: string; description?: string } => ({
  key,
  name: key,
  ...partOf(label),
});

async function write(
  { sdk, stop, retry }: SchemaOptions,
  ask: () => Promise<unknown>,
  conflicts: readonly number[],
  repeatable: boolean,
): Promise<void> {
  const attempt = async (): Promise<void> => {
    if (stop.signal.aborted) throw new WriteError('stopped', 'the run ended before it');
    await sdk.ready();
    await ask();
  };
  try {
    await withRetry(attempt, { stop, repeatable, ...(retry ? { policy: retry } : {}) });
  } catch (error) {
    throw toWriteError(error, stop, conflicts);
  }
}

function toWriteError(error: unknown, stop: Stop, conflicts: readonly number[]): unknown {
  if (error instanceof HttpFailure) {
    const message = `Permit answered ${error.status ?? 'nothing'} to ${error.request}: ${error.reply}`;
    if (error.ambiguous) return new WriteError('ambiguous', message);
    const status = error.status ?? 0;
    const hopeless = status === 401 || status === 403 || (status >= 300 && status < 400);
    if (error.throttled || !error.sent || hopeless) return new WriteError('unavailable', message);
    return new WriteError(conflicts.includes(status) ? 'conflict' : 'refused', message);
  }
  if (stop.signal.aborted && error === stop.signal.reason)
    return new WriteError('stopped', 'the run ended before it');
  return error instanceof SyncError && error.code === 'PERMIT_AUTH'
    ? new WriteError('unavailable', error.message)
    : error;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{data, total_count}`: what Permit answers when it is asked for the total. */
function parsePage<T>(
  body: unknown,
  parse: (item: unknown) => Named<T> | undefined,
): { readonly items: readonly Named<T>[]; readonly total: number } | undefined {
  if (!isRecord(body) || !Array.isArray(body.data)) return undefined;
  const { total_count: total } = body;
  if (typeof total !== 'number' || !Number.isSafeInteger(total) || total < 0) return undefined;
  const items = body.data.map(parse);
  return items.every((item) => item !== undefined) ? { items, total } : undefined;
}

/** Permit answers `null` for a description that nobody gave. */
function parseLabeled(body: unknown): Named<Label> | undefined {
  if (!isRecord(body) || typeof body.key !== 'string' || body.key === '') return undefined;
  const { key, name, description } = body;
  if (typeof name !== 'string') return undefined;
  return { key, value: { name, description: typeof description === 'string' ? description : '' } };
}

/** `actions` is an object by key; Permit's description leaves it optional. */
function parseResource(body: unknown): Named<PolicyResource> | undefined {
  const labeled = parseLabeled(body);
  const actions = (body as { actions?: unknown } | null)?.actions ?? {};
  if (!labeled || !isRecord(actions)) return undefined;
  return { key: labeled.key, value: { ...labeled.value, actions: Object.keys(actions) } };
}

/** `permissions` are "resource:action"; Permit's description leaves them optional. */
function parseRole(body: unknown): Named<PolicyRole> | undefined {
  const labeled = parseLabeled(body);
  const permissions = (body as { permissions?: unknown } | null)?.permissions ?? [];
  if (!labeled || !Array.isArray(permissions)) return undefined;
  if (!permissions.every((one) => typeof one === 'string')) return undefined;
  return { key: labeled.key, value: { ...labeled.value, permissions } };
}
