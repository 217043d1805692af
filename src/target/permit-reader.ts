import pLimit from 'p-limit';
import { SyncError } from '../model/errors.ts';
import { type Grant, grantId } from '../model/grant.ts';
import { compareText, type UserKey } from '../model/identity.ts';
import type { Missing, PermitReader } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import { parseKeys, parseUsersPage, type UsersPage } from './answers.ts';
import { type PermitSdk, undocumented } from './permit-sdk.ts';

/** The largest page that Permit serves, of users, roles and tenants alike. */
const PER_PAGE = 100;
const CONCURRENT_READS = 10;
/** A listing has no cursor and no order: when it does not add up it is read again this many times. */
const REREADS = 3;
/** Up to this many tenants are asked for one by one; more are found in the listing. */
const SINGLE_TENANTS = 3;

type ReadOptions = { readonly sdk: PermitSdk; readonly stop: Stop; readonly retry?: RetryPolicy | undefined };

export function createPermitReader(options: ReadOptions): PermitReader {
  const read = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => T | undefined): Promise<T> =>
    explained(() => readOnce(options, ask, parse));
  return {
    readUsers: () => readUsers(options.sdk, read),
    findMissing: (grants, users) => findMissing(options.sdk, read, grants, users),
  };
}

type Read = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => T | undefined) => Promise<T>;

async function readOnce<T>(
  { sdk, stop, retry }: ReadOptions,
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
  return withRetry(attempt, { stop, repeatable: true, ...(retry ? { policy: retry } : {}) });
}

/** Turns a failed read into what the operator reads. A partial read is a failure, never a shorter list. */
async function explained<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof HttpFailure) throw explainPermitFailure(error);
    throw error;
  }
}

export function explainPermitFailure(failure: HttpFailure): SyncError {
  const said = `${failure.status === undefined ? '' : `${failure.status} `}${failure.reply}`;
  if (failure.status === 401 || failure.status === 403) {
    return new SyncError(
      'PERMIT_AUTH',
      `Permit refuses the API key for ${failure.request} (${said})`,
      'set PERMIT_API_KEY to a key of the environment (Permit › Settings › API keys)',
    );
  }
  return new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit gave no usable answer to ${failure.request} (${said})`,
    'see status.permit.io and PERMIT_API_URL, then run again',
  );
}

async function readUsers(sdk: PermitSdk, read: Read): Promise<readonly PermitUser[]> {
  const limit = pLimit(CONCURRENT_READS);
  const page = (number: number): Promise<UsersPage> =>
    limit(() => read(() => sdk.api.users.list({ page: number, perPage: PER_PAGE }), parseUsersPage));
  let seen = '';
  for (let reading = 0; reading <= REREADS; reading++) {
    const first = await page(1);
    const numbers = Array.from(
      { length: Math.max(0, Math.ceil(first.total / PER_PAGE) - 1) },
      (_, i) => i + 2,
    );
    const pages = [first, ...(await Promise.all(numbers.map(page)))];
    const users = new Map<UserKey, PermitUser>();
    for (const user of pages.flatMap((one) => one.users)) users.set(user.key, user);
    if (pages.every(({ total }) => total === users.size)) return [...users.values()].sort(compareUsers);
    seen = `${users.size} different users, while it counts ${pages.at(-1)?.total}`;
  }
  throw new SyncError(
    'PERMIT_UNAVAILABLE',
    `Permit's list of users does not add up: ${REREADS + 1} readings, the last with ${seen}`,
    'somebody else is writing to this environment right now: run again',
  );
}

const compareUsers = (a: PermitUser, b: PermitUser): number => compareText(a.key, b.key);

async function findMissing(
  sdk: PermitSdk,
  read: Read,
  grants: readonly Grant[],
  users: readonly PermitUser[],
): Promise<Missing> {
  // What somebody holds exists; it need not be asked for.
  const held = new Set(users.flatMap((user) => user.grants).map(grantId));
  const doubtful = grants.filter((grant) => !held.has(grantId(grant)));
  if (doubtful.length === 0) return { roles: [], tenants: [] };
  const heldTenants = new Set(users.flatMap((user) => user.grants).map(({ tenant }) => tenant));
  const wantedRoles = distinct(
    doubtful.filter(({ resource }) => resource === undefined).map(({ role }) => role),
  );
  const wantedTenants = distinct(doubtful.map(({ tenant }) => tenant)).filter(
    (tenant) => !heldTenants.has(tenant),
  );
  const [roles, tenants] = await Promise.all([
    wantedRoles.length === 0
      ? new Set<string>()
      : listKeys(read, (page) => sdk.api.roles.list({ page, perPage: PER_PAGE })),
    findTenants(sdk, read, wantedTenants),
  ]);
  return {
    roles: wantedRoles.filter((role) => !roles.has(role)),
    tenants: wantedTenants.filter((tenant) => !tenants.has(tenant)),
  };
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)].sort(compareText);

async function findTenants(
  sdk: PermitSdk,
  read: Read,
  wanted: readonly string[],
): Promise<ReadonlySet<string>> {
  if (wanted.length > SINGLE_TENANTS) {
    return listKeys(read, (page) => sdk.api.tenants.list({ page, perPage: PER_PAGE }));
  }
  const found = await Promise.all(
    wanted.map((tenant) =>
      read(
        () => sdk.api.tenants.get(tenant).catch(absent),
        (body) => (body === ABSENT ? [] : parseKeys([body])),
      ),
    ),
  );
  return new Set(found.flat());
}

const ABSENT = Symbol('404');

function absent(error: unknown): typeof ABSENT {
  if (error instanceof HttpFailure && error.status === 404) return ABSENT;
  throw error;
}

/** All keys of a listing that is a bare array: a page that is not full is the last one. */
async function listKeys(read: Read, ask: (page: number) => Promise<unknown>): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (let page = 1; ; page++) {
    const found = await read(() => ask(page), parseKeys);
    for (const key of found) keys.add(key);
    if (found.length < PER_PAGE) return keys;
  }
}
