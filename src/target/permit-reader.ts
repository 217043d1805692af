import pLimit from 'p-limit';
import { SyncError } from '../model/errors.ts';
import { compareText, type UserKey } from '../model/identity.ts';
import type { PermitReader } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import { parseUsersPage, type UsersPage } from './answers.ts';
import { findMissing, type Read } from './find-missing.ts';
import { type PermitSdk, undocumented } from './permit-sdk.ts';

/** The largest page that Permit serves. */
const PER_PAGE = 100;
const CONCURRENT_READS = 10;
/** A listing has no cursor and no order: when it does not add up it is read again this many times. */
const REREADS = 3;

type ReadOptions = { readonly sdk: PermitSdk; readonly stop: Stop; readonly retry?: RetryPolicy | undefined };

export function createPermitReader(options: ReadOptions): PermitReader {
  const read = <T>(ask: () => Promise<unknown>, parse: (body: unknown) => T | undefined): Promise<T> =>
    explained(() => readOnce(options, ask, parse));
  return {
    readUsers: () => readUsers(options.sdk, read),
    findMissing: (grants, users) => findMissing(options.sdk, read, grants, users),
  };
}

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
