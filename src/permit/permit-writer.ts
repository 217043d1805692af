import type { Grant } from '../model/grant.ts';
import type { UserKey } from '../model/identity.ts';
import { markAttributesOf, markKeysThatDiffer } from '../model/mark.ts';
import { type Assignment, type NewUser, type PermitWriter, WriteError } from '../model/ports.ts';
import type { Attributes, PermitUser } from '../model/user.ts';
import { parseAttributes, parseDone, parseUser } from './answers.ts';
import { undocumented } from './permit-failure.ts';
import { type RequestOptions, write } from './requests.ts';

/**
 * Permit's writes. A write that may have been worked off is never sent again from here: that is for the caller,
 * who reads first what Permit holds now.
 */
export function createPermitWriter(options: RequestOptions): PermitWriter {
  const { users, roleAssignments } = options.sdk.api;
  /** What is there, or gone, against expectation shows as one of these. */
  const create = (ask: () => Promise<unknown>): Promise<unknown> => write(options, ask, { conflicts: [409] });
  /** 404 as well: Permit may not know yet whom it has just been given. */
  const assign = (ask: () => Promise<unknown>): Promise<unknown> =>
    write(options, ask, { conflicts: [404, 409] });
  const remove = (ask: () => Promise<unknown>): Promise<unknown> =>
    write(options, ask, { conflicts: [404, 409] });
  /** A PATCH with the same body has the same effect however often it arrives, and so has a GET. */
  const again = { conflicts: [404], repeatable: true };
  return {
    createUsers: async (batch) => {
      await create(() => users.bulkUserCreate(batch.map(toUserCreate)));
    },
    createUser: async (user) => {
      const answer = await create(() => users.create(toUserCreate(user)));
      // By an older description Permit answers 200 with the user that is there already, whosever it is.
      const isOther = tellsAttributes(answer) && !hasMark(answer.attributes, user.attributes);
      if (isOther) throw new WriteError('conflict', `Permit has another user ${user.key} already`);
    },
    deleteUsers: async (batch) => {
      await remove(() => users.bulkUserDelete([...batch]));
    },
    deleteUser: async (user) => {
      await remove(() => users.delete(user));
    },
    assignRoles: async (batch) => {
      const answer = await assign(() => roleAssignments.bulkAssign(batch.map(toAssignment)));
      return { done: parseDone(answer, 'assignments_created') };
    },
    assignRole: async (assignment) => {
      await assign(() => roleAssignments.assign(toAssignment(assignment)));
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
      const now = await write(options, read, again);
      const next = { attributes: change(now.attributes), ...(email === undefined ? {} : { email }) };
      await write(options, () => users.update(user, next), again);
    },
  };
}

const tellsAttributes = (answer: unknown): answer is { readonly attributes: unknown } =>
  typeof answer === 'object' && answer !== null && 'attributes' in answer;

function hasMark(told: unknown, wanted: Attributes): boolean {
  const attributes = parseAttributes(told);
  return (
    attributes !== undefined &&
    markKeysThatDiffer(markAttributesOf(attributes), markAttributesOf(wanted)).length === 0
  );
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
