import { SyncError } from '../model/errors.ts';
import type { Grant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import { type Assignment, type NewUser, type PermitWriter, WriteError } from '../model/ports.ts';
import type { PermitUser } from '../model/user.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import { parseDone, parseUser } from './answers.ts';
import { type PermitSdk, undocumented } from './permit-sdk.ts';

type WriteOptions = {
  readonly sdk: PermitSdk;
  readonly stop: Stop;
  readonly retry?: RetryPolicy | undefined;
};

/**
 * Permit's writes. A write that may have been worked off is never sent again from here: that is for the caller,
 * who reads first what Permit holds now.
 */
export function createPermitWriter(options: WriteOptions): PermitWriter {
  const { users, roleAssignments } = options.sdk.api;
  /** What is there, or gone, against expectation shows as one of these. */
  const create = (ask: () => Promise<unknown>): Promise<unknown> => write(options, ask, [409]);
  const remove = (ask: () => Promise<unknown>): Promise<unknown> => write(options, ask, [404, 409]);
  return {
    createUsers: async (batch) => {
      await create(() => users.bulkUserCreate(batch.map(toUserCreate)));
    },
    createUser: async (user) => {
      await create(() => users.create(toUserCreate(user)));
    },
    deleteUsers: async (batch) => {
      await remove(() => users.bulkUserDelete([...batch]));
    },
    deleteUser: async (user) => {
      await remove(() => users.delete(user));
    },
    assignRoles: async (batch) => {
      const answer = await create(() => roleAssignments.bulkAssign(batch.map(toAssignment)));
      return { done: parseDone(answer, 'assignments_created') };
    },
    assignRole: async (assignment) => {
      await create(() => roleAssignments.assign(toAssignment(assignment)));
    },
    unassignRoles: async (batch) => {
      const answer = await remove(() => roleAssignments.bulkUnassign(batch.map(toAssignment)));
      return { done: parseDone(answer, 'assignments_removed') };
    },
    unassignRole: async (assignment) => {
      await remove(() => roleAssignments.unassign(toAssignment(assignment)));
    },
    updateAttributes: async (user, change, email) => {
      const read = async (): Promise<PermitUser> => {
        const found = parseUser(await users.get(user));
        // Whatever else was answered, merging into it would lose the attributes that the user has.
        if (found?.key !== user) throw undocumented('GET');
        return found;
      };
      const now = await write(options, read, [404], true);
      const next = { attributes: change(now.attributes), ...(email === undefined ? {} : { email }) };
      // A PATCH with the same body has the same effect however often it arrives.
      await write(options, () => users.update(user, next), [404], true);
    },
  };
}

const toUserCreate = ({ key, attributes, names }: NewUser): UserCreate => ({
  key,
  attributes,
  ...(names?.firstName === undefined ? {} : { first_name: names.firstName }),
  ...(names?.lastName === undefined ? {} : { last_name: names.lastName }),
});

type UserCreate = {
  readonly key: string;
  readonly attributes: object;
  readonly first_name?: string;
  readonly last_name?: string;
};

function toAssignment({ user, grant }: Assignment): {
  user: UserKey;
  role: string;
  tenant: string;
  resource_instance?: string;
} {
  const { role, tenant, resource }: Grant = grant;
  return { user, role, tenant, ...(resource === undefined ? {} : { resource_instance: resource }) };
}

async function write<T>(
  { sdk, stop, retry }: WriteOptions,
  ask: () => Promise<T>,
  conflicts: readonly number[],
  repeatable = false,
): Promise<T> {
  let inDoubt: HttpFailure | undefined;
  const attempt = async (): Promise<T> => {
    if (stop.signal.aborted) throw new WriteError('stopped', 'the run ended before it');
    await sdk.ready();
    try {
      return await ask();
    } catch (error) {
      if (error instanceof HttpFailure && error.ambiguous && !/^GET\b/.test(error.request)) inDoubt = error;
      throw error;
    }
  };
  try {
    return await withRetry(attempt, { stop, repeatable, ...(retry ? { policy: retry } : {}) });
  } catch (error) {
    // Stopped before it could be repeated: it may have been done the first time.
    throw toWriteError(stop.signal.aborted && inDoubt ? inDoubt : error, stop, conflicts);
  }
}

function toWriteError(error: unknown, stop: Stop, conflicts: readonly number[]): unknown {
  if (error instanceof HttpFailure) {
    const message = `Permit answered ${error.status ?? 'nothing'} to ${error.request}: ${error.reply}`;
    if (error.ambiguous) return new WriteError('ambiguous', message);
    const status = error.status ?? 0;
    // A key that was good at the start and is refused now will not be taken for the next item either; nor will
    // something in between that sends this write elsewhere let the next one through.
    const hopeless = status === 401 || status === 403 || (status >= 300 && status < 400);
    if (error.throttled || !error.sent || hopeless) return new WriteError('unavailable', message);
    return new WriteError(conflicts.includes(status) ? 'conflict' : 'refused', message, error.culprits);
  }
  if (stop.signal.aborted && error === stop.signal.reason)
    return new WriteError('stopped', 'the run ended before it');
  return error instanceof SyncError && error.code === 'PERMIT_AUTH'
    ? new WriteError('unavailable', error.message)
    : error;
}
