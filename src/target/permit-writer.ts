import { SyncError } from '../model/errors.ts';
import type { Grant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import { type Assignment, type NewUser, type PermitWriter, WriteError } from '../model/ports.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { type RetryPolicy, withRetry } from '../net/retry.ts';
import type { Stop } from '../net/stop.ts';
import { parseAttributes, parseDone } from './answers.ts';
import type { PermitSdk } from './permit-sdk.ts';

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
    updateAttributes: async (user, change) => {
      const now = await write(options, () => users.get(user), [404], true);
      const attributes = parseAttributes((now as { attributes?: unknown } | null)?.attributes);
      if (attributes === undefined)
        throw new WriteError('refused', `the attributes of ${user} can't be read`);
      const next = change(attributes);
      // A PATCH with the same body has the same effect however often it arrives.
      await write(options, () => users.update(user, { attributes: next }), [404], true);
    },
  };
}

const toUserCreate = ({ key, attributes }: NewUser): { key: string; attributes: object } => ({
  key,
  attributes,
});

function toAssignment({ user, grant }: Assignment): {
  user: UserKey;
  role: string;
  tenant: string;
  resource_instance?: string;
} {
  const { role, tenant, resource }: Grant = grant;
  return { user, role, tenant, ...(resource === undefined ? {} : { resource_instance: resource }) };
}

async function write(
  { sdk, stop, retry }: WriteOptions,
  ask: () => Promise<unknown>,
  conflicts: readonly number[],
  repeatable = false,
): Promise<unknown> {
  const attempt = async (): Promise<unknown> => {
    if (stop.signal.aborted) throw new WriteError('stopped', 'the run ended before it');
    await sdk.ready();
    return ask();
  };
  try {
    return await withRetry(attempt, { stop, repeatable, ...(retry ? { policy: retry } : {}) });
  } catch (error) {
    throw toWriteError(error, stop, conflicts);
  }
}

function toWriteError(error: unknown, stop: Stop, conflicts: readonly number[]): unknown {
  if (error instanceof HttpFailure) {
    const message = `Permit answered ${error.status ?? 'nothing'} to ${error.request}: ${error.reply}`;
    if (error.ambiguous) return new WriteError('ambiguous', message);
    // A key that was good at the start and is refused now will not be taken for the next item either.
    const keyRefused = error.status === 401 || error.status === 403;
    if (error.throttled || !error.sent || keyRefused) return new WriteError('unavailable', message);
    return new WriteError(
      conflicts.includes(error.status ?? 0) ? 'conflict' : 'refused',
      message,
      error.culprits,
    );
  }
  if (stop.signal.aborted && error === stop.signal.reason)
    return new WriteError('stopped', 'the run ended before it');
  return error instanceof SyncError && error.code === 'PERMIT_AUTH'
    ? new WriteError('unavailable', error.message)
    : error;
}
